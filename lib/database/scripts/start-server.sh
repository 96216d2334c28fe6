#!/usr/bin/env bash
#
# Starts the server as the one writer of its data directory: takes the lock and becomes
# the image's entry point, and then the server, with the lock's descriptor open. The
# lock ends with the last process of the server, however that ends.
#
# Arguments: the server's, -c NAME=VALUE...
#
# Environment:
#   PGDATA  path of the data directory, as it is mounted for the server
#   LOCK_FILE, LOCK_WAIT_SECONDS, POD_NAME, NODE_NAME  see lock.sh
#   VOLUME_ROOT, EXPORT_PATH, TERMINATION_LOG          see report.sh
#   and what the image's entry point reads
#
# Exit codes: 1 another one holds the lock, or there is no cluster; otherwise the server's own
set -Eeuo pipefail
# shellcheck source-path=SCRIPTDIR source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
# shellcheck source-path=SCRIPTDIR source=lock.sh
source "${BASH_SOURCE[0]%/*}/lock.sh"
: "${VOLUME_ROOT:?}" "${PGDATA:?}" "${LOCK_FILE:?}"

take_lock
# Else the entry point would make an empty cluster wherever PGDATA points.
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  refuse "no cluster in $PGDATA, although the init containers left one: check the mounts and PGDATA of this container"
fi
say "holds $LOCK_FILE, starting the server on $PGDATA"
exec docker-entrypoint.sh postgres "$@"
