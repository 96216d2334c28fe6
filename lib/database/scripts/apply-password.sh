#!/usr/bin/env bash
#
# Applies the Secret's password to the cluster before its server starts (PostgreSQL
# itself looks at POSTGRES_PASSWORD never, the image only when it makes a cluster).
# A single-user backend does it; after a crash it also does the recovery, which no
# probe can interrupt here.
#
# The password goes through a pipe from a shell builtin: into no argument list, file
# or environment of another program; what could log the statement is switched off
# for this backend.
#
# Arguments: the server's own, -c NAME=VALUE..., so that recovery finds the settings it needs.
#
# Environment:
#   PGDATA             path of the data directory below VOLUME_ROOT
#   POSTGRES_USER      role whose password it is
#   POSTGRES_PASSWORD  the password, any bytes
#   POSTGRES_DB        database that apps use; only looked for
#   LOCK_FILE, LOCK_WAIT_SECONDS, POD_NAME, NODE_NAME  see lock.sh
#   VOLUME_ROOT, EXPORT_PATH, TERMINATION_LOG          see report.sh
#   PROGRESS_SECONDS   how often to say that recovery goes on; default: 10
#
# Exit codes: 0 applied, or no cluster yet; 1 refused with the reason and the way out
set -Eeuo pipefail
# shellcheck source-path=SCRIPTDIR source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
# shellcheck source-path=SCRIPTDIR source=lock.sh
source "${BASH_SOURCE[0]%/*}/lock.sh"
: "${VOLUME_ROOT:?}" "${PGDATA:?}" "${LOCK_FILE:?}"

# literal TEXT: an SQL string on one line, for single-user mode ends a statement at each line's end.
literal() {
  local LC_ALL=C text=$1
  text=${text//\\/\\\\}
  text=${text//\'/\'\'}
  text=${text//$'\n'/\\n}
  printf "E'%s'" "$text"
}

# A killed single-user backend leaves its process number, which by chance may be one of this
# container's. The lock says that no server runs; a number that is not a postgres is stale.
clear_stale_pid() {
  local pid='' name=''
  if [[ -f $PGDATA/postmaster.pid ]]; then
    read -r pid <"$PGDATA/postmaster.pid" || true
    read -r name <"/proc/${pid#-}/comm" || true
    if [[ $name != postgres ]]; then
      rm -f -- "$PGDATA/postmaster.pid"
    fi
  fi 2>/dev/null
}

# The settings beat those in postgresql.conf and ALTER SYSTEM; single-user mode reads none of ALTER ROLE.
quiet=(
  -c exit_on_error=on -c password_encryption=scram-sha-256 -c log_destination=stderr -c logging_collector=off
  -c log_min_messages=warning -c log_statement=none -c log_duration=off -c log_min_duration_statement=-1
  -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 -c log_min_error_statement=panic
  -c debug_print_parse=off -c debug_print_rewritten=off -c debug_print_plan=off
  -c pg_stat_statements.track=none -c pgaudit.log=none
)

if [[ ! -s $PGDATA/PG_VERSION ]]; then
  say "no cluster in $PGDATA yet, no password to apply"
  exit
fi
if [[ -z ${POSTGRES_USER:-} || -z ${POSTGRES_PASSWORD:-} ]]; then
  refuse 'POSTGRES_USER or POSTGRES_PASSWORD is empty; give both in the Secret'
fi
take_lock
clear_stale_pid

user=$(literal "$POSTGRES_USER")
sql="SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_authid WHERE rolname = $user) THEN 'yes' ELSE 'no' END AS role_exists;
SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $(literal "${POSTGRES_DB:-$POSTGRES_USER}")) THEN 'yes' ELSE 'no' END AS database_exists;
ALTER ROLE \"${POSTGRES_USER//\"/\"\"}\" PASSWORD $(literal "$POSTGRES_PASSWORD");
SELECT 'yes' AS password_applied;
"
unset POSTGRES_PASSWORD

SECONDS=0
exec {answers}< <(exec postgres --single -D "$PGDATA" "$@" "${quiet[@]}" template1 < <(printf '%s' "$sql"))
backend=$!
answer=''
while true; do
  code=0
  IFS= read -r -t "${PROGRESS_SECONDS:-10}" -u "$answers" line || code=$?
  answer+="$line"
  if ((code > 128)); then
    say "PostgreSQL is still recovering after $SECONDS s; this may take as long as it wrote before the crash, leave it alone"
  elif ((code > 0)); then
    break
  fi
done
code=0
wait "$backend" || code=$?

if [[ $answer == *'role_exists = "no"'* ]]; then
  refuse "the cluster in $(named "$PGDATA") has no role \"$POSTGRES_USER\": POSTGRES_USER was changed in the Secret" \
    'the role is only made with the cluster; put the old name back, or make the new role with the old one first:' \
    "    CREATE ROLE \"${POSTGRES_USER//\"/\"\"}\" SUPERUSER LOGIN"
fi
if ((code != 0)) || [[ $answer != *'password_applied = "yes"'* ]]; then
  refuse "PostgreSQL could not apply the password of \"$POSTGRES_USER\" (exit code $code); its own lines above say why"
fi
# A warning only: in the middle of a restore the database is absent for a moment, and its server must start.
if [[ $answer == *'database_exists = "no"'* ]]; then
  say "warning: no database \"${POSTGRES_DB:-}\" in this cluster; it is only made with the cluster, create it or correct POSTGRES_DB in the Secret"
fi
say "applied the password of \"$POSTGRES_USER\" in $SECONDS s"
