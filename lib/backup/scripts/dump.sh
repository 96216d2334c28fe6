# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Writes the archive and the file of roles, under temporary names, and reads them back.
#
# Sourced by backup.sh.

# store FROM PARTIAL NAME COMPRESSOR…
# Adds the stages that compress, hash and write a file, whose name will be NAME. Without encryption the file is read back
# from disk later; with it, nobody here can, so all is read on its way to `age`.
store() {
  local from=$1 partial=$2 name=$3 recipient args=()
  shift 3
  connect packed hashed
  stage zstd "$from" packed "$@"
  from=packed
  if [[ -n $AGE_RECIPIENTS ]]; then
    connect secret open counted digested content_again reread
    stage splitter packed secret,open tee --output-error=exit /dev/fd/3
    stage reader open reread,counted tee --output-error=exit /dev/fd/3
    stage counter counted digested,content_again tee --output-error=exit /dev/fd/3
    stage plain-sha256 digested "$scratch/plain-sha256" sha256sum
    stage plain-bytes content_again "$scratch/plain-bytes" wc -c
    connect content_read
    unpack "${name%.age}" reread content_read
    check_contents "${name%.age}" content_read
    for recipient in $AGE_RECIPIENTS; do
      args+=(--recipient "$recipient")
    done
    connect cipher
    stage age secret cipher age --encrypt "${args[@]}"
    from=cipher
  fi
  stage writer "$from" hashed tee --output-error=exit -- "$partial"
  stage sha256sum hashed "$scratch/sha256" sha256sum
}

# stored PARTIAL NAME WHAT
# Judges what is on disk: written out, then dropped from the page cache, so that the disk answers and not memory. Sets `file_sha256`, `file_bytes`, `plain_sha256` and `plain_bytes`.
stored() {
  read -r file_sha256 _ <"$scratch/sha256"
  file_bytes=$(stat -c %s -- "$1")
  plain_sha256=$file_sha256 plain_bytes=$file_bytes
  attended sync -- "$1" 2>"$scratch/sync" || fail 7 "$(said "$scratch/sync")"
  dd if="$1" iflag=nocache count=0 status=none 2>/dev/null || true
  if [[ -n $AGE_RECIPIENTS ]]; then
    read -r plain_sha256 _ <"$scratch/plain-sha256"
    read -r plain_bytes <"$scratch/plain-bytes"
    attended sha256sum -- "$1" >"$scratch/read-sha256" 2>"$scratch/read" || fail 7 "$3 cannot be read back: $(said "$scratch/read")"
    read -r archive_sha256 _ <"$scratch/read-sha256"
  elif ! read_archive "$1" "$2"; then
    fail 7 "$3 cannot be read back: $archive_problem"
  fi
  if [[ $archive_sha256 != "$file_sha256" ]]; then
    fail 7 "$3 cannot be read back: the disk has other bytes than were written"
  fi
}

# judge_stages SOURCE NAME
# Returns 1 with the reason in `problem` and the exit code for it in `code` when a stage failed that wrote, or that read
# on the way to `age`. First those behind the source: without them it fails too, for want of a reader.
judge_stages() {
  code=6
  if any_failed writer sha256sum age zstd "$1" "${READING[@]}" counter plain-sha256 plain-bytes; then
    if [[ $problem =~ ^(gzip\ -dc|zstd\ -dc|pg_restore|tail)\  ]]; then
      problem="what was written cannot be read: $problem"
      code=7
    fi
    return 1
  fi
  if [[ -n $AGE_RECIPIENTS ]] && ! contents_are_whole "${2%.age}"; then
    problem="what was written cannot be read: $archive_problem"
    code=7
    return 1
  fi
}

# Sets `problem`, empty when all went well. pg_dump and all that is told about the dump use the same snapshot.
try_dump() {
  local status=0 uncounted lost=
  take_snapshot || status=$?
  if ((status != 0)); then
    return 0
  fi
  connect content
  stage pg_dump /dev/null content pg_dump --format="$FORMAT" "${dump_options[@]}" --snapshot="$snapshot" --no-password \
    --lock-wait-timeout="$LOCK_MILLISECONDS"
  store content "$archive_partial" "x$archive_end" "${compressor[@]}"
  close_pipes
  describe_database || status=$?
  uncounted=$problem
  await_stages
  if ((status == 2)); then
    lost=$uncounted
  elif ! release_snapshot; then
    lost=$problem
  fi
  if judge_stages pg_dump "x$archive_end"; then
    problem=
    if ((status != 0)); then
      problem="the rows could not be counted: $uncounted"
    fi
  fi
  # Without its snapshot pg_dump fails, too, but that is not why.
  if [[ -n $problem && -n $lost ]]; then
    problem="the session that holds the snapshot ended: $lost"
  fi
}

