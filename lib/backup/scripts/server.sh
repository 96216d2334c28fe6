# shellcheck shell=bash disable=SC2034,SC2154
#
# How a restore talks to the server. Sourced by bash scripts after common.sh.
#
# Environment:
#   MAINTENANCE_DATABASE  where statements about databases as a whole are given [postgres; template1 when PGDATABASE is
#                         postgres]: nobody can rename the database that he is in

if [[ ${PGDATABASE-} == postgres ]]; then
  MAINTENANCE_DATABASE=${MAINTENANCE_DATABASE:-template1}
else
  MAINTENANCE_DATABASE=${MAINTENANCE_DATABASE:-postgres}
fi

# database_sql DATABASE [psql options] < statements
# Rows go to $scratch/rows, what psql says to $scratch/psql. Stops at the first error and returns psql's status.
database_sql() {
  local database=$1 status=0
  shift
  cat >"$scratch/statements"
  attended psql -XAtq --no-password -v ON_ERROR_STOP=1 -v SHOW_CONTEXT=never -d "$database" "$@" \
    -f "$scratch/statements" >"$scratch/rows" 2>"$scratch/messages" || status=$?
  # Nobody needs to know where the statements lay.
  sed "s|^psql:$scratch/statements:[0-9]*: ||" "$scratch/messages" >"$scratch/psql"
  return "$status"
}

# maintenance_sql [psql options] < statements
maintenance_sql() {
  database_sql "$MAINTENANCE_DATABASE" "$@"
}

# database_id NAME
# Sets `id` to the oid of a database, which a new name does not change, or to nothing when there is none of that name.
database_id() {
  id=
  maintenance_sql -v name="$1" <<<"SELECT oid FROM pg_catalog.pg_database WHERE datname = :'name'" || return
  id=$(<"$scratch/rows")
}

declare -A lock_input=() lock_holder=()

# take_lock NAME DATABASE KEY1 KEY2
# Takes an advisory lock that a session of its own holds until `release_lock NAME` or the end of this script, however it
# ends. Returns 1 when somebody else has it, who is named in `lock_owner`, and 2 when the server cannot be asked.
take_lock() {
  local input output answer fifo=$scratch/$1.lock
  mkfifo -m 600 -- "$fifo.in" "$fifo.out"
  psql -XAtq --no-password -v ON_ERROR_STOP=1 -d "$2" -v key1="$3" -v key2="$4" <"$fifo.in" >"$fifo.out" 2>"$scratch/psql" &
  children[$!]=$1
  lock_holder[$1]=$!
  exec {input}>"$fifo.in" {output}<"$fifo.out"
  lock_input[$1]=$input
  private_fds+=("$input")
  cat >&"$input" <<'EOS' || true
SET idle_session_timeout = 0;
SELECT CASE WHEN pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext(:'key1'), pg_catalog.hashtext(:'key2')) THEN 'taken'
  ELSE 'held by ' || coalesce((
    SELECT pg_catalog.string_agg(pg_catalog.format('%s, pid %s, since %s', coalesce(nullif(application_name, ''), 'a session'),
        pid, pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')), '; ')
      FROM pg_catalog.pg_locks JOIN pg_catalog.pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND objsubid = 2
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND classid::bigint = pg_catalog.hashtext(:'key1')::bigint & 4294967295
        AND objid::bigint = pg_catalog.hashtext(:'key2')::bigint & 4294967295), 'somebody') END;
EOS
  IFS= read -r answer <&"$output" || answer=
  exec {output}<&-
  case $answer in
    taken) return 0 ;;
    held*)
      lock_owner=${answer#held by }
      release_lock "$1"
      return 1
      ;;
    *)
      release_lock "$1"
      return 2
      ;;
  esac
}

# release_lock NAME
release_lock() {
  local input=${lock_input[$1]-}
  if [[ -n $input ]]; then
    # A word, not only end-of-file: what runs in the background may have inherited the descriptor. psql may be gone
    # already, for want of a password for example, and that must not stop this script.
    (
      trap '' PIPE
      printf '\\q\n' >&"$input"
    ) 2>/dev/null || true
    exec {input}>&-
    await "${lock_holder[$1]}" || true
    unset "lock_input[$1]" "lock_holder[$1]"
  fi
}
