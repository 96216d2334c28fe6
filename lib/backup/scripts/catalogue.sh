#!/usr/bin/env bash
#
# What backups there are in a folder, or in an S3 store, whether they are whole, and the removal of one.
#
# Runs in the official Debian postgres image of the server's major version, beside the files that it sources.
#
# Commands:
#   list                prints one JSON object a backup, the newest first, then {"pruningFrozen": null or the reason}
#   verify NAME…|--all  reads each archive to its last byte and compares it with its metadata; prints one JSON object a
#                       backup, and a summary on standard error. An archive without metadata is adopted: read in full,
#                       its rows counted, its metadata written
#   delete NAME         removes a backup, never the last verified one
#   confirm             lets old backups be removed again after a sudden drop of rows or size
#
# Environment:
#   FILE_PREFIX      required: backups are called <prefix>_YYYYMMDD_HHMMSS
#   BACKUP_DIR       folder of the archives [/backups]
#   STORE            `archives`: they lie in an S3 store, which the container `store` of the pod reaches; BACKUP_DIR has
#                    room for one of them. `copy`: second copies lie there, of which only `confirm` knows [none]
#   RUN_DIR          folder that the containers of the pod share; required with STORE
#   AGE              `container`: the container `age` of the pod brings that program [none: it is here]
#   AGE_IDENTITY     file with the private key; without it, of an encrypted archive only the checksum is verified
#   PGHOST PGUSER PGDATABASE, MIGRATION_TOOL MIGRATION_TABLE MIGRATION_QUERY
#                    the live database, and SQL that returns the ids of its migrations, oldest first; without them, or
#                    when the server does not answer, compatibility is unknown
#   TIME_ZONE        zone of the schedule, for metadata of adopted archives [UTC]
#   TERMINATION_LOG  gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Compatibility: compatible (the same migrations as the live database), needs-migration (older: migrations run on
# restore), newer (it has migrations that the live database does not have), unknown (no information).
#
# Exit codes:
#   0  done; all verified backups are whole
#   1  a backup is not whole, or there is none; or something that was not foreseen, then the line is named
#   2  a setting or an argument is missing or wrong
#   3  the folder is missing, or something in it cannot be written or removed; the store cannot be reached or refuses
#   4  refused: no verified backup would be left
#   128 + n  stopped by signal n
set -Eeuo pipefail
umask 0027 # the group reads: an app in the same group may list and download
export TZ=UTC0

here=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/ask-store.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/archive.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/listing.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/dump-rows.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/adoption.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/verification.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}
STORE=${STORE-}
TASK=${1:-catalogue}

check_settings() {
  if [[ ! ${FILE_PREFIX-} =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$ ]]; then
    fail 2 "FILE_PREFIX \"${FILE_PREFIX-}\" must be 1 to 100 letters, digits, dots, hyphens and underscores"
  fi
  if [[ ! -d $BACKUP_DIR ]]; then
    fail 3 "$BACKUP_DIR is not a folder; mount the backup volume there"
  fi
  if [[ -n $STORE && -z $RUN_DIR ]]; then
    fail 2 "STORE is \"$STORE\", but RUN_DIR is not set: without it the container store cannot be asked"
  fi
  make_scratch || fail 3 "$problem"
}

# Brings what `describe_backups` needs.
bring_listing() {
  if [[ $STORE == archives ]]; then
    ask_store listing || fail 3 "$problem"
  fi
}

# Refuses what is not the name of a backup, such as a path.
check_names() {
  local name
  for name; do
    if [[ $name != "${FILE_PREFIX}_"* ]] || ! moment "${name#"${FILE_PREFIX}_"}"; then
      fail 2 "\"$name\" is not the name of a backup; give ${FILE_PREFIX}_YYYYMMDD_HHMMSS, as \"list\" prints it"
    fi
  done
}