# Writes what the snapshot shows: the rows of each table, the fingerprint of the schema, the size, the migrations. psql does
# not say when a file that it writes is cut short, for want of space: so nothing comes through its files.
describe_database() {
  local error
  session_do "$(row_counts_script)" || return
  : >"$scratch/rows"
  if ((${#answer[@]} > 0)) && ! error=$({ printf '%s\n' "${answer[@]}" >"$scratch/rows"; } 2>&1); then
    problem="$scratch/rows cannot be written: ${error##*: }"
    return 1
  fi
  session_do "\\o |sha256sum >'$scratch/schema'
$(schema_script)
\\o
SELECT pg_database_size(current_database());" || return
  database_bytes=${answer[0]}
  read -r fingerprint _ <"$scratch/schema" || fingerprint=
  if [[ ! $fingerprint =~ ^[0-9a-f]{64}$ ]]; then
    problem="$scratch/schema cannot be written"
    return 1
  fi
  describe_migrations
}

# Migrations that cannot be read are unknown, and no reason to have no backup. What comes last tells whether all before it
# did well; behind a query that ends with a semicolon the second one is an empty statement, which always does.
describe_migrations() {
  local status=0
  migration_tool='' migration_id='' migration_count=
  if [[ -z ${MIGRATION_QUERY-} ]]; then
    return 0
  fi
  session_do "SAVEPOINT migrations;
SELECT to_regclass('${MIGRATION_TABLE-}') IS NOT NULL OR '${MIGRATION_TABLE-}' = '' AS known \\gset
\\if :known
$MIGRATION_QUERY
;
\\endif
RELEASE SAVEPOINT migrations;" || status=$?
  if ((status == 0)); then
    migration_tool=${MIGRATION_TOOL-}
    migration_count=${#answer[@]}
    if ((migration_count > 0)); then
      migration_id=${answer[-1]}
    fi
  elif ((status == 2)); then
    return 2
  else
    printf 'the migrations are unknown: %s\n' "$problem" >&2
    session_do 'ROLLBACK TO SAVEPOINT migrations;' || return
  fi
}

# What is said of a table that was dropped after it was listed.
DROPPED='relation "[^"]*(""[^"]*)*" does not exist|could not open relation with OID|cache lookup failed for relation'

# A lock that somebody else holds passes, a table that is dropped is no longer wanted, and a server may restart once.
dump() {
  local begun restarted=no code=6
  read_ticks
  begun=$ticks
  while true; do
    try_dump
    if [[ -z $problem ]]; then
      break
    elif [[ $problem =~ canceling\ statement\ due\ to\ (statement|lock)\ timeout|LOCK\ TABLE || $problem =~ $DROPPED ]]; then
      await_lock "$begun" "$problem"
    elif [[ $problem =~ $PASSING && $restarted == no ]]; then
      restarted=yes
      printf 'trying again from the beginning: %s\n' "$problem" >&2
      close_session
      connect_session
    else
      fail "$code" "$problem"
    fi
  done
  cat -- "$scratch/pg_dump" >&2 || true
  read_took "$begun"
  printf 'dump: in %s s\n' "$took"
}

# await_lock TICKS REASON
# Waits a second, unless too many have passed since then.
await_lock() {
  release_snapshot || true
  find_holders
  read_ticks
  if ((ticks - $1 > LOCK_WAIT_SECONDS * 100)); then
    fail 6 "a table could not be read for $LOCK_WAIT_SECONDS s${holders:+, $holders}: $2"
  fi
  printf 'trying again: %s\n' "${holders:-$2}" >&2
  pause 1
}

# Roles with their memberships and settings, then what the database itself has; `:DBNAME` is the one that psql is
# connected to, so that it can have another name.
dump_roles() {
  # Settings that are lists are kept quoted as they must be written.
  session_do "
    SELECT format('ALTER DATABASE :\"DBNAME\" OWNER TO %I;', pg_get_userbyid(datdba)) FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT format('ALTER %s SET %I TO %s;',
      CASE r.setrole WHEN 0 THEN 'DATABASE :\"DBNAME\"' ELSE format('ROLE %I IN DATABASE :\"DBNAME\"', pg_get_userbyid(r.setrole)) END,
      s.name, CASE WHEN s.name ~ '^(search_path|temp_tablespaces|.*_preload_libraries)$' THEN s.value ELSE quote_literal(s.value) END)
    FROM pg_db_role_setting r JOIN pg_database d ON d.oid = r.setdatabase, unnest(r.setconfig) c,
      LATERAL (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value) s
    WHERE d.datname = current_database()
    UNION ALL
    SELECT 'REVOKE ALL ON DATABASE :\"DBNAME\" FROM PUBLIC;' FROM pg_database WHERE datname = current_database() AND datacl IS NOT NULL
    UNION ALL
    SELECT format('GRANT %s ON DATABASE :\"DBNAME\" TO %s%s;', g.privilege_type,
      CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
      CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_database d, aclexplode(d.datacl) g WHERE d.datname = current_database();" ||
    fail 6 "the grants of the database cannot be read: $problem"
  printf '%s\n' "${answer[@]}" >"$scratch/database"
  connect content
  stage pg_dumpall /dev/null content roles_and_database
  store content "$roles_partial" "x$roles_end" zstd -q -c --format=gzip -1
  close_pipes
  await_stages
  judge_stages pg_dumpall "x$roles_end" || fail "$code" "$problem"
  stored "$roles_partial" "x$roles_end" 'the file of roles'
  roles_bytes=$file_bytes roles_sha256=$file_sha256
}

roles_and_database() {
  pg_dumpall --roles-only --no-role-passwords --no-password --database="$PGDATABASE" || return
  printf -- '--\n-- Settings and grants of the database\n--\n\n'
  cat -- "$scratch/database"
  printf -- '\n--\n-- PostgreSQL database cluster dump complete\n--\n\n'
}
