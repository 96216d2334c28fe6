#!/bin/sh
#
# Backs up uploaded files, each folder below FILES_DIR as <prefix>-<folder>, to a folder of backups, an S3 store or both:
#
#   <prefix>-<folder>/current/               the files as they are
#   <prefix>-<folder>/replaced_<stamp>_<x>/  what the run of that time took away from current, changed or deleted
#   <prefix>-<folder>_<stamp>.files.gz       what there was after that run: size;md5;modification time;path, one a line
#   <prefix>-<folder>_<stamp>.meta.json      its sidecar, written last
#
# A state that has a sidecar can be had back: each of its files lies in the first later replaced_ folder that has it, or
# in current. Old states are let go as retention.sh says, and replaced_ folders that no kept state needs. A failure
# removes nothing.
#
#   files.sh                        backs up
#   files.sh list                   prints the states that can be had back
#   files.sh restore NAME [FOLDER]  brings the state NAME (<prefix>-<folder>_<stamp>) to an empty folder; without one, to
#                                   FILES_DIR/<folder>/restored_<stamp>, which is there when all of it is
#   files.sh confirm                a sudden drop was looked at: lets old states be removed again
#
# Runs in the official rclone image, beside the files that it reads.
#
# Environment:
#   FILE_PREFIX               required: as backup.sh has it
#   FILES_DIR                 folder that has the folders to back up; it is only read [/files]
#   BACKUP_DIR                folder of the backups; the target when no store is named [/backups]
#   S3_ENDPOINT S3_BUCKET S3_PREFIX S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY  the store, and the folder in it [none]
#   S3_REGION                 [us-east-1]
#   RCLONE_CONFIG_TARGET_PROVIDER RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE  as rclone defines them [Other, true]
#   TARGETS                   folder, s3 or "folder s3" [s3 when S3_ENDPOINT is set, else folder]
#   KEEP_ALL_DAYS KEEP_DAILY_DAYS KEEP_MONTHLY_DAYS KEEP_NEWEST  retention.sh says what is kept
#   TIME_ZONE                 IANA name, for the sidecar [UTC]
#   JOB_NAME CRON_JOB         the Job, and the CronJob that makes it on schedule [none: made by hand]
#   RUN_DIR                   folder that it shares with the dump and the reporter of its pod [none: does not wait]
#   RETRY_SECONDS             pause before a step is tried again, three times at most [5]
#   TERMINATION_LOG           gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Exit codes:
#   0  backed up, or another run is at it
#   1  something that was not foreseen
#   2  a setting is missing or wrong
#   3  a folder is missing, cannot be read, or is empty and was not before
#   4  the target cannot be reached or refuses
#   5  a file is not on the target as it is in the folder
#   6  there is no such state on the target
#   9  backed up, but something old could not be removed
#   10 backed up, but files or bytes fell by more than half: nothing is removed any more until it is confirmed
#   128 + n  stopped by signal n (143: SIGTERM, a deadline or a deleted pod)
set -eu

TASK=files
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
. "$here/files-mirror.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/files-state.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/files-restore.sh"

FILES_DIR=${FILES_DIR:-/files}
BACKUP_DIR=${BACKUP_DIR:-/backups}
TARGETS=${TARGETS:-${S3_ENDPOINT:+s3}}
TARGETS=${TARGETS:-folder}
# rclone's path of a local folder whose symbolic links are kept as small text files, <name>.rclonelink, on the target.
LINKED=:local,links:

# --- settings -----------------------------------------------------------------------------------------------------

check_target() {
  case $1 in
    s3) check_store ;;
    folder)
      STORE=$BACKUP_DIR place=$BACKUP_DIR
      [ -d "$BACKUP_DIR" ] || problem "$BACKUP_DIR is not a folder; mount the volume of the backups there"
      ;;
    *) problem "TARGETS \"$TARGETS\" must be folder, s3 or both" ;;
  esac
}

check_settings() {
  check_prefix
  for target in $TARGETS; do
    check_target "$target"
  done
  check_retention
  refuse_problems
}

# Sets FILE_PREFIX to the one of a folder's states. A colon or the like in its name would be something else to rclone.
prefix_of() {
  case $1 in
    [!A-Za-z0-9]* | *[!A-Za-z0-9.-]*) fail 2 "folder \"$1\" in $FILES_DIR must have a name of letters, digits, dots and hyphens" ;;
  esac
  FILE_PREFIX=$base-$1
}

# --- what is there ------------------------------------------------------------------------------------------------

# Writes the stamps of the states on the target to $scratch/there.
list_states() {
  list_store
  stamps_with .meta.json <"$scratch/names" | whole_sidecars | sort -u >"$scratch/sidecars"
  stamps_with .files.gz <"$scratch/names" | sort -u | cat - "$scratch/sidecars" | sort | uniq -d >"$scratch/there"
}

# whole_sidecars < stamps: on a disk that was full or lost its power a sidecar may be cut off; a store takes no half files.
whole_sidecars() {
  while read -r stamp; do
    if [ "$STORE" != "$BACKUP_DIR" ] || metadata_complete "$BACKUP_DIR/${FILE_PREFIX}_$stamp.meta.json"; then
      printf '%s\n' "$stamp"
    fi
  done
}

# read_previous: sets `previous_files` and `previous_bytes` from the newest state, 0 when there is none.
read_previous() {
  previous_files=0 previous_bytes=0
  newest=$(tail -n 1 "$scratch/there")
  if [ -n "$newest" ]; then
    bring_to "$scratch/previous" "${FILE_PREFIX}_$newest.meta.json"
    previous_files=$(metadata_value "$scratch/previous" rows)
    previous_bytes=$(metadata_value "$scratch/previous" databaseBytes)
  fi
}

