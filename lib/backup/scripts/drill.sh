#!/usr/bin/env bash
#
# Restores the newest backup into a throwaway server inside its own pod, and compares what is there with what was backed
# up: rows of every table, schema, the platform's own checks; rehearses the next release's migrations when it is asked to.
# The live database is neither read nor reached.
#
# Runs in the official Debian postgres image of the server's major version, with this folder's other files beside it.
#
# Environment:
#   FILE_PREFIX      required: first part of the backups' names
#   BACKUP_DIR       folder of the backups [/backups]
#   DRILL_DIR        empty folder for the throwaway server's data [/drill]
#   DRILL_PORT       its port on 127.0.0.1, for the container that rehearses migrations [5432]
#   RUN_DIR          folder that the containers of the pod share [none]
#   CHECKS           file of SQL: each row that it returns is the name of a check and whether it holds [none]
#   MIGRATE          `container`: another container of the pod runs migrate-restored.sh [none]
#   MIGRATE_SECONDS  how long migrations may take [3600]
#   STORE            `archives`: the backups lie in an S3 store, and the container `store` of the pod brings the newest [none]
#   AGE              `container`: the container `age` of the pod brings that program [none: it is here]
#   AGE_IDENTITY     file with the key of encrypted backups
#
# Exit codes:
#   0  the backup is restored, and all is as it was
#   1  something that was not foreseen; the line is named
#   2  a setting is missing or wrong
#   3  there is no verified backup, or it is not whole
#   7  the backup cannot be loaded
#   8  the throwaway server, or its roles, cannot be made
#   9  too little space in DRILL_DIR
#   11 what was loaded is not what was backed up
#   12 the migrations failed
#   15 a check does not hold
#   128 + n  stopped by signal n (130: SIGINT, 143: SIGTERM; a deadline or a deleted pod)
set -Eeuo pipefail
umask 0027
export TZ=UTC0

# Nothing of a live server's address may be left over.
unset PGHOSTADDR PGSERVICE PGPASSWORD PGPASSFILE
DRILL_DIR=${DRILL_DIR:-/drill}
DRILL_PORT=${DRILL_PORT:-5432}
export PGHOST=$DRILL_DIR PGPORT=$DRILL_PORT PGUSER=postgres PGDATABASE=postgres PGAPPNAME=drill
MAINTENANCE_DATABASE=postgres

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
. "$here/new-database.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/migrate.sh"

TASK=drill
BACKUP_DIR=${BACKUP_DIR:-/backups}
CHECKS=${CHECKS-}

data=$DRILL_DIR/data
server=     # process of the throwaway server
compatibility=needs-migration # a rehearsal runs all that the next release brings

clean_up_task() {
  if [[ -n $server ]]; then
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf -- "$data"
}

