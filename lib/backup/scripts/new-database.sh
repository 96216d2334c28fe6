# shellcheck shell=bash disable=SC2034,SC2154
#
# The database that a backup is loaded into, beside the live one. Sourced by restore.sh after common.sh, server.sh,
# metadata.sh, archive.sh and contents.sh; its .sql files lie in the same folder.

new_database_files=$(dirname -- "${BASH_SOURCE[0]}")
new_database= # known before it exists, so that a signal in between leaves nothing

# create_new_database NAME
create_new_database() {
  new_database=$1
  maintenance_sql -v live="$PGDATABASE" -v target="$1" <"$new_database_files/create-database.sql" ||
    fail 8 "database $1 cannot be created: $(said "$scratch/psql")"
}

# Sessions that still load into it are ended with it. A pod that is being stopped has no time to wait for a server that
# hangs.
drop_new_database() {
  if [[ -n $new_database ]]; then
    printf 'dropping %s\n' "$new_database" || true
    timeout 20 psql -XAtq --no-password -v ON_ERROR_STOP=1 -v name="$new_database" -d "$MAINTENANCE_DATABASE" \
      <<<'DROP DATABASE IF EXISTS :"name" WITH (FORCE)' ||
      printf 'database %s could not be dropped; the next restore drops it\n' "$new_database" >&2
  fi
}

# Half-loaded databases of restores that were killed. Their names are those of a restore and nothing else.
drop_leftovers() {
  maintenance_sql -v live="$PGDATABASE" <<'SQL' || fail 4 "what a killed restore left cannot be dropped: $(said "$scratch/psql")"
SELECT pg_catalog.format('DROP DATABASE %I WITH (FORCE)', datname), pg_catalog.format('SELECT %L', datname)
  FROM pg_catalog.pg_database
  WHERE left(datname, -15) = :'live' || '_restore_' AND right(datname, 15) ~ '^[0-9]{8}_[0-9]{6}$' \gexec
SQL
  local name
  while IFS= read -r name; do
    printf 'dropped: %s, which a restore that was killed had left\n' "$name"
  done <"$scratch/rows"
}

# check_free_space BYTES
# Refuses a volume that is too small, on which the live database could not write any more either. Loading needs the
# data, indexes while they are built, and the log of it all.
check_free_space() {
  local bytes=$1 free log live status=0
  maintenance_sql -v live="$PGDATABASE" <"$new_database_files/free-space.sql" || status=$?
  if ((status != 0)); then
    warn "the free space of the server cannot be read, so nothing was refused for want of it: $(said "$scratch/psql")"
    return
  fi
  IFS='|' read -r free log live <"$scratch/rows"
  if [[ -z $bytes ]]; then
    bytes=$((${live:-0} * 1024))
  fi
  if [[ -z $free ]] || ((bytes == 0)); then
    warn 'the size of the database or the free space on the server is not known, so nothing was refused for want of it'
    return
  fi
  local data=$((bytes * 3 / 2 / 1024))
  local needed=$((data + (log < data ? log : data)))
  printf 'space: %s free on the server, %s needed\n' "$(human_bytes $((free * 1024)))" "$(human_bytes $((needed * 1024)))"
  if ((free < needed)); then
    fail 9 "the server has $(human_bytes $((free * 1024))) free and $(human_bytes $((needed * 1024))) are needed: 1.5 times the $(human_bytes "$bytes") of the database, and the write-ahead log of loading it; make the volume larger, or drop what \"drop-old\" lists"
  fi
}

