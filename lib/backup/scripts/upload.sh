#!/bin/sh
#
# Copies verified backups from a folder to an S3 store and removes old ones there. A file gets its name on the store only
# after all of it has been read back; the sidecar comes last and goes last. A failure removes nothing.
#
# After a sudden drop nothing is removed there until `store.sh unfreeze`.
#
# Runs in the official rclone image, beside the files that it reads.
#
# Environment:
#   FILE_PREFIX               required: backups are <prefix>_YYYYMMDD_HHMMSS, as backup.sh names them
#   S3_ENDPOINT S3_BUCKET S3_PREFIX S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY  required: the store, and the folder in it
#   S3_REGION                 [us-east-1]
#   RCLONE_CONFIG_TARGET_PROVIDER RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE  as rclone defines them [Other, true]
#   KEEP_ALL_DAYS KEEP_DAILY_DAYS KEEP_MONTHLY_DAYS KEEP_NEWEST  retention.sh says what is kept
#   BACKUP_DIR                folder of the backups [/backups]
#   CATCH_UP                  how many older backups that the store lacks are copied in one run [10]
#   RUN_DIR                   folder that it shares with the dump and the reporter of its pod [none: does not wait]
#   LEADER                    container of the pod that makes the dump [dump]
#   RETRY_SECONDS             pause before a step is tried again, three times at most [5]
#   TERMINATION_LOG           gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Exit codes:
#   0  all is on the store, or the dump left nothing to copy
#   1  something that was not foreseen
#   2  a setting is missing or wrong
#   3  the folder of the backups cannot be read, or has no verified backup
#   4  the store cannot be reached or refuses
#   5  a file is not what its sidecar says, here or on the store
#   9  all is on the store, but something old could not be removed there
#   128 + n  stopped by signal n (143: SIGTERM, a deadline or a deleted pod)
set -eu

TASK=upload
here=$(dirname -- "$0")
# shellcheck source-path=SCRIPTDIR
. "$here/run.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/rclone.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}
CATCH_UP=${CATCH_UP:-10}

check_settings() {
  check_prefix
  check_store
  case $CATCH_UP in
    *[!0-9]* | ?????*) problem "CATCH_UP \"$CATCH_UP\" must be a whole number up to 9999" ;;
  esac
  check_retention
  refuse_problems
}

# in_both FILE FILE, only_in FILE FILE: lines of lists without repetitions. Not every busybox has comm.
in_both() {
  sort "$1" "$2" | uniq -d
}
only_in() {
  sort "$1" "$2" "$2" | uniq -u
}

# Writes the stamps of the verified backups in the folder to $scratch/here. A sidecar alone is one that was fetched.
list_here() {
  [ -d "$BACKUP_DIR" ] || fail 3 "$BACKUP_DIR is not a folder; mount the volume of the backups there"
  for sidecar in "$BACKUP_DIR/${FILE_PREFIX}_"*.meta.json; do
    if metadata_complete "$sidecar" && [ -f "$BACKUP_DIR/$(metadata_value "$sidecar" file)" ]; then
      printf '%s\n' "${sidecar##*/}"
    fi
  done | stamps_with .meta.json >"$scratch/here"
}

# Writes the stamps of the verified backups on the store to $scratch/there: those whose archive is there as well.
list_there() {
  list_store
  stamps_with .meta.json <"$scratch/names" | sort -u >"$scratch/sidecars"
  for suffix in .sql.gz .sql.gz.age .dump.zst .dump.zst.age; do
    stamps_with "$suffix" <"$scratch/names"
  done | sort -u >"$scratch/archives"
  in_both "$scratch/sidecars" "$scratch/archives" >"$scratch/there"
  only_in "$scratch/sidecars" "$scratch/there" >"$scratch/torn"
}

# field KEY: prints a value of the sidecar at hand.
field() {
  metadata_value "$scratch/sidecar" "$1" || true
}

