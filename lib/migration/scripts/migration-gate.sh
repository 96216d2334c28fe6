#!/usr/bin/env bash
# Lets a pod start when every migration of its image is recorded as applied. Changes nothing: each of its transactions
# is read-only.
#
# Environment
#   PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE   the server, as libpq reads them; a "-pooler" in Neon's way is left out
#   CONNECTION_STRING  the same in one, see connection-string.sh
#   MIGRATION_TABLE  where the migration tool records what it applied
#   MIGRATION_JOB    label app.kubernetes.io/name of the Job that applies them, for the message
#   NAMESPACE        namespace of that Job, for the message
#   STATE_DIR        folder with the list of the image's migrations                      (default: /mooring/state)
#   SCRIPT_DIR       folder of missing.sql and migration-state.sql                       (default: folder of the script)
#   WAIT_SECONDS     how long to wait before the reason is given                         (default: 720)
#   TERMINATION_LOG  file for the reason of a failure, if it can be written              (default: /dev/termination-log)
#   TMPDIR           folder for temporary files                                          (default: /tmp)
#
# Exit codes
#   0  every migration of the image is applied
#   1  some are still missing after WAIT_SECONDS
#   2  this script was called wrongly
#   3  the server did not answer within WAIT_SECONDS
#   4  the server refuses the connection or the question
#   130, 143  ended by SIGINT, SIGTERM
set -Eeuo pipefail

PROGRAM=migration-gate
SCRIPT_DIR=${SCRIPT_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
STATE_DIR=${STATE_DIR:-/mooring/state}
WAIT_SECONDS=${WAIT_SECONDS:-720}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
export SCRIPT_DIR STATE_DIR PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=5 PGAPPNAME=migration-gate
export PGOPTIONS='-c default_transaction_read_only=on -c lock_timeout=3s -c statement_timeout=10s'
# shellcheck source=lib/migration/scripts/direct-host.sh
. "$SCRIPT_DIR/direct-host.sh"
# shellcheck source=lib/migration/scripts/connection-string.sh
. "$SCRIPT_DIR/connection-string.sh"
# shellcheck source=lib/migration/scripts/migration-common.sh
. "$SCRIPT_DIR/migration-common.sh"

# Ends with an exit code and a reason, which `kubectl describe pod` shows too.
fail() {
  printf '%s: %s\n' "$PROGRAM" "$2" >&2
  if [[ -w $TERMINATION_LOG ]]; then
    # kubelet reads 4096 bytes of it.
    printf '%s\n' "$2" | head -c 4096 >"$TERMINATION_LOG" || true
  fi
  exit "$1"
}

# Says which migrations are missing: how many of how many, and the first five.
describe() {
  local missing=$1 count first
  count=$(grep -c . <<<"$missing")
  first=$(head -n 5 <<<"$missing" | paste -sd ',')
  ((count <= 5)) || first+=,…
  printf '%s of %s migrations of this image are not applied: %s' "$count" "$(grep -c . "$STATE_DIR/listed")" "${first//,/, }"
}

main() {
  local begun problem problems limit missing said=-15 messages=${TMPDIR:-/tmp}/migration-gate.messages
  use_connection_string || fail 2 "the connection string $problem"
  problems=$(environment_problems WAIT_SECONDS)
  [[ -z $problems ]] || fail 2 "$problems"
  trap 'fail 130 "ended by a signal"' INT
  trap 'fail 143 "ended by a signal"' TERM
  connect_directly PGHOST
  begun=$SECONDS
  limit=$((begun + WAIT_SECONDS))
  while true; do
    wait_for_server "$limit" || fail 3 "$(server) $server_state; waited $WAIT_SECONDS s"
    if missing=$(database --file="$SCRIPT_DIR/migration-state.sql" 2>"$messages"); then
      [[ -n $missing ]] || break
      if ((SECONDS >= limit)); then
        fail 1 "$(describe "$missing"); waited $WAIT_SECONDS s; why: kubectl -n ${NAMESPACE:-default} describe pod -l app.kubernetes.io/name=${MIGRATION_JOB:-}"
      fi
      if ((SECONDS >= said + 15)); then
        say "waiting: $(describe "$missing"), $((limit - SECONDS)) s left"
        said=$SECONDS
      fi
    elif ! is_waiting "$messages"; then
      fail 4 "$(refusal "$messages")"
    elif ((SECONDS >= limit)); then
      fail 3 "$(server) is not ready: $(<"$messages"); waited $WAIT_SECONDS s"
    fi
    # A second here is a second of the release; after half a minute it hardly counts.
    if ((SECONDS < begun + 30)); then
      pause 0.2
    else
      pause "$PERIOD"
    fi
  done
  say "all $(grep -c . "$STATE_DIR/listed") migrations of this image are applied"
}

# Whether the question can be answered later: a migration may lock its tool's table, or make it between two statements.
is_waiting() {
  if grep -q FATAL "$1"; then
    is_passing "$1"
  else
    grep -qE 'lock timeout|statement timeout|does not exist' "$1" || is_passing "$1"
  fi
}

main "$@"
