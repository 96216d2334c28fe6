#!/bin/sh
# Prints the revisions that Alembic knows, the newest ones with " (head)" behind them. Runs no env.py and needs no
# database, unless alembic.ini says revision_environment = true.
#
# Arguments
#   the command that starts alembic, such as: alembic -c db/alembic.ini
set -eu

# The revision file's own text follows indented, so it cannot look like one of these lines.
text=$("$@" history --verbose)
printf '%s\n' "$text" | sed -n -e 's/^Rev: \([^ ,]*\).*[( ]head).*/\1 (head)/p' -e t -e 's/^Rev: \([^ ,]*\).*/\1/p'