# bring_to FILE NAME
bring_to() {
  rm -f "$1"
  ask copyto "$STORE/$2" "$1" || [ "$status" = 3 ] || fail 4 "cannot bring $2 from $place: $(why)"
  [ -f "$1" ] || fail 6 "$place has no $2"
}

# list_files FILE PLACE FORMAT: lists all files below a folder, sorted. A folder that does not exist has none.
list_files() {
  ask lsf --recursive --files-only --hash MD5 --format "$3" "$2" || [ "$status" = 3 ] || fail 4 "cannot list $2: $(why)"
  sort "$scratch/out" >"$1"
}

# --- backing up ---------------------------------------------------------------------------------------------------

# Sets `drop`, the reason when less than half of the files or bytes of the state before is left.
compare_with_previous() {
  drop=
  if [ $((files * 2)) -lt "$previous_files" ]; then
    drop="$files files, $previous_files in the state before"
  elif [ $((all_bytes * 2)) -lt "$previous_bytes" ]; then
    drop="$all_bytes bytes, $previous_bytes in the state before"
  fi
}

# --- removing -----------------------------------------------------------------------------------------------------

# Removes states that are too old, manifest first, then the replaced_ folders that no state left needs: a state needs
# those of later runs, and of a run that began up to a day before and was still at it.
prune() {
  list_states
  not_removed=
  grep -qxF "$FILE_PREFIX.pruning-frozen" "$scratch/names" && return 0
  expired_backups "$state_stamp" <"$scratch/there" >"$scratch/expired"
  # Removal was cut off between manifest and sidecar.
  sort "$scratch/sidecars" "$scratch/there" | uniq -u >"$scratch/torn"
  expired_backups "$state_stamp" <"$scratch/sidecars" | sort - "$scratch/torn" | uniq -d | cat "$scratch/expired" - >"$scratch/unwanted"
  while read -r old <&5; do
    remove "${FILE_PREFIX}_$old.files.gz"
    remove "${FILE_PREFIX}_$old.meta.json"
  done 5<"$scratch/unwanted"
  oldest=$(sort "$scratch/there" "$scratch/expired" | uniq -u | head -n 1)
  newest=$(tail -n 1 "$scratch/there")
  # A state of the future comes from a wrong clock: then times do not tell what was before what.
  if [ -z "$not_removed" ] && [ "$newest" = "$state_stamp" ] && moment "$oldest"; then
    needed_from=$((second - 86400))
    ask lsf --dirs-only --max-depth 1 "$STORE/$FILE_PREFIX" || fail 9 "cannot list $FILE_PREFIX in $place: $(why)"
    sed -n 's|^replaced_\(.*\)/$|\1|p' "$scratch/out" >"$scratch/replaced"
    while read -r old <&5; do
      if moment "${old%_*}" && [ "$second" -lt "$needed_from" ]; then
        ask purge "$STORE/$FILE_PREFIX/replaced_$old" || not_removed="$not_removed replaced_$old: $(why)"
      fi
    done 5<"$scratch/replaced"
  fi
  abandoned_files "$FILE_PREFIX" "$state_stamp" <"$scratch/names" >"$scratch/abandoned"
  while IFS= read -r name <&5; do
    remove "$name"
  done 5<"$scratch/abandoned"
}

back_up_folder() {
  prefix_of "${1##*/}"
  check_source "$1"
  list_states
  ! grep -qx "$state_stamp" "$scratch/there" ||
    fail 5 "$place has ${FILE_PREFIX}_$state_stamp already; nothing was copied: is the clock right? Run it again"
  read_previous
  mirror "$1"
  write_manifest
  compare_with_previous
  publish
  [ -z "$drop" ] || drops="${drops:+$drops; }$state in $place: $drop"
  prune
  leftovers=$leftovers${not_removed:+ $not_removed}
}

back_up() {
  check_settings
  await_dump
  if [ "$dump" = skipped ]; then
    printf 'nothing to do: another run is at it\n'
    finish skipped
    return 0
  fi
  # A dump that failed is no reason to lose the files as well.
  begun_at=$(uptime_seconds)
  state_stamp=$(date -u +%Y%m%d_%H%M%S)
  drops='' leftovers=''
  set --
  for folder in "$FILES_DIR"/*; do
    [ -e "$folder" ] || fail 3 "$FILES_DIR has no folder; mount each of the folders to back up there"
    for target in $TARGETS; do
      check_target "$target"
      back_up_folder "$folder"
      set -- "$@" "Files: ${folder##*/}, $files files, $(human_bytes "$all_bytes"), $place"
    done
  done
  printf '%s\n' "$@"
  if [ -n "$drops" ]; then
    fail 10 "backed up, but much less than before: $drops; nothing is removed any more until it is confirmed"
  fi
  [ -z "$leftovers" ] || fail 9 "backed up, but not everything old could be removed:$leftovers"
  finish ok "$@"
}

# --- after a sudden drop --------------------------------------------------------------------------------------------

# Of the folders in FILES_DIR alone: the target may have databases and files of others whose names begin alike.
confirm() {
  check_prefix
  refuse_problems
  for target in $TARGETS; do
    check_target "$target"
    refuse_problems
    for folder in "$FILES_DIR"/*; do
      [ -e "$folder" ] || fail 3 "$FILES_DIR has no folder; mount each of the folders that are backed up there"
      prefix_of "${folder##*/}"
      unfreeze
    done
  done
  finish ok
}

begin
# What all prefixes of files begin with.
base=${FILE_PREFIX-}
case ${1-} in
  '') back_up ;;
  list) list ;;
  restore) restore "${2-}" "${3-}" ;;
  confirm) confirm ;;
  *) fail 2 "\"$1\" is not a command; use none, list, restore or confirm" ;;
esac
