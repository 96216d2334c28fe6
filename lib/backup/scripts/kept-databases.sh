# shellcheck shell=bash disable=SC2154 # what one file sets another reads
#
# The databases that restores and rollbacks have left under other names: one is put back in place, or they are dropped.
#
# Sourced by restore.sh after common.sh, server.sh and swap.sh.

# list_kept WHICH DAYS
# Puts the names of databases that swaps have left into $scratch/rows, newest first; of those that are older than DAYS, or
# of all when that is 0. Times in names are UTC, by the clock of the pod that swapped: the server's zone is another, and
# its clock may be behind.
list_kept() {
  maintenance_sql -v live="$PGDATABASE" -v which="$1" -v days="$2" <<'SQL' || fail 4 "the server's databases cannot be listed: $(said "$scratch/psql")"
SET TimeZone = 'UTC';
SELECT datname FROM pg_catalog.pg_database
  WHERE left(datname, length(:'live')) = :'live' AND substr(datname, length(:'live') + 1) ~ ('^_(' || :'which' || ')_[0-9]{8}_[0-9]{6}$')
    AND CASE WHEN :'days' = '0' THEN true ELSE to_timestamp(right(datname, 15), 'YYYYMMDD_HH24MISS') <= now() - :'days' * interval '1 day' END
  ORDER BY right(datname, 15) DESC
SQL
}

rollback() {
  check_settings
  begin_with_server
  if [[ $opened == yes && -z ${1-} ]]; then
    write_result ok "Database: $PGDATABASE is open again; a swap had been cut short, so nothing had to be rolled back"
    return
  fi
  list_kept 'old|undone' 0
  local incoming=${1-} newest=
  IFS= read -r newest <"$scratch/rows" || true
  # Two people may roll back at once: the second must not take the database of a restore before.
  if [[ -z $incoming && $newest == "${PGDATABASE}_undone_"* ]]; then
    fail 14 "the last restore is undone already, and what it had restored is $newest; name the database to put back$(kept_list)"
  fi
  incoming=${incoming:-$newest}
  if [[ -z $incoming ]]; then
    fail 14 "there is no ${PGDATABASE}_old_<time> to roll back to"
  elif ! grep -qxF -- "$incoming" "$scratch/rows"; then
    fail 14 "\"$incoming\" is not a database that a restore of $PGDATABASE has left$(kept_list)"
  fi
  put_in_place "$incoming" undone ''
  write_result ok "Database: $PGDATABASE is again what was $incoming" "Refused: connections for $refused s" "Undone: $kept"
}

# Prints what the last list_kept found, as the end of a sentence.
kept_list() {
  if [[ -s $scratch/rows ]]; then
    printf '; there are %s' "$(said "$scratch/rows")"
  fi
}

drop_old() {
  local names=() name
  check_settings
  begin_with_server
  list_kept 'old|undone' "$([[ -n ${1-} ]] && echo 0 || echo "$KEEP_OLD_DAYS")"
  mapfile -t names <"$scratch/rows"
  if [[ -n ${1-} ]]; then
    grep -qxF -- "$1" "$scratch/rows" || fail 14 "\"$1\" is not a database that a restore of $PGDATABASE has left$(kept_list)"
    names=("$1")
  elif ((${#names[@]} == 0)); then
    fail 14 "no restore of $PGDATABASE has left a database$( ((KEEP_OLD_DAYS == 0)) || printf ' that is older than %d days' "$KEEP_OLD_DAYS")"
  fi
  for name in "${names[@]}"; do
    maintenance_sql -v name="$name" <<<'DROP DATABASE :"name"' || fail 8 "$name cannot be dropped: $(said "$scratch/psql")"
    printf 'dropped: %s\n' "$name"
    result_body+=("Dropped: $name")
  done
  write_result ok
}
