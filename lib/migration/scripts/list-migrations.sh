#!/bin/sh
# Writes down which migrations an image brings, for containers that cannot look into it. Needs no database. Plain POSIX
# sh: it runs in the app's image.
#
# Arguments
#   a command that prints the names of the migrations, one a line
#
# Environment
#   STATE_DIR        folder that the containers of the pod share                         (default: /mooring/state)
#   TERMINATION_LOG  file for the reason of a failure, if it can be written              (default: /dev/termination-log)
#
# Exit codes
#   0  STATE_DIR/listed holds the names
#   1  the command failed or printed nothing
set -u

STATE_DIR=${STATE_DIR:-/mooring/state}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}

fail() {
  printf 'list-migrations: %s\n' "$1" >&2
  if [ -w "$TERMINATION_LOG" ]; then
    printf '%s\n' "$1" >"$TERMINATION_LOG"
  fi
  exit 1
}

main() {
  code=0
  "$@" >"$STATE_DIR/listed.partial" 2>"$STATE_DIR/listed.messages" || code=$?
  if [ "$code" -ne 0 ]; then
    fail "the image's migrations cannot be listed, exit code $code: $(tail -n 5 "$STATE_DIR/listed.messages")"
  fi
  # Taken for a list, nothing would open the gate to every version; an empty line is nothing too.
  if ! grep -q . "$STATE_DIR/listed.partial"; then
    fail "the image has no migrations where they were looked for: $*"
  fi
  mv "$STATE_DIR/listed.partial" "$STATE_DIR/listed"
  printf 'list-migrations: %s in this image\n' "$(grep -c . "$STATE_DIR/listed")"
}

main "$@"
