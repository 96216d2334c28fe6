# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# A session of psql beside the dump. It holds the lock that only one backup can have, and the snapshot that the dump and
# everything told about it come from.
#
# Sourced by bash scripts after common.sh and contents.sh; `make_scratch` must have been called.
#
# Environment:
#   CONNECT_TRIES          how often a server that is starting or not there is tried [5]
#   CONNECT_PAUSE_SECONDS  between two tries [15]

CONNECT_TRIES=${CONNECT_TRIES:-5}
CONNECT_PAUSE_SECONDS=${CONNECT_PAUSE_SECONDS:-15}

# No longer than this does anybody wait for a lock behind the backup: migrations queue behind it, and everybody else
# behind them.
LOCK_MILLISECONDS=2000

# After two minutes without a sign the server ends a session whose node or network is gone; by itself it does so after two
# hours. Until then the session has the lock of all backups, and tables that a migration waits for.
NOTICE_LOSS='SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 4;'

# Failures that pass by themselves.
PASSING='Connection refused|starting up|shutting down|in recovery mode|not yet accepting connections|timeout expired|server closed the connection|terminating connection|connection to server was lost|no connection to the server|Connection reset|Connection timed out|could not translate host name|No route to host|too many clients|remaining connection slots'

session_pid=  # of psql; empty without a session
lock_session= # the session that has the lock, as a row of SQL
snapshot=     # name of the exported snapshot
answer=()     # lines of the last answer

# open_session APPLICATION_NAME
# Returns 1 with the reason in `problem`.
open_session() {
  local try
  for ((try = 1; ; try++)); do
    begin_session "$1"
    if session_do "$(session_settings) $NOTICE_LOSS"; then
      return 0
    fi
    close_session
    if [[ ! $problem =~ $PASSING ]] || ((try >= CONNECT_TRIES)); then
      return 1
    fi
    printf 'no connection yet: %s\n' "$problem" >&2
    pause "$CONNECT_PAUSE_SECONDS"
  done
}

begin_session() {
  local from_here to_here
  make_pipe
  from_here=$read_end session_in=$write_end
  make_pipe
  session_out=$read_end to_here=$write_end
  private_fds+=("$session_in" "$session_out")
  : >"$scratch/session"
  (
    exec <&"$from_here" >&"$to_here" {from_here}>&- {to_here}>&- {session_in}>&- {session_out}>&-
    PGAPPNAME=$1 exec psql -XAtq --no-password
  ) 2>>"$scratch/session" &
  session_pid=$!
  children["$session_pid"]=session
  exec {from_here}>&- {to_here}>&-
}

close_session() {
  if [[ -n $session_pid ]]; then
    exec {session_in}>&- {session_out}>&-
    private_fds=("$log_fd")
    await "$session_pid" || true
    session_pid=
  fi
}

# session_do LINES
# Runs SQL and commands of psql, and sets `answer`. Returns 1 when the last statement failed, and 2 when the session has
# ended, with the reason in `problem`. In a transaction one failure makes all later statements fail.
session_do() {
  local line begun='' status=0 end='end of the answer'
  answer=()
  trap '' PIPE
  { printf '%s\n\\echo %s :ERROR\n' "$1" "$end" >&"$session_in"; } 2>/dev/null || true
  trap 'interrupted PIPE 13' PIPE
  while true; do
    # A signal is answered between two readings.
    IFS= read -r -t 1 -u "$session_out" line || status=$?
    # When the time is up in the middle of a line, its beginning is kept.
    line=$begun$line begun=''
    if ((status == 0)); then
      case $line in
        "$end false") return 0 ;;
        "$end true")
          problem=$(said "$scratch/session")
          : >"$scratch/session"
          return 1
          ;;
      esac
      answer+=("$line")
    elif ((status <= 128)); then
      # psql writes its last words before it goes.
      local code=0
      await "$session_pid" || code=$?
      problem="psql $(ended "$code" "$scratch/session")"
      return 2
    else
      begun=$line
    fi
    status=0
  done
}

# Where the network broke, the server may not know for hours that this run's former session is gone. It would keep the
# lock, and this run would take itself for another one.
end_lost_session() {
  if [[ -z $lock_session ]]; then
    return 0
  fi
  local session="pg_stat_activity WHERE (pid, backend_start) = $lock_session"
  for _ in {1..50}; do
    session_do "SELECT pg_terminate_backend(pid) FROM $session;" || break
    ((${#answer[@]} > 0)) || break
    pause 0.2
  done
  lock_session=
}

# only_one PREFIX
# Takes the lock of all backups with this prefix in this database. Returns 1 with its holder in `problem` when another
# session has it, 2 when the session has ended.
only_one() {
  local keys="hashtext('mooring backup'), hashtext('$1')"
  end_lost_session
  session_do "SELECT pg_try_advisory_lock($keys);" || return 2
  if [[ ${answer[0]-} == t ]]; then
    session_do "SELECT format('(%s, %L)', pid, backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid();" || return 2
    lock_session=${answer[0]-}
    return 0
  fi
  session_do "
    SELECT a.application_name || coalesce(' since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') || ' UTC', '')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid), (SELECT $keys) k(a, b)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.classid::bigint = k.a & 4294967295 AND l.objid::bigint = k.b & 4294967295
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());" || return 2
  problem=${answer[0]-a run that has just ended}
  return 1
}

# Locks every table against changes of its form, so that it looks to this session as it does to pg_dump, and exports a
# snapshot: sets `snapshot`. Returns like session_do.
take_snapshot() {
  local status=0
  session_do "
    SELECT coalesce('LOCK TABLE ' || string_agg(format('ONLY %I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE',
      'SELECT') AS lock_tables
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $DUMPED_TABLE \\gset
    BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL statement_timeout = $LOCK_MILLISECONDS;
    :lock_tables;
    SET LOCAL statement_timeout = 0;
    SELECT pg_export_snapshot();" || status=$?
  if ((status == 0)); then
    snapshot=${answer[0]}
  fi
  return "$status"
}

# Lets go of the snapshot and of the tables. Returns like session_do.
release_snapshot() {
  session_do 'ROLLBACK;'
}

# Sets `holders`: which tables somebody holds so that they cannot be read, and who; empty when there are none.
find_holders() {
  holders=
  session_do "
    SELECT string_agg(format('%s is held by %s (process %s)', l.relation::regclass, coalesce(nullif(a.application_name, ''), a.usename), l.pid), ', ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());" || return 0
  holders=${answer[0]-}
}
