#!/bin/sh
# Runs `goose up`, whose driver reads no PGOPTIONS: they stand in its connection string. Plain POSIX sh.
#
# Arguments
#   folder of the migrations, and the table of those that are applied
#
# Environment
#   PGOPTIONS  settings of the session; what else libpq's variables say goose's driver reads itself
set -u

# A quoted value of a connection string has \ before ' and \.
options=$(printf '%s\n' "${PGOPTIONS-}" | sed "s/['\\\\]/\\\\&/g")
exec goose -dir "$1" -table "$2" postgres "options='$options'" up
