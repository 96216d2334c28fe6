#!/usr/bin/env bash
# Brings a database to the state that a schema file declares, before an app starts.
#
# When every declared object is there and the file has been applied as it is, nothing but the catalog is read: no lock
# on any table is waited for, so that a pod can start while a dump runs. Otherwise the file runs in one transaction, in
# one pod at a time, and is applied in full or not at all. Statements that would do nothing are left out of it. Names
# without a schema mean the schema public, whatever search_path the role or database has.
#
# Environment
#   PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE   the server, as libpq reads them
#   SCHEMA_DIR       folder of schema.sql, declared.jsonl and this script's .sql files   (default: folder of the script)
#   SYNC_NAME        whose schema file this is, when several share a database            (default: schema.sql)
#   WAIT_SECONDS     how long to wait for a server that does not answer or is starting   (default: 300)
#   LOCK_TIMEOUT     how long one lock may make other sessions wait, with its unit       (default: 3s)
#   LOCK_ATTEMPTS    how often to try again for locks, with growing pauses up to 15 s    (default: 8)
#   PEER_TIMEOUT     how long to wait for another pod that applies the file, with unit   (default: 10min)
#   TERMINATION_LOG  file for the reason of a failure, if it can be written              (default: /dev/termination-log)
#   TMPDIR           folder for temporary files                                          (default: /tmp)
#
# Exit codes
#   0  everything that the file declares is there
#   1  something is still missing after the file ran; nothing was changed
#   2  this script was called wrongly
#   3  the server did not answer within WAIT_SECONDS
#   4  the server refuses the connection: password, user, database, pg_hba.conf
#   5  a statement failed; nothing was changed
#   6  a lock was not obtained; nothing was changed
#   130, 143  ended by SIGINT, SIGTERM
set -Eeuo pipefail

SCHEMA_DIR=${SCHEMA_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
SYNC_NAME=${SYNC_NAME:-schema.sql}
WAIT_SECONDS=${WAIT_SECONDS:-300}
LOCK_TIMEOUT=${LOCK_TIMEOUT:-3s}
LOCK_ATTEMPTS=${LOCK_ATTEMPTS:-8}
PEER_TIMEOUT=${PEER_TIMEOUT:-10min}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
# File names and statements are UTF-8, whatever the image's locale is.
export PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-5} PGAPPNAME=${PGAPPNAME:-schema-sync} SCHEMA_DIR

work=
child=

say() {
  printf 'schema-sync: %s\n' "$*"
}

# Ends with an exit code and a reason, which `kubectl describe pod` shows too.
fail() {
  local code=$1 reason=$2
  printf 'schema-sync: %s\n' "$reason" >&2
  if [[ -w $TERMINATION_LOG ]]; then
    # kubelet reads 4096 bytes of it.
    printf '%s\n' "$reason" | head -c 4096 >"$TERMINATION_LOG" || true
  fi
  exit "$code"
}

# Runs a command so that a signal is answered at once: bash as process 1 would otherwise wait for the command's end.
interruptible() {
  local code=0
  "$@" &
  child=$!
  wait "$child" || code=$?
  child=
  return "$code"
}

# psql turns SIGINT into a cancel request, so the server rolls back before this script is gone. Not while it connects,
# and sleep ignores it: SIGTERM follows.
interrupted() {
  local tries
  trap - INT TERM
  if [[ -n $child ]]; then
    kill -INT "$child" 2>/dev/null || true
    for ((tries = 0; tries < 20; tries++)); do
      kill -0 "$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -TERM "$child" 2>/dev/null || true
  fi
  fail "$1" 'ended by a signal; what was not finished is rolled back'
}

clean_up() {
  if [[ -n $work ]]; then
    rm -rf "$work"
  fi
}

check_settings() {
  local name problems=()
  for name in PGHOST PGUSER PGDATABASE; do
    [[ -n ${!name:-} ]] || problems+=("$name is not set")
  done
  for name in WAIT_SECONDS LOCK_ATTEMPTS; do
    [[ ${!name} =~ ^[0-9]+$ ]] || problems+=("$name is \"${!name}\", write a whole number")
  done
  for name in LOCK_TIMEOUT PEER_TIMEOUT; do
    [[ ${!name} =~ ^[1-9][0-9]*(ms|s|min)$ ]] || problems+=("$name is \"${!name}\", write a number with ms, s or min")
  done
  for name in schema.sql declared.jsonl schema-sync-apply.sql schema-sync-check.sql; do
    [[ -r $SCHEMA_DIR/$name ]] || problems+=("$SCHEMA_DIR/$name cannot be read")
  done
  if ((${#problems[@]} > 0)); then
    fail 2 "$(printf '%s\n' "${problems[@]}")"
  fi
}

# The kubelet changes a ConfigMap's files while this script waits: all that it does is of the files that it found. They
# lie in a folder of their own, to which links lead, and the folder of an older version is removed.
keep_files() {
  local folder tries
  for tries in 1 2 3; do
    folder=$(dirname "$(readlink -f "$SCHEMA_DIR/schema.sql")")
    if cp "$folder"/{schema.sql,declared.jsonl,schema-sync-apply.sql,schema-sync-check.sql} "$work/files" 2>"$work/messages"; then
      SCHEMA_DIR=$work/files
      return
    fi
  done
  fail 2 "$SCHEMA_DIR cannot be copied to $work after $tries tries: $(<"$work/messages")"
}

server() {
  printf '%s' "$PGHOST:${PGPORT:-5432}"
}

# Waits until the server takes connections. While it starts or recovers from a crash it answers "rejecting": alive.
wait_for_server() {
  local status said=-5 why
  while true; do
    status=0
    pg_isready -q -t 3 || status=$?
    case $status in
    0) return ;;
    1) why='is starting up or recovering' ;;
    2) why='does not answer' ;;
    *) fail 2 "PGHOST, PGPORT or PGDATABASE is not valid: $(server)" ;;
    esac
    if ((SECONDS >= deadline)); then
      fail 3 "$(server) $why; waited $WAIT_SECONDS s"
    fi
    if ((SECONDS >= said + 5)); then
      say "waiting: $(server) $why, $((deadline - SECONDS)) s left"
      said=$SECONDS
    fi
    interruptible sleep 0.5
  done
}

