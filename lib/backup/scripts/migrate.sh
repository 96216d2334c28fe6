# shellcheck shell=bash disable=SC2034,SC2154
#
# How an older backup gets the migrations of the running app. Sourced by restore.sh after common.sh and server.sh.
#
# Environment:
#   MIGRATE           `container`: another container of the pod, which has the app's image, runs migrate-restored.sh;
#                     or a command for bash, run here with PGDATABASE naming the new database [none]
#   MIGRATE_SECONDS   how long migrations may take [3600]
#   MIGRATION_TOOL    its name, as the backup's metadata has it [unknown]
#   MIGRATION_TABLE   table of the migrations that were applied, with its schema [unknown]
#   MIGRATION_QUERY   SQL that returns their ids, oldest first [unknown]
#   ACCEPT_NEWER      `yes`: a backup with migrations that the app does not have is restored all the same

MIGRATE=${MIGRATE-}
MIGRATE_SECONDS=${MIGRATE_SECONDS:-3600}

# compare_migrations METADATA
# Sets `compatibility`: compatible, needs-migration, newer, or unknown. The app has the migrations that the live
# database has: it does not start before they are applied.
compare_migrations() {
  local backup_id backup_count ids status=0
  compatibility=unknown
  backup_id=$(metadata_value "$1" migrationId)
  backup_count=$(metadata_value "$1" migrationCount)
  if [[ -z ${MIGRATION_QUERY-} || -z $backup_count || $(metadata_value "$1" migrationTool) != "${MIGRATION_TOOL-}" ]]; then
    return
  fi
  database_sql "$PGDATABASE" -v relation="${MIGRATION_TABLE-}" <<SQL || status=$?
SELECT pg_catalog.to_regclass(:'relation') IS NOT NULL OR :'relation' = '' AS known \gset
\if :known
$MIGRATION_QUERY;
\endif
SQL
  mapfile -t ids <"$scratch/rows"
  if ((status != 0)) || ((${#ids[@]} == 0)); then
    return
  fi
  if ((backup_count == 0)); then
    compatibility=needs-migration
  elif [[ ${ids[-1]} == "$backup_id" ]] && ((backup_count == ${#ids[@]})); then
    compatibility=compatible
  elif [[ $MIGRATION_TOOL == alembic ]]; then
    # It records the newest revision alone: whether another one is older cannot be told.
    return
  elif printf '%s\n' "${ids[@]}" | grep -qxF -- "$backup_id" && ((backup_count <= ${#ids[@]})); then
    compatibility=needs-migration
  else
    compatibility=newer
  fi
}

# refuse_newer METADATA
refuse_newer() {
  if [[ $compatibility != newer ]]; then
    return
  fi
  local text
  text="the backup is NEWER than the running app: its last migration, $(metadata_value "$1" migrationId), is not applied in $PGDATABASE"
  if [[ ${ACCEPT_NEWER-} == yes ]]; then
    warn "$text"
    return
  fi
  fail 10 "$text; deploy the app's release that has it first, or choose an older backup. ACCEPT_NEWER=yes restores it all the same"
}

# migrate DATABASE
migrate() {
  if [[ $compatibility == compatible || -z $MIGRATE ]]; then
    if [[ $compatibility == needs-migration ]]; then
      warn 'the backup is older than the running app and MIGRATE is not set: run the migrations before the app is used'
    fi
    return
  fi
  local status=0
  printf 'migrations: running on %s\n' "$1"
  if [[ $MIGRATE == container ]]; then
    migrate_in_container "$1"
  else
    PGDATABASE=$1 attended timeout "$MIGRATE_SECONDS" bash -c "$MIGRATE" >"$scratch/migrate" 2>&1 || status=$?
    cat -- "$scratch/migrate"
    if ((status == 124)); then
      fail 12 "the migrations are not done after $MIGRATE_SECONDS s: $(said "$scratch/migrate")"
    elif ((status != 0)); then
      fail 12 "the migrations of the running app failed on the restored data: the command $(ended "$status" "$scratch/migrate")"
    fi
  fi
  result_body+=('Migrations: run')
}

# The other container waits for the request from its start on, and leaves an answer.
migrate_in_container() {
  local answer=$RUN_DIR/migrate.result first
  leave migrate.request "$1"
  await_worker migrate "$MIGRATE_SECONDS" || fail 12 "the migrations have no result: $problem"
  IFS= read -r first <"$answer" || first=
  tail -n +2 -- "$answer"
  if [[ $first != ok ]]; then
    tail -n +2 -- "$answer" >"$scratch/migrate"
    fail 12 "the migrations of the running app failed on the restored data: $(said "$scratch/migrate")"
  fi
}
