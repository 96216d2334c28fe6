#!/bin/sh
#
# Does on an S3 store what another container of the pod needs done there: that one has the postgres image, without rclone.
#
#   store.sh                  does what the container LEADER asks for, until that one ends
#   store.sh COMMAND          does one thing and ends
#
# Commands:
#   sidecars [N]     brings the newest N sidecars [1]; none is well, too
#   newest           brings the newest backup
#   backup NAME      brings the named backup
#   listing          brings all sidecars, the reason why pruning is frozen, and `store.files`: size and name of each file
#   files NAME…      brings files as they are
#   put NAME         copies a file from BACKUP_DIR to the store
#   remove NAME…     removes files from the store, in this order; the rest stays when one cannot be removed
#   unfreeze         lets backups on the store be removed again after a sudden drop
#
# LEADER asks with files RUN_DIR/store.request-1, -2 …, each one line with a command; for each that is done there is
# RUN_DIR/store.answer-1, -2 …. The first that cannot be done ends the script, and the reason is its result.
#
# Runs in the official rclone image, beside the files that it reads.
#
# Environment:
#   FILE_PREFIX               required: backups are <prefix>_YYYYMMDD_HHMMSS, as backup.sh names them
#   S3_ENDPOINT S3_BUCKET S3_PREFIX S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY  required: the store, and the folder in it
#   S3_REGION                 [us-east-1]
#   RCLONE_CONFIG_TARGET_PROVIDER RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE  as rclone defines them [Other, true]
#   BACKUP_DIR                folder that gets the files [/backups]
#   PREVIOUS_METADATA         file that gets the newest of the sidecars as well [none]
#   LEADER                    container of the pod that asks; required without a command
#   RUN_DIR                   folder that the containers of the pod share; required without a command
#   RETRY_SECONDS             pause before a step is tried again, three times at most [5]
#   TERMINATION_LOG           gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Exit codes:
#   0  it is done; or nobody asks any more
#   1  something that was not foreseen
#   2  a setting or a command is missing or wrong
#   3  the folder cannot be written to
#   4  the store cannot be reached or refuses
#   5  a file is not what its sidecar says
#   6  there is no such backup or file on the store
#   128 + n  stopped by signal n (143: SIGTERM, a deadline or a deleted pod)
set -eu

TASK=store
here=$(dirname -- "$0")
# shellcheck source-path=SCRIPTDIR
. "$here/run.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/rclone.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/bring.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}

# check_command WORD…
check_command() {
  case ${1-}:${2-} in
    sidecars:*[!0-9]* | sidecars:0* | sidecars:?????*) problem "\"$2\" must be a whole number from 1 to 9999" ;;
    sidecars:* | newest: | listing: | unfreeze:) ;;
    backup:?*)
      if [ -z "$(printf '%s\n' "$2" | stamps_with '')" ]; then
        problem "\"$2\" is not the name of a backup; it is ${FILE_PREFIX-}_ and its time, YYYYMMDD_HHMMSS"
      fi
      ;;
    files:?* | put:?* | remove:?*)
      shift
      for name; do
        case $name in
          */* | *..*) problem "\"$name\" is not the name of a file" ;;
          "$FILE_PREFIX"_*) ;;
          *) problem "\"$name\" is not a file of $FILE_PREFIX" ;;
        esac
      done
      ;;
    *) problem "\"$*\" is not a command; give sidecars, newest, backup, listing, files, put, remove or unfreeze" ;;
  esac
}

# do_command WORD…
do_command() {
  command=$1
  shift
  case $command in
    sidecars)
      list_store
      fetch_sidecars "${1:-1}"
      ;;
    newest)
      list_store
      fetch_newest
      ;;
    backup)
      list_store
      fetch_backup "$1"
      ;;
    listing) fetch_listing ;;
    files) fetch_files "$@" ;;
    put) put_file "$1" ;;
    remove) remove_files "$@" ;;
    unfreeze) unfreeze ;;
  esac
}

put_file() {
  sum=$(sha256sum <"$BACKUP_DIR/$1") || fail 3 "$BACKUP_DIR/$1 cannot be read"
  put "$BACKUP_DIR/$1" "$1" "${sum%% *}"
}

remove_files() {
  not_removed=
  for name; do
    remove "$name"
    [ -z "$not_removed" ] || fail 4 "not everything could be removed from $place: $not_removed"
  done
}

# Does what the leader asks for, until it has ended: then nobody waits for more.
serve() {
  make_fifo "$LEADER"
  (
    exec 8>&- 9>&- 7<"$RUN_DIR/$LEADER.alive"
    read -r _ <&7 || true
    : >"$scratch/leader-gone"
  ) >/dev/null 2>&1 &
  reader=$!
  number=1
  until [ -e "$scratch/leader-gone" ] || [ -e "$RUN_DIR/$LEADER.result" ]; do
    if [ -e "$RUN_DIR/store.request-$number" ]; then
      read -r words <"$RUN_DIR/store.request-$number"
      # Names of ours have no blanks.
      # shellcheck disable=SC2086
      set -- $words
      check_command "$@"
      refuse_problems
      do_command "$@"
      : >"$RUN_DIR/store.answer-$number"
      number=$((number + 1))
    else
      attended sleep 0.5
    fi
  done
  stop_reader
}

begin
check_prefix
check_store
FILE_PREFIX=${FILE_PREFIX-}
if [ "$#" -gt 0 ]; then
  check_command "$@"
elif [ -z "${LEADER-}" ] || [ -z "${RUN_DIR-}" ]; then
  problem 'there is no command, and LEADER and RUN_DIR do not say who asks for one'
fi
refuse_problems
{ [ -d "$BACKUP_DIR" ] && [ -w "$BACKUP_DIR" ]; } || fail 3 "$BACKUP_DIR is not a folder that uid $(id -u) can write to"
if [ "$#" -gt 0 ]; then
  do_command "$@"
else
  serve
fi
finish ok
