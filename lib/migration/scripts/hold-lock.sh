#!/usr/bin/env bash
# Runs beside a migration, as a sidecar with PostgreSQL's client programs, and does for it what the app's image cannot:
# waits for the server, holds the lock that makes one migration run at a time, and looks whether there is anything to do.
#
# The lock lives in a session that is idle between two heartbeats: it ends with this container, at the latest 25 s after
# its node was lost. Whoever waits for it asks again and again, because a waiting statement would hold a snapshot, for
# which CREATE INDEX CONCURRENTLY waits.
#
# Environment
#   PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE   the server, as libpq reads them; a "-pooler" in Neon's way is left out
#   CONNECTION_STRING  the same in one, see connection-string.sh
#   MIGRATION_TABLE  where the migration tool records what it applied
#   STATE_DIR        folder with the list of the image's migrations, and for the verdict (default: /mooring/state)
#   SCRIPT_DIR       folder of missing.sql and migration-state.sql                       (default: folder of the script)
#   WAIT_SECONDS     how long to wait for a server that does not answer or is starting   (default: 120)
#   PEER_SECONDS     how long to wait for another migration                              (default: 300)
#   TMPDIR           folder for temporary files                                          (default: /tmp)
#
# Files in STATE_DIR
#   verdict  the first line is "run", "current" or "fail CODE"; a reason follows. CODE is an exit code of run-migration.sh
#   lost     is there when the lock was lost
set -Eeuo pipefail

PROGRAM=hold-lock
SCRIPT_DIR=${SCRIPT_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
STATE_DIR=${STATE_DIR:-/mooring/state}
WAIT_SECONDS=${WAIT_SECONDS:-120}
PEER_SECONDS=${PEER_SECONDS:-300}
export SCRIPT_DIR STATE_DIR PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=5 PGAPPNAME=migration-lock
# The server notices a lost node after 10 + 3 × 5 s.
export PGOPTIONS='-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c lock_timeout=3s -c statement_timeout=10s'
# shellcheck source=lib/migration/scripts/direct-host.sh
. "$SCRIPT_DIR/direct-host.sh"
# shellcheck source=lib/migration/scripts/connection-string.sh
. "$SCRIPT_DIR/connection-string.sh"
# shellcheck source=lib/migration/scripts/migration-common.sh
. "$SCRIPT_DIR/migration-common.sh"

# Hands a verdict to run-migration.sh.
decide() {
  printf '%s\n' "$@" >"$STATE_DIR/verdict.partial"
  mv "$STATE_DIR/verdict.partial" "$STATE_DIR/verdict"
  say "$@"
}

fail() {
  decide "fail $1" "$2"
  stay
}

# Waits to be ended with the pod; the kubelet would start a sidecar that ended again.
stay() {
  while true; do
    pause 60
  done
}

# Starts a session; its answers are read with `ask`.
connect() {
  # shellcheck disable=SC2034 # bash reads coprocess names as arrays
  coproc SESSION { database --file=- 2>"$messages"; }
  # bash forgets these numbers when psql ends.
  exec {to_session}>&"${SESSION[1]}" {from_session}<&"${SESSION[0]}"
}

# Sends a statement to the session and puts what it prints into $answer. Fails when the session has ended or is silent.
ask() {
  local line
  answer=
  { printf '%s\n\\echo :answered\n' "$1" >&"$to_session"; } 2>/dev/null || return 1
  while IFS= read -r -t 15 line <&"$from_session"; do
    [[ $line != :answered ]] || return 0
    answer+=$line$'\n'
  done
  return 1
}

# As `ask`, where no answer means that the migration cannot begin.
need() {
  local reason
  ask "$1" && return
  if is_passing "$messages"; then
    reason=$(<"$messages")
    fail 3 "$(server) ended the connection: ${reason:-it was silent for 15 s}"
  elif grep -q 'canceling statement due to' "$messages"; then
    fail 5 "the table $MIGRATION_TABLE is in use: $(<"$messages")"
  fi
  fail 4 "$(refusal "$messages")"
}

# Waits until a question is answered "t".
wait_until() {
  local question=$1 what=$2 limit=$((SECONDS + PEER_SECONDS)) said=-15
  while true; do
    need "$question"
    [[ $answer != t* ]] || return 0
    ((SECONDS < limit)) || fail 5 "$what; waited $PEER_SECONDS s"
    if ((SECONDS >= said + 15)); then
      say "waiting: $what, $((limit - SECONDS)) s left"
      said=$SECONDS
    fi
    pause "$PERIOD"
  done
}

main() {
  local problem problems messages=${TMPDIR:-/tmp}/hold-lock.messages answer server_state to_session from_session
  trap 'exit 0' INT TERM
  trap '' PIPE
  if [[ -e $STATE_DIR/verdict ]]; then
    say 'started again: the lock was lost with the container before'
    : >"$STATE_DIR/lost"
    stay
  fi
  use_connection_string || fail 2 "the connection string $problem"
  problems=$(environment_problems WAIT_SECONDS PEER_SECONDS)
  [[ -z $problems ]] || fail 2 "$problems"
  connect_directly PGHOST
  wait_for_server $((SECONDS + WAIT_SECONDS)) || fail 3 "$(server) $server_state; waited $WAIT_SECONDS s"
  connect
  wait_until "SELECT pg_try_advisory_lock(hashtextextended('mooring.migration', 0));" 'another migration runs in this database'
  # A statement of a migration that was killed goes on until the server notices.
  wait_until "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'migration-job' AND datname = current_database());" \
    'a session of an earlier migration is still there'
  need "\\i $SCRIPT_DIR/migration-state.sql"
  if [[ -z $answer ]]; then
    decide current 'every migration of this image is applied; nothing to do'
  else
    decide run "to be applied: $(paste -sd ' ' <<<"${answer%$'\n'}")"
  fi
  while ask 'SELECT 1;'; do
    pause "$PERIOD"
  done
  say "the lock was lost: $(<"$messages")"
  : >"$STATE_DIR/lost"
  stay
}

main "$@"