# put_part KEY_OF_NAME KEY_OF_SHA256
put_part() {
  part=$(field "$1")
  case $part in
    '') return 0 ;;
    */*) fail 5 "$backup.meta.json names \"$part\", which is not a file beside it" ;;
    "$backup".*) ;;
    *) fail 5 "$backup.meta.json names \"$part\", which is a file of another backup" ;;
  esac
  [ -f "$BACKUP_DIR/$part" ] || fail 5 "$BACKUP_DIR/$part is missing, though its sidecar is there"
  put "$BACKUP_DIR/$part" "$part" "$(field "$2")"
}

# replace_adopted NAME: removes the sidecar of that name from the store when `verify` wrote it, which came between the
# archive and its sidecar: it is of the same archive and knows less of it.
replace_adopted() {
  size_of "$1"
  [ -n "$size" ] || return 0
  # What cannot be read is left to `put`, which replaces nothing.
  ask copyto "$STORE/$1" "$scratch/there-already" || return 0
  if [ "$(metadata_value "$scratch/there-already" kind)" = adopted ] &&
    [ "$(metadata_value "$BACKUP_DIR/$1" kind)" != adopted ] &&
    [ "$(metadata_value "$scratch/there-already" sha256)" = "$(metadata_value "$BACKUP_DIR/$1" sha256)" ]; then
    not_removed=
    remove "$1"
  fi
}

# put_sidecar STAMP
put_sidecar() {
  replace_adopted "${FILE_PREFIX}_$1.meta.json"
  sum=$(sha256sum <"$BACKUP_DIR/${FILE_PREFIX}_$1.meta.json")
  put "$BACKUP_DIR/${FILE_PREFIX}_$1.meta.json" "${FILE_PREFIX}_$1.meta.json" "${sum%% *}"
}

copy_backup() {
  backup=${FILE_PREFIX}_$1
  # One reading: somebody may delete the backup meanwhile.
  cp "$BACKUP_DIR/$backup.meta.json" "$scratch/sidecar" || fail 3 "$BACKUP_DIR/$backup.meta.json cannot be read"
  put_part file sha256
  put_part rolesFile rolesSha256
  drop=$(field suddenDrop)
  # Before the sidecar: a run that is killed here must not leave a backup that lets others be removed. Whoever restores
  # knows that something is wrong.
  [ -z "$drop" ] || [ "$(field kind)" = safety ] || freeze "$backup: $drop"
  put_sidecar "$1"
  printf 'copied: %s to %s\n' "$backup" "$place"
}

# Copies what the store lacks and would not remove again at once, the newest first. Sets `newest`, the stamp of the
# newest backup, and `copied`, how many it was.
copy_missing() {
  newest=$(latest_until_now "$scratch/here")
  newest=${newest:-$(sort "$scratch/here" | tail -n 1)}
  sort -u "$scratch/here" "$scratch/there" >"$scratch/everywhere"
  now=$(latest_until_now "$scratch/everywhere")
  expired_backups "${now:-$newest}" <"$scratch/everywhere" >"$scratch/expired"
  only_in "$scratch/here" "$scratch/there" >"$scratch/not-there"
  only_in "$scratch/not-there" "$scratch/expired" | sort -r | head -n $((CATCH_UP + 1)) >"$scratch/lacking"
  copied=0
  while read -r stamp <&5; do
    copy_backup "$stamp"
    copied=$((copied + 1))
    done_before=${done_before:-"$backup is on the store"}
  done 5<"$scratch/lacking"
  if [ "$copied" = 0 ] && grep -qxF "$newest" "$scratch/there"; then
    # It is there already. That it is the same backup, and not another one of that name, is seen by its sidecar.
    put_sidecar "$newest"
  fi
}

# latest_until_now FILE: prints the newest of the stamps that is not in the future, where a wrong clock put it.
latest_until_now() {
  { cat "$1" && date -u '+%Y%m%d_%H%M%S now'; } | sort -r | sed -n '/now$/,$p' | sed -n 2p
}

# later_than STAMP: whether the newest backup on the store is of a later time, by more than clocks of two nodes differ, and
# then sets `later` to its name. As in folder.sh, nothing is removed by names that a wrong clock may have made.
later_than() {
  last=$(sort "$scratch/there" | tail -n 1)
  moment "$1" && limit=$((second + 300))
  moment "$last" && [ "$second" -gt "$limit" ] && later=${FILE_PREFIX}_$last
}

# Removes what is too old on the store: archive first, sidecar last, so that a run that is killed leaves no sidecar
# without need. Nothing counts but backups that are there and whole.
prune() {
  list_there
  removed=0 frozen=no not_removed=
  if [ -e "$BACKUP_DIR/$FILE_PREFIX.pruning-frozen" ] || grep -qxF "$FILE_PREFIX.pruning-frozen" "$scratch/names"; then
    frozen=yes
  fi
  now=$(latest_until_now "$scratch/there")
  if [ -z "$now" ] || [ "$frozen" = yes ] || later_than "$now"; then
    return 0
  fi
  expired_backups "$now" <"$scratch/there" >"$scratch/expired"
  # Removal was cut off between archive and sidecar. That they are expired too keeps a sidecar whose archive somebody
  # took away by hand.
  sort -u "$scratch/there" "$scratch/torn" | expired_backups "$now" >"$scratch/expired-with-torn"
  in_both "$scratch/expired-with-torn" "$scratch/torn" >>"$scratch/expired"
  while read -r stamp <&5; do
    for suffix in .sql.gz .sql.gz.age .dump.zst .dump.zst.age .roles.sql.gz .roles.sql.gz.age .meta.json; do
      if grep -qxF "${FILE_PREFIX}_$stamp$suffix" "$scratch/names"; then
        remove "${FILE_PREFIX}_$stamp$suffix"
      fi
    done
    removed=$((removed + 1))
  done 5<"$scratch/expired"
  abandoned_files "$FILE_PREFIX" "$now" <"$scratch/names" >"$scratch/abandoned"
  while IFS= read -r name <&5; do
    remove "$name"
  done 5<"$scratch/abandoned"
  # Every year of ours begins with 2, which the name of another prefix after an underscore seldom does.
  ask backend cleanup -o max-age=24h "$STORE/.${FILE_PREFIX}_2" ||
    printf 'unfinished uploads in %s could not be looked for: %s\n' "$place" "$(why)" >&2
  [ -z "$not_removed" ] || fail 9 "not everything old could be removed from $place: $not_removed"
  printf 'removed: %d old backups from %s\n' "$removed" "$place"
}

upload() {
  check_settings
  await_dump
  case $dump in
    ok | failed) list_here ;;
    *) : >"$scratch/here" ;; # skipped: another run is at it; vanished: it says so itself
  esac
  if [ ! -s "$scratch/here" ]; then
    [ "$dump" != ok ] || fail 3 "$BACKUP_DIR has no verified backup of $FILE_PREFIX"
    printf 'nothing to copy: the dump %s\n' "$dump"
    finish skipped
    return 0
  fi
  list_there
  copy_missing
  # A dump that failed may still have published a backup, for example after a sudden drop. Then nothing is removed. Nor is
  # it beside a restore, which may be of the very backup that would be removed.
  if [ "$dump" = ok ]; then
    [ "${LEADER-}" = restore ] || prune
  elif [ "$copied" = 0 ]; then
    printf 'nothing to copy: the dump failed\n'
    finish skipped
    return 0
  fi
  bytes=$(metadata_value "$BACKUP_DIR/${FILE_PREFIX}_$newest.meta.json" bytes)
  set -- "Copy: s3 $S3_BUCKET/$S3_PREFIX, $(human_bytes "$bytes"), verified"
  [ "$copied" -le 1 ] || set -- "$@" "Copied late: $((copied - 1)) earlier backups"
  [ "${frozen-no}" = no ] || set -- "$@" "Pruning: frozen in s3 $S3_BUCKET/$S3_PREFIX until it is confirmed"
  [ -z "${later-}" ] || set -- "$@" "Warning: nothing old is removed from s3 $S3_BUCKET/$S3_PREFIX: $later there is of a later time than now"
  printf '%s\n' "$@"
  finish ok "$@"
}

begin
upload
