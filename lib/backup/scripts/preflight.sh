# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Refuses a backup that cannot succeed before anything is touched. Each check tells all that is wrong at once.
#
# Sourced by backup.sh.

# wrong NAME PATTERN MEANING
# Adds to `problems` when the setting does not match the pattern.
wrong() {
  if [[ ! ${!1} =~ ^($2)$ ]]; then
    problems+=("$1 \"${!1}\" must be $3")
  fi
}

check_settings() {
  local problems=() name recipient lines
  for name in PGHOST PGUSER PGDATABASE FILE_PREFIX; do
    if [[ -z ${!name-} ]]; then
      problems+=("$name is not set")
    fi
  done
  if [[ -n ${FILE_PREFIX-} ]]; then
    wrong FILE_PREFIX '[A-Za-z0-9][A-Za-z0-9._-]{0,99}' 'at most 100 letters, digits, dots, hyphens and underscores'
  fi
  wrong FORMAT 'plain|custom' 'plain or custom'
  if [[ $FORMAT == plain ]]; then
    wrong COMPRESSION_LEVEL '[1-9]' 'a whole number from 1 to 9'
  else
    wrong COMPRESSION_LEVEL '[1-9]|1[0-9]' 'a whole number from 1 to 19'
  fi
  wrong LOCK_WAIT_SECONDS '[1-9][0-9]{0,4}' 'a whole number from 1 to 99999'
  wrong CONNECT_TRIES '[1-9][0-9]{0,2}' 'a whole number from 1 to 999'
  wrong CONNECT_PAUSE_SECONDS '[0-9]{1,3}' 'a whole number from 0 to 999'
  wrong TIME_ZONE '[A-Za-z0-9_+/-]{1,64}' 'the name of a time zone'
  wrong PRUNE 'yes|no' 'yes or no'
  wrong BACKUP_KIND '|scheduled|manual|safety' 'scheduled, manual or safety'
  for recipient in $AGE_RECIPIENTS; do
    if [[ ! $recipient =~ ^age1[0-9a-z]{50,2000}$ ]]; then
      problems+=("AGE_RECIPIENTS has \"$recipient\", which is no public key of age")
    fi
  done
  if [[ -n $AGE_RECIPIENTS ]] && ! type -P age >/dev/null; then
    problems+=('AGE_RECIPIENTS is set, but there is no program age in /tools or PATH')
  fi
  if [[ $PRUNE == yes ]]; then
    mapfile -t lines < <(retention_problems)
    problems+=("${lines[@]}")
  fi
  if ((${#problems[@]} > 0)); then
    local text
    printf -v text '; %s' "${problems[@]}"
    fail 2 "${text:2}"
  fi
}

# Tries to create this run's temporary file: permission bits alone do not show what a file server allows.
check_folder() {
  if [[ ! -d $BACKUP_DIR ]]; then
    fail 3 "$BACKUP_DIR is not a folder; mount the backup volume there"
  fi
  local error owner fix=''
  # Known before it exists, so that a signal in between leaves nothing.
  partials+=("$archive_partial")
  if ! error=$({ set -C && : >"$archive_partial"; } 2>&1); then
    owner=$(stat -c 'belongs to %u:%g with mode %a' -- "$BACKUP_DIR")
    if [[ $error == *denied* || $error == *'not permitted'* ]]; then
      fix="; on the machine that holds the disk, run: chown $(id -u):$(id -g) <folder> && chmod 750 <folder>"
    fi
    fail 3 "uid $(id -u), groups $(id -G), cannot create a file in $BACKUP_DIR: ${error##*: }; it $owner$fix"
  fi
}

# Sets `dump_version` and `server_version`, without what the package adds to them.
check_versions() {
  local client server
  dump_version=$(pg_dump --version)
  dump_version=${dump_version#*) }
  dump_version=${dump_version%% *}
  client=${dump_version%%[!0-9]*}
  session_do "SELECT current_setting('server_version');" || fail 4 "the connection is lost: $problem"
  server_version=${answer[0]%% *}
  server=${server_version%%[!0-9]*}
  if ((client != server)); then
    fail 5 "pg_dump is of PostgreSQL $client, the server of $server; run the backup with the image of the server's major version, postgres:$server"
  fi
  printf 'server: PostgreSQL %s, database %s at %s:%s\n' "$server_version" "$PGDATABASE" "$PGHOST" "${PGPORT:-5432}"
}

check_privileges() {
  session_do "
    WITH thing AS (
      SELECT c.oid, c.relkind, c.relrowsecurity, n.oid AS schema, n.nspname, format('%I.%I', n.nspname, c.relname) AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE ($DUMPED_TABLE) OR (c.relkind IN ('p', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
    )
    SELECT 'USAGE on schema ' || quote_ident(nspname) FROM thing
    WHERE NOT has_schema_privilege(schema, 'USAGE') GROUP BY nspname
    UNION ALL
    (SELECT format('SELECT on %s %s', CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, name) FROM thing
    WHERE CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'SELECT') ELSE NOT has_table_privilege(oid, 'SELECT') END
    ORDER BY relkind, name)
    UNION ALL
    (SELECT 'the rows of ' || name || ' that row-level security hides' FROM thing
    WHERE relrowsecurity AND row_security_active(oid) ORDER BY name);" || fail 4 "the connection is lost: $problem"
  if ((${#answer[@]} > 0)); then
    local text
    printf -v text ', %s' "${answer[@]}"
    fail 11 "role \"$PGUSER\" cannot read everything; it lacks ${text:2}; run: GRANT pg_read_all_data TO \"$PGUSER\"; ALTER ROLE \"$PGUSER\" BYPASSRLS"
  fi
}

# Needs `previous`, the metadata of the last backup.
check_space() {
  local last free needed
  if [[ -z $previous ]]; then
    return 0
  fi
  last=$(($(metadata_value "$previous" bytes) + $(metadata_value "$previous" rolesBytes || true) + 0))
  attended df -B1 --output=avail -- "$BACKUP_DIR" >"$scratch/df" || fail 3 "the free space of $BACKUP_DIR cannot be told"
  free=$(tail -n 1 "$scratch/df")
  needed=$(((last * 13 + 9) / 10))
  if ((free < needed)); then
    fail 12 "$(human_bytes "$((free))") are free in $BACKUP_DIR, and the last backup has $(human_bytes "$last"): at least $(human_bytes "$needed") must be free; enlarge the volume or keep fewer backups"
  fi
}
