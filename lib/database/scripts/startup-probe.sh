#!/usr/bin/env bash
#
# Startup probe: a server that answers is alive, also while it recovers and rejects
# connections (readiness asks for more). TCP, because the socket answers earlier.
#
# Environment:
#   PGPORT  default: 5432
#
# Exit codes: 0 accepting or rejecting connections, otherwise pg_isready's own (2 no answer)
set -Eeuo pipefail

pg_isready -q -h 127.0.0.1 || (($? == 1)) || exit 2
