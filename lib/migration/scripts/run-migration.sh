#!/bin/sh
# Runs a migration tool when hold-lock.sh says so, again while tables are in use, and says why it failed. Plain POSIX sh:
# it runs in the app's image.
#
# Arguments
#   the command that migrates
#
# Environment
#   CONNECTION_STRING  see connection-string.sh; in this and all other variables with a host or URL, a "-pooler" in
#                    Neon's way is left out
#   URL_PARAMETERS   added to PostgreSQL's URLs among them, for tools that read nothing else (default: none)
#   STATE_DIR        folder shared with hold-lock.sh                                     (default: /mooring/state)
#   LOCK_ATTEMPTS    how often to try again for locks, with growing pauses up to 15 s    (default: 8)
#   TERMINATION_LOG  file for the reason of a failure, if it can be written              (default: /dev/termination-log)
#   TMPDIR           folder for temporary files                                          (default: /tmp)
#
# Exit codes
#   0  every migration of the image is applied
#   1  the tool failed: the migration is bad
#   2  a script was called wrongly
#   3  the server did not answer
#   4  the server refuses the connection
#   5  a lock was not obtained: another migration ran, or the tables were in use
#   6  the connection to the server was lost meanwhile
#   130, 143  ended by SIGINT, SIGTERM
set -u

STATE_DIR=${STATE_DIR:-/mooring/state}
LOCK_ATTEMPTS=${LOCK_ATTEMPTS:-8}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
work=${TMPDIR:-/tmp}/migration.$$
tool=
# shellcheck source=lib/migration/scripts/direct-host.sh
. "${0%/*}/direct-host.sh"
# shellcheck source=lib/migration/scripts/connection-string.sh
. "${0%/*}/connection-string.sh"

say() {
  printf 'run-migration: %s\n' "$*"
}

# Ends with an exit code and a reason, which `kubectl describe pod` shows too.
fail() {
  trap '' INT TERM
  printf 'run-migration: %s\n' "$2" >&2
  if [ -w "$TERMINATION_LOG" ]; then
    # kubelet reads 4096 bytes of it.
    printf '%s\n' "$2" | head -c 4000 >"$TERMINATION_LOG"
  fi
  rm -rf "$work"
  exit "$1"
}

# The last lines that the tool printed, without passwords.
last_words() {
  tail -n 30 "$work/last" | tail -c 3000 |
    sed -e 's#://[^/ ]*@#://***@#g' -e "s#\([Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd] *= *\)''*[^']*''*#\1***#g" \
      -e 's#\([Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd] *= *\)[^ &]*#\1***#g'
}

await_verdict() {
  until [ -s "$STATE_DIR/verdict" ]; do
    sleep 0.2
  done
  {
    read -r verdict code || true
    reason=$(cat)
  } <"$STATE_DIR/verdict"
  case $verdict in
  run) say "$reason" ;;
  current)
    say "$reason"
    exit 0
    ;;
  *) fail "$code" "$reason" ;;
  esac
}

# Prints the names of the environment's variables; a line of a value that looks like another one does no harm.
variable_names() {
  env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'
}

# Adds URL_PARAMETERS to the URLs among the named variables.
add_url_parameters() {
  for name; do
    eval "value=\${$name-}"
    case $value in
    postgres*://*\?*) export "$name=$value&$URL_PARAMETERS" ;;
    postgres*://*) export "$name=$value?$URL_PARAMETERS" ;;
    esac
  done
}

end_tool() {
  if [ -n "$tool" ]; then
    # The tool may have started others.
    kill -s "$1" -- "-$tool" 2>/dev/null || kill -s "$1" "$tool" 2>/dev/null
  fi
}

# shellcheck disable=SC2317 # called by traps
interrupted() {
  end_tool TERM
  fail "$1" 'ended by a signal; the server rolls back what was not finished'
}

end_tool_without_lock() {
  # Not at once: the tool has to open its end of the FIFO, or those who read it would wait for ever.
  while sleep 1 && kill -0 "$tool" 2>/dev/null; do
    if [ -e "$STATE_DIR/lost" ]; then
      end_tool TERM
      # Its number may be another process' by then: only what is still there is killed.
      for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 1
        kill -0 "$tool" 2>/dev/null || return
      done
      end_tool KILL
      return
    fi
  done
}

# Runs the tool; its output goes to the log as it comes, and its end to $work/last.
run_tool() {
  rm -f "$work/out" "$work/kept"
  mkfifo "$work/out" "$work/kept"
  tail -c 65536 <"$work/kept" >"$work/last" &
  keeper=$!
  tee "$work/kept" <"$work/out" &
  copier=$!
  # With a process group of its own, all that it starts can be ended with it.
  $(command -v setsid) "$@" >"$work/out" 2>&1 &
  tool=$!
  end_tool_without_lock >/dev/null 2>&1 &
  watcher=$!
  code=0
  wait "$tool" || code=$?
  # What it left behind would have ended with the container, and holds the FIFO open.
  kill -s KILL -- "-$tool" 2>/dev/null
  tool=
  kill "$watcher" 2>/dev/null
  wait "$copier" "$keeper"
}

pause_before_attempt() {
  case $1 in
  1) sleep 1 ;;
  2) sleep 2 ;;
  3) sleep 4 ;;
  4) sleep 8 ;;
  *) sleep 15 ;;
  esac
}

# Whether hold-lock.sh finds within 5 s that the server is gone: then the migration need not be bad.
lost_connection() {
  for _ in 1 2 3 4 5; do
    if [ -e "$STATE_DIR/lost" ]; then
      return 0
    fi
    sleep 1
  done
  return 1
}

main() {
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  mkdir -p "$work" || fail 2 "$work cannot be made: mount a writable folder there"
  await_verdict
  # A backup may have been made since.
  if [ -e "$STATE_DIR/lost" ]; then
    fail 6 'the connection to the server was lost before the migration began'
  fi
  use_connection_string || fail 2 "the connection string $problem"
  # shellcheck disable=SC2046 # names of variables, a line each
  {
    connect_directly $(variable_names)
    if [ -n "${URL_PARAMETERS-}" ]; then
      add_url_parameters $(variable_names)
    fi
  }
  if [ ! -w "${HOME:-/}" ]; then
    export HOME="$work"
  fi
  attempt=1
  while true; do
    # The lock may have been lost while this script paused, and another migration may have it.
    if [ "$attempt" -gt 1 ] && [ -e "$STATE_DIR/lost" ]; then
      fail 6 "the connection to the server was lost: $(last_words)"
    fi
    run_tool "$@"
    if [ "$code" -eq 0 ]; then
      rm -rf "$work"
      exit 0
    fi
    # What may have done a part of its work would do it a second time.
    if ! grep -qE 'lock timeout|55P03|deadlock detected|40P01' "$work/last" ||
      grep -q 'may be applied in part' "$work/last"; then
      break
    fi
    if [ "$attempt" -ge "$LOCK_ATTEMPTS" ]; then
      fail 5 "the tables were in use at each of $LOCK_ATTEMPTS attempts, e.g. by a dump: $(last_words)"
    fi
    say "attempt $attempt of $LOCK_ATTEMPTS found a table in use"
    pause_before_attempt "$attempt"
    attempt=$((attempt + 1))
  done
  if lost_connection; then
    fail 6 "the connection to the server was lost: $(last_words)"
  fi
  fail 1 "the migration failed with exit code $code: $(last_words)"
}

main "$@"