# Runs the comparison and, where needed, the file; the outcome is the last word on standard output.
apply() {
  interruptible psql --no-psqlrc --no-password --quiet --no-align --tuples-only \
    --set=ON_ERROR_STOP=1 --set=VERBOSITY=verbose \
    --set=name="$SYNC_NAME" --set=sha256="$sha256" --set=work="$work" \
    --set=lock_timeout="$LOCK_TIMEOUT" --set=peer_timeout="$PEER_TIMEOUT" \
    --file="$SCHEMA_DIR/schema-sync-apply.sql" >"$work/outcome" 2>"$work/messages"
}

# What psql and the server said, with file names as people know them and without the server's own source lines.
messages() {
  sed -E -e "s#^psql:$SCHEMA_DIR/#psql:#" -e "s#^psql:$work/#psql:#" -e '/^LOCATION: /d' \
    -e 's/^(psql:[^ ]+ [^ ]+ +)[0-9A-Z]{5}: /\1/' "$work/messages"
}

# SQLSTATE of the error that ended psql.
sqlstate() {
  sed -nE 's/^psql:[^ ]+ [^ ]+ +([0-9A-Z]{5}): .*/\1/p' "$work/messages" | tail -n 1
}

# What the file takes for granted but existing tables lack: most likely why a statement failed.
lacking() {
  if grep -qs . "$work/lacking"; then
    printf '\nCREATE … IF NOT EXISTS does not change what exists:\n%s' "$(<"$work/lacking")"
  fi
}

# Whether a failed connection can succeed later. Everything else that a ready server refuses, it will refuse again.
is_passing() {
  ! pg_isready -q -t 3 ||
    grep -qE 'too many (clients|connections)|connection slots|starting up|shutting down|recovery|administrator command|server closed the connection|connection to server was lost' "$work/messages"
}

# Sessions whose transaction is older than the wait for the lock: most likely one of them holds it.
holders() {
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --field-separator=' ' --command="
    SELECT 'pid ' || pid, coalesce(nullif(application_name, ''), 'unnamed'), 'of ' || usename, 'since ' || xact_start::timestamptz(0)
    FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
      AND xact_start < pg_catalog.now() - '$LOCK_TIMEOUT'::interval
    ORDER BY xact_start LIMIT 5" 2>/dev/null | paste -sd ';' || true
}

pause_before_attempt() {
  local seconds=$((1 << ($1 < 5 ? $1 - 1 : 4)))
  ((seconds <= 15)) || seconds=15
  # Pods that started together shall not ask together again.
  interruptible sleep "$seconds.$((RANDOM % 10))"
}

handle_lock_failure() {
  local attempt=$1 open
  if grep -q '^psql:.*/schema-sync-apply.sql:.* 55P03: ' "$work/messages"; then
    fail 6 "another pod is still applying $SYNC_NAME after $PEER_TIMEOUT; nothing was changed"
  fi
  say "$(messages)"
  open=$(holders)
  say "attempt $attempt of $LOCK_ATTEMPTS waited $LOCK_TIMEOUT in vain; open transactions: ${open:-none that $PGUSER may see}"
  if ((attempt >= LOCK_ATTEMPTS)); then
    fail 6 "the tables were in use at each of $LOCK_ATTEMPTS attempts, e.g. by a dump; nothing was changed: $(messages)"
  fi
  pause_before_attempt "$attempt"
}

main() {
  local attempt=1 code sha256 deadline
  check_settings
  deadline=$((SECONDS + WAIT_SECONDS))
  trap clean_up EXIT
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  work=$(mktemp -d)
  export WORK_DIR=$work
  mkdir "$work/files"
  keep_files
  sha256=$(sha256sum <"$SCHEMA_DIR/schema.sql")
  sha256=${sha256%% *}
  while true; do
    wait_for_server
    code=0
    apply || code=$?
    case $code in
    0) break ;;
    2)
      if ! is_passing; then
        fail 4 "$(server) refuses user \"$PGUSER\" for database \"$PGDATABASE\": $(messages)"
      fi
      ((SECONDS < deadline)) || fail 3 "$(server) is not ready: $(messages); waited $WAIT_SECONDS s"
      say "$(messages)"
      interruptible sleep 1
      ;;
    *)
      case $(sqlstate) in
      55P03 | 40P01 | 40001)
        handle_lock_failure "$attempt"
        attempt=$((attempt + 1))
        ;;
      *) fail 5 "a statement failed; nothing was changed: $(messages)$(lacking)" ;;
      esac
      ;;
    esac
  done
  case $(<"$work/outcome") in
  current) say "$SYNC_NAME is in force (sha256 $sha256)" ;;
  applied) say "$SYNC_NAME was applied (sha256 $sha256)" ;;
  *) fail 1 "still missing after $SYNC_NAME ran; nothing was changed:"$'\n'"$(<"$work/missing")" ;;
  esac
}

main "$@"