verify() {
  local name state archive json good=0 bad=()
  if (($# == 0)); then
    fail 2 'nothing to verify; give names of backups, or --all'
  fi
  await_age || fail 2 "$problem"
  read_applied_migrations
  bring_listing
  if [[ $* == --all ]]; then
    describe_backups '' >"$scratch/backups"
  else
    check_names "$@"
    for name; do
      describe_backups "$name"
    done >"$scratch/backups"
    for name; do
      if ! grep -q "^$name " "$scratch/backups"; then
        bad+=("there is no $name in $BACKUP_DIR")
      fi
    done
  fi
  while read -r name state archive json <&9; do
    bring_backup "$name"
    verify_backup "$name" "$state" "$archive" "$json"
    return_backup "$name" "$state"
    if [[ $removed == yes ]]; then
      continue
    elif ((${#problems[@]} > 0)); then
      bad+=("$name: $(join '; ' "${problems[@]}")")
    else
      good=$((good + 1))
    fi
  done 9<"$scratch/backups"
  result_body=("Whole: $good" "Not whole: ${#bad[@]}")
  if ((${#bad[@]} > 0)); then
    fail 1 "$(join '. ' "${bad[@]}"). $good others are whole"
  elif ((good == 0)); then
    fail 1 "there is no backup of $FILE_PREFIX in $BACKUP_DIR"
  fi
  printf 'verify complete: %d backups, all whole\n' "$good" >&2
}

# bring_backup NAME
# Brings what the store has of a backup beside its metadata.
bring_backup() {
  local files
  if [[ $STORE == archives ]]; then
    mapfile -t files < <(backup_files "$1" | sed -n '/\.meta\.json /!s/ .*//p')
    if ((${#files[@]} > 0)); then
      ask_store files "${files[@]}" || fail 3 "$problem"
    fi
  fi
}

# return_backup NAME STATE
# Makes room for the next one. An archive that was adopted gets its metadata in the store, too.
return_backup() {
  if [[ $STORE == archives ]]; then
    remove_files "$1"
    if [[ $2 == unverified && -e $BACKUP_DIR/$1.meta.json ]] && ((${#problems[@]} == 0)); then
      ask_store put "$1.meta.json" || fail 3 "$problem"
    fi
  fi
}

# join SEPARATOR TEXT…
join() {
  local text
  printf -v text "${1//%/%%}%s" "${@:2}"
  printf '%s' "${text:${#1}}"
}

delete() {
  if (($# != 1)); then
    fail 2 'give the name of one backup'
  fi
  check_names "$1"
  # Two at once could each take the other's backup for the one that stays. Not every file server can lock a folder.
  local folder status=0 state verified
  exec {folder}<"$BACKUP_DIR"
  flock --wait 30 --conflict-exit-code 75 "$folder" 2>/dev/null || status=$?
  if ((status == 75)); then
    fail 3 'another delete is running'
  fi
  : >"$scratch/applied"
  bring_listing
  describe_backups '' >"$scratch/backups"
  state=$(sed -n "s/^$1 \([a-z-]*\) .*/\1/p" "$scratch/backups")
  verified=$(awk -v name="$1" '$2 == "verified" && $1 != name' "$scratch/backups" | wc -l)
  if [[ -z $state ]]; then
    fail 2 "there is no $1 in $BACKUP_DIR"
  elif [[ $state != missing ]] && ((verified == 0)); then
    fail 4 "no other backup of $FILE_PREFIX is verified; make a new one first, or verify the others"
  fi
  remove_backup "$1" "$state"
}

# remove_backup NAME STATE
# The metadata last: a run that is killed here leaves a backup whose archive is missing, which can be deleted again.
remove_backup() {
  local metadata=$BACKUP_DIR/$1.meta.json names
  if [[ $STORE == archives ]]; then
    mapfile -t names < <(backup_files "$1" | sed -n '/\.meta\.json /!s/ .*//p')
    ask_store remove "${names[@]}" "$1.meta.json" || fail 3 "$1 cannot be removed: $problem"
  elif ! {
    remove_files "$1" && sync -- "$BACKUP_DIR" && rm -f -- "$metadata" && sync -- "$BACKUP_DIR"
  } 2>"$scratch/rm"; then
    fail 3 "$1 cannot be removed: $(said "$scratch/rm")"
  fi
  printf 'deleted: %s, which was %s\n' "$1" "$2"
}

# remove_files NAME
# Removes what the folder has of a backup beside its metadata.
remove_files() {
  local names
  mapfile -t names < <(archive_names "$1")
  names+=("$1.roles.sql.gz" "$1.roles.sql.gz.age")
  rm -f -- "${names[@]/#/$BACKUP_DIR/}"
}

confirm() {
  if [[ $STORE != archives ]]; then
    confirm_folder
  fi
  if [[ -n $STORE ]]; then
    ask_store unfreeze || fail 3 "in the store pruning may still be frozen: $problem"
    printf 'pruning is not frozen in the store\n'
  fi
}

confirm_folder() {
  local frozen=$BACKUP_DIR/$FILE_PREFIX.pruning-frozen reason
  if [[ ! -e $frozen ]]; then
    printf 'pruning is not frozen\n'
    return
  fi
  reason=$(said "$frozen")
  if ! rm -f -- "$frozen" 2>"$scratch/rm" || ! sync -- "$BACKUP_DIR" 2>"$scratch/rm"; then
    fail 3 "pruning is still frozen: $(said "$scratch/rm")"
  fi
  printf 'confirmed; pruning was frozen because of this: %s\n' "$reason"
}

case ${1-} in
  list | verify | delete | confirm) ;;
  *) TASK=catalogue ;;
esac
begin_run catalogue
check_settings
case ${1-} in
  list | verify | delete | confirm) "$@" ;;
  *) fail 2 "\"${1-}\" is not a command; give list, verify NAME…|--all, delete NAME or confirm" ;;
esac
write_result ok
