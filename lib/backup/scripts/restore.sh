#!/usr/bin/env bash
#
# Restores a backup: loads it into a new database beside the live one, checks it, and swaps the two by renaming. The
# live database is untouched until the swap; whatever fails before leaves it as it was. It stays as <database>_old_<time>.
#
#   restore.sh restore NAME      restore the backup NAME, such as school_platform_20261120_190000
#   restore.sh rollback [NAME]   put what the last restore replaced, <database>_old_<time>, or the named one back in place
#   restore.sh drop-old [NAME]   drop the databases that restores and rollbacks have left, or the named one
#
# Runs in the official Debian postgres image of the server's major version, with this folder's other files beside it.
#
# Environment:
#   PGHOST PGUSER PGDATABASE  required: the live database; PGPASSWORD, PGPORT and others as libpq defines them
#   FILE_PREFIX               required by restore: first part of the backups' names
#   BACKUP_DIR                folder of the backups [/backups]
#   RUN_DIR                   folder that the containers of the pod share [none]
#   RESTORE_ID                name of the Job: what was restored under it once is not restored again [none]
#   SAFETY_BACKUP             `no`: without a backup of the live database first, which is accepted only when it does not
#                             exist or cannot be connected to
#   STORE                     `archives`: the backups lie in an S3 store, from which the container `store` brings the one
#                             that is wanted; the safety backup counts when `upload` has put it there [none: they are
#                             in BACKUP_DIR]
#   AGE                       `container`: the container `age` of the pod brings that program [none: it is here]
#   BACKUP_WAIT_SECONDS       how long to wait for a backup that is running [900]
#   KEEP_OLD_DAYS             drop-old without NAME drops only what is older [0: all]
#   AGE_IDENTITY              file with the key of encrypted backups
#   MAINTENANCE_DATABASE      see server.sh
#   MIGRATE MIGRATE_SECONDS MIGRATION_TABLE MIGRATION_QUERY ACCEPT_NEWER  see migrate.sh
#   and those of backup.sh, for the safety backup
#
# Exit codes:
#   0  done; or done before, under the same RESTORE_ID
#   1  something that was not foreseen; the line is named
#   2  called wrongly, or a setting is missing or wrong
#   3  there is no such backup, or it is not whole
#   4  the server cannot be reached, or refuses
#   5  another restore, or a backup, is running
#   6  the safety backup failed
#   7  the backup cannot be loaded
#   8  the new database, its roles or its settings cannot be made
#   9  too little space on the server
#   10 the backup is newer than the running app
#   11 what was loaded is not what was backed up
#   12 the migrations failed
#   13 the databases could not be swapped
#   14 nothing to roll back to, or to drop
#   128 + n  stopped by signal n (130: SIGINT, 143: SIGTERM; a deadline or a deleted pod)
set -Eeuo pipefail
umask 0027
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
. "$here/contents.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/server.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/restore-checks.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/swap.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/kept-databases.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/new-database.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/migrate.sh"

TASK=restore
if [[ ${1-} == rollback || ${1-} == drop-old ]]; then
  TASK=$1
fi
BACKUP_DIR=${BACKUP_DIR:-/backups}
BACKUP_WAIT_SECONDS=${BACKUP_WAIT_SECONDS:-900}
KEEP_OLD_DAYS=${KEEP_OLD_DAYS:-0}
export PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}
export PGAPPNAME="restore ${RESTORE_ID:-${HOSTNAME-}}"

clean_up_task() {
  drop_new_database
}

# The live database as it is now, before anything is done.
make_safety_backup() {
  if [[ ${SAFETY_BACKUP-} == no ]]; then
    case $live in
      there) fail 2 "SAFETY_BACKUP is \"no\", but $PGDATABASE can be backed up; that is only for a database that is missing or cannot be connected to" ;;
      missing) warn "NO SAFETY BACKUP: there is no database $PGDATABASE" ;;
      *) warn "NO SAFETY BACKUP: $PGDATABASE cannot be connected to: $unreachable" ;;
    esac
    return
  fi
  if [[ $live != there ]]; then
    local text="there is no database $PGDATABASE"
    if [[ $live == unreachable ]]; then
      text="$PGDATABASE cannot be connected to: $unreachable"
    fi
    fail 6 "no safety backup can be made: $text; SAFETY_BACKUP=no restores without one"
  fi
  local run=${RUN_DIR:-$scratch} status=0 warning first
  printf 'safety backup: begins\n'
  # Nothing old is removed: it may be the very backup that is wanted.
  STORE='' AGE='' BACKUP_WAIT_SECONDS=$BACKUP_WAIT_SECONDS RUN_DIR=$run TERMINATION_LOG=$scratch/no-log \
    attended bash "$here/safety-backup.sh" 2>"$scratch/backup" || status=$?
  cat -- "$scratch/backup" >&2
  case $status in
    0) ;;
    14) fail 5 "a backup has been running for more than $BACKUP_WAIT_SECONDS s: $(reason_of dump)" ;;
    *) fail 6 "the safety backup failed, so nothing was restored: $(said "$scratch/backup"); if $PGDATABASE is damaged, rename it by hand and restore with SAFETY_BACKUP=no" ;;
  esac
  while IFS= read -r warning; do
    warn "the safety backup: $warning"
  done < <(sed -n 's/^Warning: //p' "$run/dump.result")
  result_body+=("Safety backup: $(sed -n 's/^File: //p' "$run/dump.result")")
  if [[ ${STORE-} == archives ]]; then
    await_worker upload 21600 || fail 6 "the safety backup is not in S3, so nothing was restored: $problem"
    IFS= read -r first <"$RUN_DIR/upload.result" || first=
    [[ $first == ok ]] || fail 6 "the safety backup is not in S3, so nothing was restored: $(reason_of upload)"
  fi
}

