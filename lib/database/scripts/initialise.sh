#!/usr/bin/env bash
#
# Makes the cluster, once. It is made beside the data directory and renamed into it
# when it is complete: a first start that is killed half-way leaves nothing in the
# data directory, and what it left is known to have never been served, so the next
# start removes it and begins again. (The image's entry point initialises in place:
# killed half-way it finds PG_VERSION next time and skips what was not done.)
#
# initdb comes from the image; its folder /docker-entrypoint-initdb.d is not read.
# The superuser gets a password that nobody knows; apply-password.sh sets the real one.
#
# Environment:
#   PGDATA         path of the data directory below VOLUME_ROOT
#   NEW_PGDATA     where to make it, in the volume's root
#   POSTGRES_USER  superuser of the new cluster
#   POSTGRES_DB    database to create
#   POSTGRES_INITDB_ARGS  more words for initdb, separated by spaces; default: none
#   LANG           locale of the cluster, as in the image
#   LOCK_FILE, LOCK_WAIT_SECONDS, POD_NAME, NODE_NAME  see lock.sh
#   VOLUME_ROOT, EXPORT_PATH, TERMINATION_LOG          see report.sh
#
# Exit codes: 0 there is a cluster, 1 refused with the reason and the way out
set -Eeuo pipefail
# shellcheck source-path=SCRIPTDIR source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
# shellcheck source-path=SCRIPTDIR source=lock.sh
source "${BASH_SOURCE[0]%/*}/lock.sh"
: "${VOLUME_ROOT:?}" "${PGDATA:?}" "${NEW_PGDATA:?}" "${LOCK_FILE:?}"

take_lock
if [[ -s $PGDATA/PG_VERSION ]]; then
  say "$PGDATA holds a cluster, nothing to initialise"
  exit
fi
if [[ -z ${POSTGRES_USER:-} || -z ${POSTGRES_DB:-} ]]; then
  refuse 'POSTGRES_USER or POSTGRES_DB is empty; give both in the Secret'
fi
if [[ $POSTGRES_USER == *[\"\$\'\\]* || $POSTGRES_USER == pg_* ]]; then
  refuse "POSTGRES_USER \"$POSTGRES_USER\" cannot be a superuser's name: no quotes, \$ or backslash, and not pg_ at its begin"
fi
if [[ -e $NEW_PGDATA ]]; then
  say "removing $NEW_PGDATA, which a killed first start left; it was never served"
  rm -rf -- "$NEW_PGDATA"
fi

# Local sockets are trusted, as in the image: only the pod's own user reaches them (kubectl exec).
read -ra more <<<"${POSTGRES_INITDB_ARGS:-}"
initdb -D "$NEW_PGDATA" --username="$POSTGRES_USER" --pwfile=<(head -c 24 /dev/urandom | base64) \
  --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --data-checksums "${more[@]}"
printf '\nhost all all all scram-sha-256\n' >>"$NEW_PGDATA/pg_hba.conf"

if [[ $POSTGRES_DB != postgres && $POSTGRES_DB != template1 ]]; then
  postgres --single -D "$NEW_PGDATA" -c exit_on_error=on postgres >/dev/null \
    <<<"CREATE DATABASE \"${POSTGRES_DB//\"/\"\"}\";"
fi

sync "$NEW_PGDATA/pg_hba.conf" "$NEW_PGDATA"
mkdir -p -- "${PGDATA%/*}"
# Over an empty directory rename(2) is still one step; a directory with entries is refused.
mv -T -- "$NEW_PGDATA" "$PGDATA"
sync "${PGDATA%/*}" "$VOLUME_ROOT"
say "made a cluster with database $POSTGRES_DB and superuser $POSTGRES_USER in $PGDATA"
