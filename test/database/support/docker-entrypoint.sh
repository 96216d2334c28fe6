#!/usr/bin/env bash
# Stands in for the image's entry point where a cluster exists: it then only becomes
# the server. Without one it would initialise; here that is a mistake of the caller.
set -Eeuo pipefail
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  echo "stand-in entry point: no cluster in $PGDATA" >&2
  exit 3
fi
exec "$@"
