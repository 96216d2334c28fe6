#!/bin/sh
#
# Copies a program out of this container's image to where another container of the pod finds it, and says when it is there.
#
#   provide.sh NAME PROGRAM FOLDER    copies PROGRAM to FOLDER/NAME; the result is RUN_DIR/NAME.result
#
# Runs in any image that has `sh`, `cp` and `mv`.
#
# Environment:
#   RUN_DIR   required: folder that the containers of the pod share
#
# Exit codes:
#   0  the program is there
#   1  it cannot be copied
#   2  called wrongly
set -eu

# finish ok|failed [LINE]
finish() {
  printf '%s\n' "$@" >"$RUN_DIR/.$name.result.partial"
  mv -f "$RUN_DIR/.$name.result.partial" "$RUN_DIR/$name.result"
}

if [ "$#" -ne 3 ] || [ -z "${RUN_DIR-}" ]; then
  echo 'provide failed: give a name, a program and a folder, and set RUN_DIR' >&2
  exit 2
fi
name=$1
umask 022
# The name means that all of it is there.
if said=$({ cp "$2" "$3/.$name.partial" && mv -f "$3/.$name.partial" "$3/$name"; } 2>&1); then
  finish ok
else
  printf 'provide failed: %s\n' "$said" >&2
  finish failed "Reason: $2 cannot be copied: $said"
  exit 1
fi
