# shellcheck shell=bash
# Sourced by migration-gate.sh and hold-lock.sh: what both do with the server. Needs `fail CODE REASON` and PROGRAM.

# Seconds between two looks at the server.
readonly PERIOD=1

say() {
  printf '%s: %s\n' "$PROGRAM" "$*"
}

server() {
  printf '%s' "${PGHOST-}:${PGPORT:-5432}"
}

# Prints what is wrong with this script's environment, a line each.
environment_problems() {
  local name
  for name in PGHOST PGUSER PGDATABASE MIGRATION_TABLE; do
    [[ -n ${!name:-} ]] || printf '%s is not set\n' "$name"
  done
  for name in "$@"; do
    [[ ${!name} =~ ^[0-9]+$ ]] || printf '%s is "%s", write a whole number\n' "$name" "${!name}"
  done
  for name in "$STATE_DIR/listed" "$SCRIPT_DIR/migration-state.sql" "$SCRIPT_DIR/missing.sql"; do
    [[ -r $name ]] || printf '%s cannot be read\n' "$name"
  done
}

# Sleeps so that a signal is answered at once: bash would otherwise wait for the end of sleep.
pause() {
  sleep "$1" &
  wait "$!"
}

# Waits until the server takes connections or SECONDS reaches a limit, with the reason in $server_state then.
wait_for_server() {
  local limit=$1 status said=-15
  while true; do
    status=0
    pg_isready -q -t 3 || status=$?
    case $status in
    0) return ;;
    1) server_state='is starting up or recovering' ;;
    2) server_state='does not answer' ;;
    *) server_state='is no valid address' ;;
    esac
    ((SECONDS < limit)) || return 1
    if ((SECONDS >= said + 15)); then
      say "waiting: $(server) $server_state, $((limit - SECONDS)) s left"
      said=$SECONDS
    fi
    pause "$PERIOD"
  done
}

# Whether a refused connection, with psql's messages in a file, can succeed later: the server or the network was gone for
# a moment, though it is back by now, or nobody said anything. What else a ready server refuses, it will refuse again.
is_passing() {
  ! pg_isready -q -t 3 || [[ ! -s $1 ]] ||
    grep -qE 'timeout expired|Connection (refused|reset|timed out)|No route to host|unreachable|could not translate host name|could not (receive|send) data|SSL SYSCALL|could not be read to its end' "$1" ||
    grep -qE 'too many (clients|connections)|connection slots|starting up|shutting down|recovery|administrator command|server closed the connection|connection to server was lost' "$1"
}

# Says what a ready server refused, from psql's messages in a file.
refusal() {
  printf '%s refuses user "%s", database "%s": %s' "$(server)" "$PGUSER" "$PGDATABASE" "$(<"$1")"
  if grep -q 'unsupported startup parameter' "$1"; then
    printf ': a connection pooler answers there; name the server behind it'
  fi
}

# Runs psql without prompts and start-up files. It is told how long the list of migrations is, which it reads itself.
database() {
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 \
    --set=listed_lines="$(grep -c . "$STATE_DIR/listed")" "$@"
}