check_settings() {
  local problems=()
  if [[ -z ${FILE_PREFIX-} ]]; then
    problems+=('FILE_PREFIX is not set')
  fi
  if [[ -n $CHECKS && ! -r $CHECKS ]]; then
    problems+=("CHECKS \"$CHECKS\" is not a file that can be read")
  fi
  if [[ ! $MIGRATE_SECONDS =~ ^[1-9][0-9]{0,5}$ ]]; then
    problems+=("MIGRATE_SECONDS \"$MIGRATE_SECONDS\" must be a whole number from 1 to 999999")
  fi
  if [[ -n $MIGRATE && ( $MIGRATE != container || -z $RUN_DIR ) ]]; then
    problems+=("MIGRATE \"$MIGRATE\" is possible only as \"container\", with RUN_DIR set")
  fi
  if [[ ! -w $DRILL_DIR ]]; then
    problems+=("DRILL_DIR \"$DRILL_DIR\" is not a folder that can be written to; mount an emptyDir there")
  fi
  if ((${#problems[@]} > 0)); then
    local text
    printf -v text '; %s' "${problems[@]}"
    fail 2 "${text:2}"
  fi
}

# Sets `name`, `metadata` and `archive` of the newest verified backup, and reads every byte of it.
choose_backup() {
  local file candidates=()
  shopt -s nullglob
  candidates=("$BACKUP_DIR/${FILE_PREFIX}"_[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9][0-9][0-9].meta.json)
  metadata=
  # The names sort by time.
  for file in "${candidates[@]}"; do
    if metadata_complete "$file"; then
      metadata=$file
    fi
  done
  if [[ -z $metadata ]]; then
    fail 3 "there is no verified backup of $FILE_PREFIX in $BACKUP_DIR; nothing could be restored today"
  fi
  name=$(basename -- "$metadata" .meta.json)
  result_body+=("Backup: $name")
  archive=$BACKUP_DIR/$(metadata_value "$metadata" file)
  printf 'backup: %s, reading all of it\n' "${archive##*/}"
  read_archive "$archive" || fail 3 "${archive##*/} is not whole: $archive_problem"
  if [[ $archive_sha256 != "$(metadata_value "$metadata" sha256)" ]]; then
    fail 3 "${archive##*/} is not the file that was verified: its sha256 is $archive_sha256 and should be $(metadata_value "$metadata" sha256)"
  fi
}

# Loading needs the data, indexes while they are built, and a log that is thrown away as it goes.
check_space() {
  local bytes free
  bytes=$(metadata_value "$metadata" databaseBytes)
  free=$(df -P --block-size=1 -- "$DRILL_DIR" | awk 'NR == 2 { print $4 }')
  if [[ -n $bytes ]] && ((free < bytes * 3 / 2)); then
    fail 9 "$DRILL_DIR has $(human_bytes "$free") free and $(human_bytes $((bytes * 3 / 2))) are needed, 1.5 times the database"
  fi
}

# A server that survives nothing and is quick for it; only this pod reaches 127.0.0.1.
start_server() {
  rm -rf -- "$data"
  attended initdb --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    >"$scratch/initdb" 2>&1 || fail 8 "no throwaway server can be made: $(said "$scratch/initdb")"
  postgres -D "$data" -c listen_addresses=127.0.0.1 -c port="$DRILL_PORT" -c unix_socket_directories="$DRILL_DIR" \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 \
    -c shared_buffers=64MB -c max_wal_size=256MB -c dynamic_shared_memory_type=mmap -c logging_collector=off \
    >"$scratch/server" 2>&1 &
  server=$!
  until pg_isready -q -t 1; do
    kill -0 "$server" 2>/dev/null || fail 8 "the throwaway server does not start: $(said "$scratch/server")"
    pause 0.1
  done
}

load() {
  local begun roles
  read_ticks
  begun=$ticks
  roles=$(metadata_value "$metadata" rolesFile)
  if [[ -n $roles ]]; then
    unpack_roles "$BACKUP_DIR/$roles" || fail 3 "$roles cannot be read: $archive_problem"
    make_missing_roles "$scratch/roles"
  fi
  PGDATABASE=$(metadata_value "$metadata" database)
  if [[ $PGDATABASE != postgres ]]; then
    maintenance_sql -v name="$PGDATABASE" <<<'CREATE DATABASE :"name" TEMPLATE template0' ||
      fail 8 "database $PGDATABASE cannot be made: $(said "$scratch/psql")"
  fi
  load_archive "$archive" "$PGDATABASE" || fail 7 "${archive##*/} cannot be loaded: $archive_problem"
  compare_rows "$metadata" "$PGDATABASE"
  compare_schema "$metadata" "$PGDATABASE"
  read_took "$begun"
  result_body+=("Rows: $(human_number "$(metadata_value "$metadata" rows)") in $(metadata_value "$metadata" tables) tables, as they were backed up"
    "Restored in: $took s")
  printf 'restored: all rows%s are as they were backed up, in %s s\n' "$([[ $schema_is_same == no ]] || echo ' and the schema')" "$took"
}

run_checks() {
  if [[ -z $CHECKS ]]; then
    return
  fi
  local check holds count=0 broken=()
  database_sql "$PGDATABASE" -F $'\x1f' <"$CHECKS" || fail 15 "the checks cannot be run: $(said "$scratch/psql")"
  while IFS=$'\x1f' read -r check holds; do
    count=$((count + 1))
    if [[ $holds != t ]]; then
      broken+=("$check")
    fi
  done <"$scratch/rows"
  if ((count == 0)); then
    fail 15 'the checks returned no row; each must return its name and whether it holds'
  elif ((${#broken[@]} > 0)); then
    local text
    printf -v text '; %s' "${broken[@]}"
    fail 15 "${#broken[@]} of $count checks do not hold: ${text:2}"
  fi
  result_body+=("Checks: $count hold")
  printf 'checks: %d hold\n' "$count"
}

# The migrations of the next release, on the restored copy: how long they take, and how long they lock what people read.
rehearse() {
  if [[ -z $MIGRATE ]]; then
    return
  fi
  local begun sampler
  read_ticks
  begun=$ticks
  cat >"$scratch/locks.sql" <<'SQL'
SELECT extract(epoch FROM clock_timestamp()), pid, relation::regclass FROM pg_locks
  WHERE mode = 'AccessExclusiveLock' AND granted AND locktype = 'relation' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation >= 16384
\watch 0.05
SQL
  psql -XAtq -F $'\x1f' -f "$scratch/locks.sql" >"$scratch/locks" 2>/dev/null &
  sampler=$!
  children[$sampler]='sampling of locks'
  migrate "$PGDATABASE"
  read_took "$begun"
  kill "$sampler" 2>/dev/null || true
  await "$sampler" || true
  result_body+=("Migrations of the next release: $took s, $(longest_lock)")
  printf 'rehearsed: the migrations ran in %s s; %s\n' "$took" "$(longest_lock)"
}

# Prints the longest time that one session held one table exclusively, as it was seen every 50 ms.
longest_lock() {
  awk -F '\037' 'NF == 3 && $1 + 0 > 0 {
      key = $2 " " $3
      if (!(key in last) || $1 - last[key] > 1) first[key] = $1
      last[key] = $1
      if ($1 - first[key] >= longest) { longest = $1 - first[key]; table = $3 }
    }
    END { if (table == "") print "no table was locked for longer than 0.05 s"
      else printf "%s was locked exclusively for %.1f s\n", table, longest }' "$scratch/locks"
}

main() {
  local begun
  read_ticks
  begun=$ticks
  begin_run drill
  make_scratch || fail 3 "$problem"
  check_settings
  await_age || fail 3 "$problem"
  if [[ ${STORE-} == archives ]]; then
    await_store || fail 3 "the newest backup cannot be brought: $problem"
  fi
  choose_backup
  check_space
  start_server
  load
  run_checks
  rehearse
  read_took "$begun"
  write_result ok "Duration: $took s"
  printf 'drill complete: backup=%s seconds=%s\n' "$name" "$took"
}

main
