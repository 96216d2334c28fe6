#!/bin/sh
#
# Brings backups from an S3 store to a folder. A file gets its name there only when it is what its sidecar says; the
# sidecar comes last.
#
#   fetch.sh sidecars [N]     the newest N sidecars [1]; none is well, too
#   fetch.sh newest           the newest backup
#   fetch.sh backup NAME      the named backup
#
# Runs in the official rclone image; rclone.sh, retention.sh and metadata.sh lie in the same folder.
#
# Environment:
#   FILE_PREFIX               required: backups are <prefix>_YYYYMMDD_HHMMSS, as backup.sh names them
#   S3_ENDPOINT S3_BUCKET S3_PREFIX S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY  required: the store, and the folder in it
#   S3_REGION                 [us-east-1]
#   RCLONE_CONFIG_TARGET_PROVIDER RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE  as rclone defines them [Other, true]
#   BACKUP_DIR                folder that gets the files [/backups]
#   PREVIOUS_METADATA         file that gets the newest of the sidecars as well [none]
#   RETRY_SECONDS             pause before a step is tried again, three times at most [5]
#   TERMINATION_LOG           gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Exit codes:
#   0  the files are there
#   1  something that was not foreseen
#   2  a setting is missing or wrong
#   3  the folder cannot be written to
#   4  the store cannot be reached or refuses
#   5  a file on the store is not what its sidecar says
#   6  there is no such backup on the store
#   128 + n  stopped by signal n (143: SIGTERM, a deadline or a deleted pod)
set -eu

TASK=fetch
here=$(dirname -- "$0")
# shellcheck source-path=SCRIPTDIR
. "$here/rclone.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}
# The temporary name is this script's own; rclone needs no second one.
export RCLONE_INPLACE=true

# bring NAME: sets `brought`, a temporary file with what the store has under the name.
bring() {
  bring_dir=$BACKUP_DIR
  brought=$BACKUP_DIR/.$1.$run.partial
  ask copyto "$STORE/$1" "$brought" || fail 4 "cannot bring $1 from $place to $BACKUP_DIR: $(why)"
  # rclone calls a missing file a success.
  [ -f "$brought" ] || fail 6 "$place has no $1"
}

# bring_sidecar NAME: sets `sidecar`, a temporary file.
bring_sidecar() {
  bring "$1.meta.json"
  sidecar=$brought
  is_sidecar_of "$1" || fail 5 "$1.meta.json in $place is not a complete sidecar of that backup"
}

is_sidecar_of() {
  metadata_complete "$sidecar" && [ "$(metadata_value "$sidecar" name)" = "$1" ]
}

# is_here NAME SHA256: whether the folder has that file already. Another one of that name is never replaced.
is_here() {
  [ -e "$BACKUP_DIR/$1" ] || return 1
  [ "$(sha256sum <"$BACKUP_DIR/$1")" = "$2  -" ] ||
    fail 5 "$BACKUP_DIR/$1 is there already with other content; nothing was overwritten, move it away"
}

# bring_part KEY_OF_NAME KEY_OF_SHA256: a file that the sidecar names, checked but still under its temporary name.
bring_part() {
  part=$(metadata_value "$sidecar" "$1" || true)
  sum=$(metadata_value "$sidecar" "$2" || true)
  case $part in
    '') return 0 ;;
    */*) fail 5 "$backup.meta.json in $place names \"$part\", which is not a file beside it" ;;
    "$backup".*) ;;
    *) fail 5 "$backup.meta.json in $place names \"$part\", which is a file of another backup" ;;
  esac
  if is_here "$part" "$sum"; then
    return 0
  fi
  bring "$part"
  [ "$(sha256sum <"$brought")" = "$sum  -" ] || fail 5 "$part from $place does not have the sha256 of its sidecar"
  parts="$parts $part"
}

fetch_backup() {
  backup=$1 parts=
  bring_sidecar "$backup"
  bring_part rolesFile rolesSha256
  bring_part file sha256
  # Names of ours have no blanks.
  for part in $parts "$backup.meta.json"; do
    mv -n "$BACKUP_DIR/.$part.$run.partial" "$BACKUP_DIR/$part" || fail 3 "$BACKUP_DIR/$part cannot be given its name"
  done
  printf 'fetched: %s from %s\n' "$backup" "$place"
}

# Old sidecars are there for the list of backups, so one that is damaged hides no other.
fetch_sidecars() {
  stamps_with .meta.json <"$scratch/names" | sort -r | head -n "$1" >"$scratch/newest"
  sed "s/.*/${FILE_PREFIX}_&.meta.json/" "$scratch/newest" >"$scratch/wanted"
  mkdir "$scratch/sidecars"
  [ ! -s "$scratch/wanted" ] || ask copy --files-from-raw "$scratch/wanted" "$STORE" "$scratch/sidecars" ||
    fail 4 "cannot bring sidecars from $place: $(why)"
  fetched=0
  while read -r stamp <&5; do
    backup=${FILE_PREFIX}_$stamp
    sidecar=$scratch/sidecars/$backup.meta.json
    if ! is_sidecar_of "$backup"; then
      printf '%s.meta.json in %s is not a complete sidecar of that backup\n' "$backup" "$place" >&2
      continue
    fi
    [ "$fetched" != 0 ] || [ -z "${PREVIOUS_METADATA-}" ] || give_name "$PREVIOUS_METADATA"
    [ -e "$BACKUP_DIR/$backup.meta.json" ] || give_name "$BACKUP_DIR/$backup.meta.json"
    fetched=$((fetched + 1))
  done 5<"$scratch/newest"
  printf 'fetched: %d sidecars from %s\n' "$fetched" "$place"
}

# give_name FILE: copies the sidecar at hand.
give_name() {
  bring_dir=${1%/*}
  partial=$bring_dir/.${1##*/}.$run.partial
  { cp "$sidecar" "$partial" && mv -f "$partial" "$1"; } || fail 3 "$1 cannot be written"
}

fetch_newest() {
  stamp=$(stamps_with .meta.json <"$scratch/names" | sort | tail -n 1)
  [ -n "$stamp" ] || fail 6 "$place has no verified backup of $FILE_PREFIX"
  fetch_backup "${FILE_PREFIX}_$stamp"
}

check_arguments() {
  case ${1-}:${2-} in
    sidecars:*[!0-9]* | sidecars:0* | sidecars:?????*) problem "\"$2\" must be a whole number from 1 to 9999" ;;
    sidecars:* | newest:) ;;
    backup:?*)
      if [ -z "$(printf '%s\n' "$2" | stamps_with '')" ]; then
        problem "\"$2\" is not the name of a backup; it is ${FILE_PREFIX-}_ and its time, YYYYMMDD_HHMMSS"
      fi
      ;;
    *) problem 'the first argument must be sidecars, newest, or backup with a name' ;;
  esac
}

begin
check_prefix
check_store
FILE_PREFIX=${FILE_PREFIX-}
check_arguments "$@"
refuse_problems
{ [ -d "$BACKUP_DIR" ] && [ -w "$BACKUP_DIR" ]; } || fail 3 "$BACKUP_DIR is not a folder that uid $(id -u) can write to"
list_store
case $1 in
  sidecars) fetch_sidecars "${2:-1}" ;;
  newest) fetch_newest ;;
  backup) fetch_backup "$2" ;;
esac
finish ok
