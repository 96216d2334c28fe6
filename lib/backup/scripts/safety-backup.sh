#!/usr/bin/env bash
#
# Makes a backup before something is changed: removes no old one, and waits for a backup that is running, because that
# one may show what was before.
#
# Runs where backup.sh does, beside the same files.
#
# Environment:
#   BACKUP_WAIT_SECONDS  how long to wait for a backup that is running [900]
#   and those of backup.sh, but not BACKUP_KIND and PRUNE
#
# Exit codes:
#   0  the backup is published
#   14  a backup was still running after BACKUP_WAIT_SECONDS
#   and those of backup.sh
set -Eeuo pipefail

TASK='safety backup'
here=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR
. "$here/common.sh"

BACKUP_WAIT_SECONDS=${BACKUP_WAIT_SECONDS:-900}

main() {
  local status first begun
  begin_run safety
  make_scratch || fail 3 "$problem"
  RUN_DIR=${RUN_DIR:-$scratch}
  read_ticks
  begun=$ticks
  while true; do
    status=0
    BACKUP_KIND=safety PRUNE=no RUN_DIR=$RUN_DIR attended bash "$here/backup.sh" || status=$?
    # It has told why.
    ((status == 0)) || exit "$status"
    IFS= read -r first <"$RUN_DIR/dump.result" || first=
    [[ $first != ok ]] || break
    read_ticks
    if ((ticks - begun > BACKUP_WAIT_SECONDS * 100)); then
      fail 14 "$(reason_of dump); waited $BACKUP_WAIT_SECONDS s"
    fi
    pause 5
  done
}

main
