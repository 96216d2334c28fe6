#!/bin/sh
#
# Runs the migrations of an app's image on a database that was just restored, before it takes the live one's place.
#
#   sh migrate-restored.sh COMMAND [ARGUMENT…]
#
# Runs in a container of the restore's pod that has the app's image, Debian or Alpine. Waits until the restore asks, which
# it does only when the backup is older than the app, and ends when the restore ends without having asked.
#
# Environment:
#   RUN_DIR              folder that the containers of the pod share [/run/backup]
#   URL_VARIABLES        names of variables with a URL or a list like "host=… dbname=…", in which the name of the
#                        database is replaced [DATABASE_URL]
#   NAME_VARIABLES       names of variables that are the name of the database [PGDATABASE]
#   WORKER               container that asks: `restore` or `drill` [restore]
#   START_SECONDS        how long to wait for the restore's request [21600]
#
# Exit codes:
#   0  the migrations are applied, or were not asked for
#   2  called without a command, or a variable is not a URL
#   3  the restore neither asked nor ended in time
#   143  stopped by SIGTERM
#   otherwise that of the command
set -eu
umask 022

RUN_DIR=${RUN_DIR:-/run/backup}
URL_VARIABLES=${URL_VARIABLES:-DATABASE_URL}
NAME_VARIABLES=${NAME_VARIABLES:-PGDATABASE}
WORKER=${WORKER:-restore}
START_SECONDS=${START_SECONDS:-21600}
LC_ALL=C
export LC_ALL

request=$RUN_DIR/migrate.request
output=$RUN_DIR/.migrate.output
ended=$RUN_DIR/.migrate.restore-ended
watcher='' child=''

# answer ok|failed TEXT
answer() {
  printf '%s\n%s\n' "$1" "$2" >"$RUN_DIR/.migrate.result.partial"
  mv -f "$RUN_DIR/.migrate.result.partial" "$RUN_DIR/migrate.result"
}

# give_up CODE REASON
give_up() {
  printf 'migrations failed: %s\n' "$2" >&2
  answer failed "$2"
  exit "$1"
}

stopped() {
  trap '' TERM INT
  # Again and again: one that comes before the command has begun is lost.
  while [ -n "$child" ] && kill -TERM "$child" 2>/dev/null; do
    sleep 0.2
  done
  give_up 143 'stopped by a signal; what was not finished is in the new database only'
}

clean_up() {
  if [ -n "$watcher" ]; then
    # It runs nothing but builtins; a gentler signal can be lost while it begins.
    kill -KILL "$watcher" 2>/dev/null || true
  fi
}

# The restore holds this FIFO open as long as it lives.
watch_restore() {
  mkfifo -m 666 "$RUN_DIR/$WORKER.alive" 2>/dev/null || [ -p "$RUN_DIR/$WORKER.alive" ]
  rm -f "$ended"
  (
    # No program of its own, which would outlive the one that started it.
    while read -r _; do :; done <"$RUN_DIR/$WORKER.alive"
    : >"$ended"
  ) &
  watcher=$!
}

await_request() {
  seconds=0
  until [ -e "$request" ]; do
    if [ -e "$RUN_DIR/$WORKER.result" ] || [ -e "$ended" ]; then
      echo 'no migrations: the restore has ended without asking for them'
      exit 0
    fi
    if [ "$seconds" -ge "$START_SECONDS" ]; then
      give_up 3 "the restore did not ask within $START_SECONDS s"
    fi
    # In the background, so that a signal is answered at once.
    sleep 1 &
    wait "$!"
    seconds=$((seconds + 1))
  done
}

# in_url TEXT: bytes that may not stand in a URL as they are become %XX.
in_url() {
  rest=$1
  while [ -n "$rest" ]; do
    byte=${rest%"${rest#?}"}
    rest=${rest#?}
    case $byte in
      [A-Za-z0-9_.~-]) printf %s "$byte" ;;
      *) printf %s "$byte" | od -An -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    esac
  done
}

# with_database VALUE NAME: a URL or a list of settings that names another database.
with_database() {
  case $1 in
    *://*)
      query=''
      # A dbname there is stronger than the path.
      case $1 in *\?*) query=$(printf '?%s' "${1#*\?}" | sed "s/\([?&]dbname=\)[^&]*/\1$(in_url "$2")/g") ;; esac
      address=${1%%\?*}
      case ${address#*://} in */*) address=${address%/*} ;; esac
      printf '%s/%s%s' "$address" "$(in_url "$2")" "$query"
      ;;
    *dbname=*)
      after=${1#*dbname=}
      case $after in
        *' '*) after=" ${after#* }" ;;
        *) after='' ;;
      esac
      # The last one counts.
      case $after in *dbname=*) return 1 ;; esac
      printf '%sdbname=%s%s' "${1%%dbname=*}" "$2" "$after"
      ;;
    *) return 1 ;;
  esac
}

point_to() {
  for variable in $NAME_VARIABLES; do
    export "$variable=$1"
  done
  for variable in $URL_VARIABLES; do
    eval "value=\${$variable-}"
    if [ -n "$value" ]; then
      value=$(with_database "$value" "$1") ||
        give_up 2 "$variable is neither a URL nor a list with dbname=, so it cannot be made to name the new database"
      export "$variable=$value"
    fi
  done
}

if [ "$#" -eq 0 ]; then
  echo 'migrations failed: no command is given; call: sh migrate-restored.sh COMMAND [ARGUMENT…]' >&2
  exit 2
fi
mkfifo -m 666 "$RUN_DIR/migrate.alive" 2>/dev/null || [ -p "$RUN_DIR/migrate.alive" ]
exec 9<>"$RUN_DIR/migrate.alive"
trap clean_up EXIT
trap stopped TERM INT
watch_restore
await_request
read -r database <"$request"
point_to "$database"
echo "migrations: running on $database"
status=0
"$@" >"$output" 2>&1 &
child=$!
wait "$child" || status=$?
child=''
cat "$output"
if [ "$status" -ne 0 ]; then
  answer failed "it ended with status $status: $(tail -n 20 "$output")"
  exit "$status"
fi
answer ok "$(tail -n 5 "$output")"