# compare_rows METADATA DATABASE
# Refuses a database that has not exactly the rows of the metadata, and names the tables.
compare_rows() {
  local line table tables differences=()
  local -A expected=() found=()
  attended row_counts -d "$2" >"$scratch/counts" 2>"$scratch/psql" ||
    fail 11 "the rows that were restored cannot be counted: $(said "$scratch/psql")"
  while IFS= read -r line; do
    expected[${line%: *}]=${line##*: }
  done < <(row_counts_of "$1")
  while IFS= read -r line; do
    found[${line%: *}]=${line##*: }
  done <"$scratch/counts"
  mapfile -t tables < <(printf '%s\n' "${!expected[@]}" "${!found[@]}" | sort -u)
  for table in "${tables[@]}"; do
    if [[ -n $table && ${expected[$table]-none} != "${found[$table]-none}" ]]; then
      differences+=("$table has ${found[$table]-none} and should have ${expected[$table]-none}")
    fi
  done
  if ((${#differences[@]} > 0)); then
    local text more=
    printf -v text '; %s' "${differences[@]:0:10}"
    if ((${#differences[@]} > 10)); then
      more="; and $((${#differences[@]} - 10)) more"
    fi
    fail 11 "rows are not as they were backed up: ${text:2}$more"
  fi
}

# compare_schema METADATA DATABASE
# Sets `schema_is_same` to yes when it was compared and is as it was.
compare_schema() {
  local expected found major
  schema_is_same=no
  expected=$(metadata_value "$1" schemaFingerprint)
  if [[ -z $expected ]]; then
    warn 'the schema was not compared: the backup was adopted, so nobody recorded what it was'
    return
  fi
  attended schema_fingerprint -d "$2" >"$scratch/fingerprint" 2>"$scratch/psql" ||
    fail 11 "the schema that was restored cannot be read: $(said "$scratch/psql")"
  found=$(<"$scratch/fingerprint")
  if [[ $expected == "$found" ]]; then
    schema_is_same=yes
    return
  fi
  maintenance_sql <<<"SELECT pg_catalog.current_setting('server_version_num')::int / 10000" ||
    fail 11 "the schema's fingerprint differs from the backup's, and the version of this server cannot be read: $(said "$scratch/psql")"
  major=$(<"$scratch/rows")
  if [[ $(metadata_value "$1" serverVersion) == "$major".* ]]; then
    fail 11 'the schema is not as it was backed up: its fingerprint differs, though each row is there'
  fi
  warn "the schema's fingerprint differs from the backup's, which is of PostgreSQL $(metadata_value "$1" serverVersion); this server is of $major and may only write it differently"
}

# unpack_roles FILE
# Writes the roles file of a backup, decrypted and decompressed, to $scratch/roles.
unpack_roles() {
  connect stored
  stage reader "$1" stored cat
  unpack "$1" stored "$scratch/roles"
  close_pipes
  await_stages
  if any_failed "${READING[@]}"; then
    fail 3 "${1##*/} cannot be read: $problem"
  fi
}

# Makes the roles of $scratch/roles that this server does not have, with their settings and memberships, without
# passwords. Roles that exist are left as they are.
make_missing_roles() {
  local line name
  local -A existing=() missing=()
  maintenance_sql <<<'SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles' ||
    fail 4 "the server's roles cannot be read: $(said "$scratch/psql")"
  while IFS= read -r name; do
    existing[$name]=yes
  done <"$scratch/rows"
  while IFS= read -r line; do
    if [[ $line =~ ^CREATE\ ROLE\ (.+)\;$ && -z ${existing[${BASH_REMATCH[1]}]-} ]]; then
      missing[${BASH_REMATCH[1]}]=yes
    fi
  done <"$scratch/roles"
  if ((${#missing[@]} == 0)); then
    return
  fi
  while IFS= read -r line; do
    if [[ $line =~ ^(CREATE|ALTER)\ ROLE\ (\"([^\"]|\"\")+\"|[^\ \;]+) && -n ${missing[${BASH_REMATCH[2]}]-} && $line != *' IN DATABASE '* ]] ||
      [[ $line =~ ^GRANT\ .*\ TO\ (\"([^\"]|\"\")+\"|[^\ \;]+) && $line != *' ON '* && -n ${missing[${BASH_REMATCH[1]}]-} ]]; then
      # Who granted a membership may not exist here.
      printf '%s\n' "${line/% GRANTED BY */;}"
    fi
  done <"$scratch/roles" >"$scratch/missing-roles"
  maintenance_sql -1 <"$scratch/missing-roles" || fail 8 "the roles of the backup cannot be made: $(said "$scratch/psql")"
  warn "roles that were missing are made without passwords: ${!missing[*]}"
}

# copy_settings DATABASE
# Gives it what the live database has as a whole; when there is none, what the roles file of the backup says.
copy_settings() {
  if [[ $live == missing ]]; then
    if [[ -e $scratch/roles ]]; then
      sed -n '/^-- Settings and grants of the database$/,$p' -- "$scratch/roles" >"$scratch/own"
      database_sql "$1" -1 <"$scratch/own" || fail 8 "$1 cannot be given the settings and grants of the backup: $(said "$scratch/psql")"
    fi
    return
  fi
  maintenance_sql -v live="$PGDATABASE" -v target="$1" <"$new_database_files/copy-settings.sql" ||
    fail 8 "settings and grants of $PGDATABASE cannot be given to $1: $(said "$scratch/psql")"
}