# No backup may begin while the restore works: the swap would end it in the middle.
exclude_backups() {
  if [[ $live != there ]]; then
    return
  fi
  local status=0
  take_lock backup "$PGDATABASE" 'mooring backup' "$FILE_PREFIX" || status=$?
  case $status in
    0) ;;
    1) fail 5 "a backup of $PGDATABASE has begun meanwhile: $lock_owner; try again when it is done" ;;
    *) fail 4 "cannot connect to $PGDATABASE: $(said "$scratch/psql")" ;;
  esac
}

announce() {
  if [[ -n $RUN_DIR ]]; then
    leave restore.started "Backup: $1" "Time: $(metadata_value "$metadata" time)" "Database: $PGDATABASE" "${result_body[@]}"
  fi
}

# The roles that the backup's grants and owners name.
restore_roles() {
  local file
  file=$(metadata_value "$metadata" rolesFile)
  if [[ -z $file ]]; then
    return
  fi
  if [[ $file != */* && -f $BACKUP_DIR/$file ]]; then
    unpack_roles "$BACKUP_DIR/$file"
    make_missing_roles
  else
    warn "the roles file $file is missing; a role that this server does not have stops the restore"
  fi
}

load() {
  local begun
  read_ticks
  begun=$ticks
  printf 'loading: %s into %s\n' "${archive##*/}" "$new_database"
  load_archive "$archive" "$new_database" || fail 7 "${archive##*/} cannot be loaded: $archive_problem"
  compare_rows "$metadata" "$new_database"
  compare_schema "$metadata" "$new_database"
  # Without statistics the first queries would be planned blindly.
  database_sql "$new_database" <<<'ANALYZE' || warn "statistics could not be collected: $(said "$scratch/psql")"
  read_took "$begun"
  printf 'loaded: %s rows of %s tables in %s s, as they were backed up\n' \
    "$(metadata_value "$metadata" rows)" "$(metadata_value "$metadata" tables)" "$took"
}

# A prepared transaction belongs to no session, so none can be ended, and a database that has one keeps its name.
refuse_prepared_transactions() {
  maintenance_sql -v live="$PGDATABASE" <<SQL || fail 4 "prepared transactions cannot be listed: $(said "$scratch/psql")"
SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = :'live'
SQL
  if [[ -s $scratch/rows ]]; then
    fail 13 "$PGDATABASE has prepared transactions, with which it cannot be renamed: $(said "$scratch/rows"); end each with COMMIT PREPARED or ROLLBACK PREPARED"
  fi
}

# put_in_place NAME SUFFIX LINE
# Sets `kept` to the name of the database that was live.
put_in_place() {
  while true; do
    printf -v kept '%s_%s_%(%Y%m%d_%H%M%S)T' "$PGDATABASE" "$2" -1
    database_id "$kept" || fail 4 "the server's databases cannot be listed: $(said "$scratch/psql")"
    # Another swap of this second.
    [[ -n $id ]] || break
    pause 0.2
  done
  refuse_prepared_transactions
  release_lock backup
  # From here on a signal waits for the outcome, which is known within the minute.
  trap '' TERM INT HUP QUIT
  swap "$1" "$kept" "$3" || fail 13 "$PGDATABASE could not be replaced and is as it was: $swap_problem"
  printf 'swapped: connections were refused for %s s; the former database is %s\n' "$refused" "$kept"
}

restore() {
  local name=$1 begun
  read_ticks
  begun=$ticks
  check_settings FILE_PREFIX
  begin_with_server
  if done_before; then
    printf 'restored before: %s has been done, so this run does nothing\n' "$RESTORE_ID"
    write_result skipped "Reason: $(<"$scratch/rows") already; a restore is done once"
    return
  fi
  await_age || fail 3 "$problem"
  check_backup "$name"
  look_at_live
  if [[ $live == there ]]; then
    compare_migrations "$metadata"
  else
    compatibility=unknown
  fi
  refuse_newer "$metadata"
  refuse_prepared_transactions
  make_safety_backup
  exclude_backups
  announce "$name"
  check_free_space "$(metadata_value "$metadata" databaseBytes)"
  restore_roles
  create_new_database "${PGDATABASE}_restore_$(printf '%(%Y%m%d_%H%M%S)T' -1)"
  load
  copy_settings "$new_database"
  migrate "$new_database"
  put_in_place "$new_database" old "mooring: restored $name${RESTORE_ID:+ by $RESTORE_ID}"
  new_database=
  read_took "$begun"
  write_result ok "Backup: $name" "Rows: $(metadata_value "$metadata" rows)" "Tables: $(metadata_value "$metadata" tables)" \
    "Refused: connections for $refused s" "Old database: $kept" "Duration: $took s"
  printf 'restore complete: backup=%s old=%s seconds=%s\n' "$name" "$kept" "$took"
}

main() {
  begin_run restore
  make_scratch || fail 3 "$problem"
  case ${1-}:$# in
    restore:2) restore "$2" ;;
    rollback:1 | rollback:2) rollback "${2-}" ;;
    drop-old:1 | drop-old:2) drop_old "${2-}" ;;
    *) fail 2 'call "restore.sh restore NAME", "restore.sh rollback [NAME]" or "restore.sh drop-old [NAME]"' ;;
  esac
}

main "$@"
