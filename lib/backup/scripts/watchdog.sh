#!/bin/sh
#
# Says so when the newest verified backup is too old or there is none, whatever the reason: a CronJob that is suspended,
# deleted or always fails. Looks at nothing but the times in the names of complete sidecars.
#
# Runs in the official curl image (busybox and curl); message.sh, metadata.sh and retention.sh lie in the same folder.
#
# Environment:
#   FILE_PREFIX      required: sidecars are <prefix>_YYYYMMDD_HHMMSS.meta.json
#   MAX_AGE_SECONDS  required: twice the time between two backups
#   TITLE            required: the platform as people know it, "School Platform"
#   BACKUP_DIRS      folders, separated by colons; each must have a new backup [BACKUP_DIR, or /backups]
#   RUN_DIR          folder shared with the container `store`, which brings sidecars from an S3 store [none]
#   STORE_DIR        the one of BACKUP_DIRS that gets them
#   STORE_SECONDS    how long to wait for that [300]
#   CRON_JOB         name of the CronJob that makes the backups, for the commands in messages
#   NAMESPACE        of that CronJob
#   WEBHOOK_URL      Slack webhook [none: the message is only logged]
#   WEBHOOK_SOURCE   where it comes from, for the log when it is missing [none]
#   SEND_SECONDS     how long sending is tried [45]
#
# Exit codes; a message that cannot be sent changes none:
#   0  every folder has a verified backup that is new enough
#   1  some folder has none
#   2  a setting is missing or wrong
set -eu
export LC_ALL=C TZ=UTC0

here=$(dirname -- "$0")
# shellcheck source-path=SCRIPTDIR
. "$here/message.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"

BACKUP_DIRS=${BACKUP_DIRS:-${BACKUP_DIR:-/backups}}
STORE_SECONDS=${STORE_SECONDS:-300}
SEND_SECONDS=${SEND_SECONDS:-45}

# Clocks of two nodes differ a little.
CLOCK_TOLERANCE=300

findings= # lines of the message about the newest backups
reasons=  # lines of the message about what is missing

check_settings() {
  problems=
  for name in FILE_PREFIX MAX_AGE_SECONDS TITLE; do
    eval "value=\${$name-}"
    [ -n "$value" ] || problems="$problems; $name is not set"
  done
  for name in MAX_AGE_SECONDS STORE_SECONDS SEND_SECONDS; do
    eval "value=\${$name-}"
    case $value in
      *[!0-9]* | ???????????*) problems="$problems; $name \"$value\" must be a whole number of at most 10 digits" ;;
    esac
  done
  if [ -n "$problems" ]; then
    printf 'watchdog failed: %s\n' "${problems#; }" >&2
    exit 2
  fi
}

# count NUMBER WORD
count() {
  printf '%d %s' "$1" "$2"
  [ "$1" -eq 1 ] || printf s
}

# in_words SECONDS
# Prints a time with its two largest units.
in_words() {
  if [ "$1" -ge 86400 ]; then
    printf '%s %s' "$(count $(($1 / 86400)) day)" "$(count $(($1 % 86400 / 3600)) hour)"
  elif [ "$1" -ge 3600 ]; then
    printf '%s %s' "$(count $(($1 / 3600)) hour)" "$(count $(($1 % 3600 / 60)) minute)"
  else
    count $(($1 / 60)) minute
  fi
}

# find_newest FOLDER
# Sets `newest` and `age` of the newest complete backup that is not from the future, and `future` to a newer one that
# is. The other sidecars of ours are counted in `incomplete`.
find_newest() {
  newest='' future='' incomplete=0
  for path in $(printf '%s\n' "$1/${FILE_PREFIX}_"*.meta.json | sort -r); do
    name=${path##*/}
    name=${name%.meta.json}
    if [ ! -f "$path" ] || ! moment "${name#"${FILE_PREFIX}_"}"; then
      continue
    fi
    if ! metadata_complete "$path"; then
      incomplete=$((incomplete + 1))
    elif [ "$second" -gt $((clock + CLOCK_TOLERANCE)) ]; then
      future=$name
    else
      newest=$name
      age=$((clock > second ? clock - second : 0))
      return
    fi
  done
}

# missing FOLDER TEXT
missing() {
  reasons="${reasons}Reason: $1: $2$NEWLINE"
}

# Waits for what is brought from the store, and sets `store_problem` when nothing was: then its folder is empty. The
# message must come though that container has no image.
await_store() {
  store_problem=
  if [ -z "${RUN_DIR-}" ]; then
    return
  fi
  read_uptime
  store_until=$((uptime + STORE_SECONDS))
  until [ -e "$RUN_DIR/store.result" ]; do
    read_uptime
    if [ "$uptime" -ge "$store_until" ]; then
      store_problem="the container store brought nothing within $STORE_SECONDS s; can its image be pulled?"
      return
    fi
    sleep 0.5
  done
  store_problem=$(sed -n 's/^Reason: //p' "$RUN_DIR/store.result")
}

# check FOLDER
check() {
  if [ ! -d "$1" ]; then
    missing "$1" 'there is no such folder; the volume of the backups is not mounted'
    return
  fi
  if ! entries=$(ls -A -- "$1" 2>&1); then
    missing "$1" "it cannot be read: ${entries#ls: }"
    return
  fi
  find_newest "$1"
  if [ -n "$future" ]; then
    findings="${findings}From the future: $future in $1; the clock was wrong then, or is wrong now$NEWLINE"
  fi
  if [ -n "$newest" ]; then
    findings="${findings}Newest: $newest in $1, $(in_words "$age") old$NEWLINE"
    if [ "$age" -gt "$MAX_AGE_SECONDS" ]; then
      missing "$1" "the newest verified backup is older than $(in_words "$MAX_AGE_SECONDS")"
    fi
  elif [ -n "$store_problem" ] && [ "$1" = "${STORE_DIR-}" ]; then
    missing "$1" "the store could not be read: $store_problem"
  elif [ -z "$entries" ]; then
    missing "$1" 'it is empty: no backup was ever made, or another volume is mounted'
  elif [ "$incomplete" -gt 0 ]; then
    missing "$1" "no backup of $FILE_PREFIX is verified; $(count "$incomplete" sidecar) of it cannot be read in full"
  else
    missing "$1" "no backup of $FILE_PREFIX is verified"
  fi
}

# advice
# Prints the commands that show why there is no new backup.
advice() {
  flags=${NAMESPACE:+" -n $NAMESPACE"}
  printf 'Look at: kubectl get cronjob%s%s (gone or suspended?)' "$flags" "${CRON_JOB:+" $CRON_JOB"}"
  printf ', kubectl get jobs%s --sort-by=.metadata.creationTimestamp (did the last one fail?)' "$flags"
}

main() {
  check_settings
  await_store
  moment "$(date +%Y%m%d_%H%M%S)"
  clock=$second
  rest=$BACKUP_DIRS:
  while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    check "$folder"
  done
  if [ -z "$reasons" ]; then
    printf '%s' "$findings"
    return
  fi
  send_message "[Watchdog] $TITLE -- Backup MISSING$NEWLINE$findings$reasons$(advice)" "$SEND_SECONDS" || true
  return 1
}

main
