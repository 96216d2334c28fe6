#!/bin/sh
# Runs a command before a migration, when there is one to come: hold-lock.sh has the lock and found something to do.
# Otherwise does nothing; run-migration.sh tells why. Plain POSIX sh.
#
# Arguments
#   the command
#
# Environment
#   STATE_DIR  folder shared with hold-lock.sh                                           (default: /mooring/state)
#
# Exit codes
#   0  nothing is to be migrated
#   143  ended by SIGTERM
#   any other is the command's
set -u

STATE_DIR=${STATE_DIR:-/mooring/state}
trap 'exit 143' TERM
until [ -s "$STATE_DIR/verdict" ]; do
  sleep 0.2
done
read -r verdict <"$STATE_DIR/verdict"
if [ "$verdict" = run ]; then
  exec "$@"
fi
echo "before-migration: nothing is to be migrated: $verdict"
