# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# What a restore refuses before anything is touched: settings, another restore, a backup that is not whole, one that was
# restored before.
#
# Sourced by restore.sh after common.sh, ask-store.sh, metadata.sh, archive.sh and server.sh.

STAMP='[0-9]{8}_[0-9]{6}'

check_settings() {
  local problems=() name database=${PGDATABASE-}
  for name in PGHOST PGUSER PGDATABASE "$@"; do
    if [[ -z ${!name-} ]]; then
      problems+=("$name is not set")
    fi
  done
  if ((${#database} > 38)); then
    problems+=("PGDATABASE \"$database\" is longer than 38 bytes, and <database>_restore_<time> must fit into 63")
  fi
  for name in BACKUP_WAIT_SECONDS KEEP_OLD_DAYS MIGRATE_SECONDS; do
    if [[ ! ${!name} =~ ^(0|[1-9][0-9]{0,5})$ ]]; then
      problems+=("$name \"${!name}\" must be a whole number")
    fi
  done
  if [[ $MIGRATE == container || -n ${STORE-} ]] && [[ -z $RUN_DIR ]]; then
    problems+=('RUN_DIR is not set, and without it no other container of the pod can be awaited')
  fi
  if ((${#problems[@]} > 0)); then
    local text
    printf -v text '; %s' "${problems[@]}"
    fail 2 "${text:2}"
  fi
}

# Nobody else restores; what a killed run left is put right.
begin_with_server() {
  local status=0
  take_lock restore "$MAINTENANCE_DATABASE" 'mooring restore' "$PGDATABASE" || status=$?
  case $status in
    0) ;;
    1) fail 5 "another restore of $PGDATABASE is running: $lock_owner" ;;
    *) fail 4 "cannot connect to database $MAINTENANCE_DATABASE at $PGHOST:${PGPORT:-5432} as $PGUSER: $(said "$scratch/psql")" ;;
  esac
  open_closed || fail 4 "whether $PGDATABASE was left closed cannot be told: $(said "$scratch/psql")"
  drop_leftovers
}

# check_backup NAME
# Sets `metadata` and `archive`. Every byte is read before anything is touched.
check_backup() {
  local name=$1 found
  metadata=$BACKUP_DIR/$name.meta.json
  if [[ ! $name =~ ^[A-Za-z0-9._-]+$ || $name != "$FILE_PREFIX"_* || ! ${name#"$FILE_PREFIX"_} =~ ^$STAMP$ ]]; then
    fail 3 "\"$name\" is not the name of a backup; they are called ${FILE_PREFIX}_YYYYMMDD_HHMMSS"
  fi
  if [[ ${STORE-} == archives ]]; then
    printf 'backup: %s is brought from the store\n' "$name"
    ask_store backup "$name" || fail 3 "$name cannot be brought: $problem"
  fi
  if ! metadata_complete "$metadata"; then
    while IFS= read -r found; do
      if [[ -f $BACKUP_DIR/$found ]]; then
        fail 3 "$found is unverified: it has no complete $name.meta.json; run \"verify $name\" first, which reads it in full and adopts it"
      fi
    done < <(archive_names "$name")
    fail 3 "there is no backup $name in $BACKUP_DIR$(newest_backups)"
  fi
  found=$(metadata_value "$metadata" file)
  if ! archive_names "$name" | grep -qxF -- "$found"; then
    fail 3 "$name.meta.json names the file \"$found\", which is no database dump of that backup"
  fi
  archive=$BACKUP_DIR/$found
  printf 'backup: %s, reading all of it\n' "$found"
  read_archive "$archive" || fail 3 "$found cannot be restored: $archive_problem"
  if [[ $archive_sha256 != "$(metadata_value "$metadata" sha256)" ]]; then
    fail 3 "$found is not the file that was verified: its sha256 is $archive_sha256 and should be $(metadata_value "$metadata" sha256)"
  fi
}

# Prints the names of the newest backups, as the end of a sentence.
newest_backups() {
  local names=()
  shopt -s nullglob
  names=("$BACKUP_DIR/$FILE_PREFIX"_[0-9]*_[0-9]*.meta.json)
  names=("${names[@]##*/}")
  names=("${names[@]%.meta.json}")
  if ((${#names[@]} == 0)); then
    printf ', nor any other of %s' "$FILE_PREFIX"
  elif ((${#names[@]} > 5)); then
    printf '; the newest are %s' "${names[*]: -5}"
  else
    printf '; there are %s' "${names[*]}"
  fi
}

# Sets `live`: there, missing or unreachable.
look_at_live() {
  if database_sql "$PGDATABASE" <<<'SELECT 1'; then
    live=there
    return
  fi
  unreachable=$(said "$scratch/psql")
  database_id "$PGDATABASE" || fail 4 "the server's databases cannot be listed: $(said "$scratch/psql")"
  live=${id:+unreachable}
  live=${live:-missing}
}

# What was restored once under this id is not restored again, also when a Job is made anew from the same manifest.
done_before() {
  [[ -n ${RESTORE_ID-} ]] || return 1
  maintenance_sql -v live="$PGDATABASE" -v line="by $RESTORE_ID" <<'SQL' || fail 4 "former restores cannot be read: $(said "$scratch/psql")"
SELECT line FROM pg_catalog.pg_database,
    pg_catalog.regexp_split_to_table(pg_catalog.shobj_description(oid, 'pg_database'), E'\n') AS line
  WHERE (datname = :'live' OR datname ~ '_(old|undone)_[0-9]{8}_[0-9]{6}$' AND left(datname, length(:'live')) = :'live')
    AND line LIKE 'mooring: restored %' AND right(line, length(:'line') + 1) = ' ' || :'line' LIMIT 1
SQL
  [[ -s $scratch/rows ]]
}
