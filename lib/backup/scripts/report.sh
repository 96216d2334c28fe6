#!/bin/sh
#
# Tells how a run ended: one message, when all workers of the pod have ended, been killed or never begun.
#
# A worker W holds the FIFO RUN_DIR/W.alive open for writing all its life and leaves RUN_DIR/W.result as its last act:
# `ok`, `failed` or `skipped`, then lines for the message. End-of-file on the FIFO without a result means that it was
# killed. RUN_DIR/W.started, when a worker leaves it, is told at once. RUN_DIR/C.missing, left by a worker, says that the
# container C, which it waited for, never began.
#
# Runs in the official curl image (busybox and curl) beside the workers; message.sh lies in the same folder.
#
# Environment:
#   WORKERS           required: names of the containers to wait for; the others wait for what the first one does
#   TITLE             required: the platform as people know it, "School Platform"
#   SUBJECT           required: Backup, Restore, Drill or Verify
#   RUN_DIR           folder that all containers of the pod share [/run/backup]
#   JOB_NAME          the Job; a backup is [Cron] when it is CRON_JOB and 8 digits, otherwise [Manual]
#   CRON_JOB          name of the CronJob
#   NAMESPACE         of the pod, for the commands in messages
#   WEBHOOK_URL       Slack webhook [none: the message is only logged]
#   PING_URL          called after a run in which every worker did well [none]
#   WEBHOOK_SOURCE PING_SOURCE  where these URLs come from, for the log when there is none [none: nobody is to be called]
#   START_SECONDS     how long a worker may take to begin [60]
#   FOLLOW_SECONDS    how long the others may take to end after the first one failed [20]
#   STOP_SECONDS      how long they may take after a SIGTERM [25]
#   SEND_SECONDS      how long sending is tried, half of it after a SIGTERM [45]
#   EVICT_BYTES       size limit of RUN_DIR's volume. When a worker never began, or one that another worker waited for, the
#                     volume is filled beyond it, so that the kubelet ends the pod: it would wait for a missing image
#                     until its deadline [none: not done]
#   EVICT_SECONDS     how long to wait for that; the kubelet measures volumes once a minute [180]
#
# Exit codes; a message that cannot be sent changes none:
#   0  all workers said how they ended; their own exit codes say it to Kubernetes
#   1  a worker was killed, never began or did not answer a SIGTERM
#   2  a setting is missing or wrong
set -eu
export LC_ALL=C

here=$(dirname -- "$0")
# shellcheck source-path=SCRIPTDIR
. "$here/message.sh"

RUN_DIR=${RUN_DIR:-/run/backup}
JOB_NAME=${JOB_NAME-}
CRON_JOB=${CRON_JOB-}
START_SECONDS=${START_SECONDS:-60}
FOLLOW_SECONDS=${FOLLOW_SECONDS:-20}
STOP_SECONDS=${STOP_SECONDS:-25}
SEND_SECONDS=${SEND_SECONDS:-45}
EVICT_SECONDS=${EVICT_SECONDS:-180}

stopped_at=    # uptime of the first SIGTERM
waiting=       # workers that have not ended, each with the process that listens to it: dump:7
listeners=     # all those processes
start_told=    # workers whose start has been told
details=       # lines of the message about what was done
omitted=       # lines of the message about other workers than the first one that did nothing
reasons=       # lines of the message about what went wrong
outcome=completed
silent=no      # whether a worker could not say itself how it ended
never_began=no # whether one never began

check_settings() {
  problems=
  for name in WORKERS TITLE SUBJECT; do
    eval "value=\${$name-}"
    [ -n "$value" ] || problems="$problems; $name is not set"
  done
  # One blank between two names, whatever there was.
  # shellcheck disable=SC2086
  set -- ${WORKERS-}
  WORKERS=$*
  for worker in $WORKERS; do
    case $worker in
      *[!a-z0-9-]*) problems="$problems; WORKERS has \"$worker\", which is no name of a container" ;;
    esac
  done
  for name in START_SECONDS FOLLOW_SECONDS STOP_SECONDS SEND_SECONDS EVICT_SECONDS EVICT_BYTES; do
    eval "value=\${$name-}"
    case $value in
      *[!0-9]* | ???????????*) problems="$problems; $name \"$value\" must be a whole number of at most 10 digits" ;;
    esac
  done
  if [ ! -d "$RUN_DIR" ] || [ ! -w "$RUN_DIR" ]; then
    problems="$problems; RUN_DIR $RUN_DIR is not a folder that can be written to; mount the volume of the workers there"
  fi
  if [ -n "$problems" ]; then
    printf 'report failed: %s\n' "${problems#; }" >&2
    exit 2
  fi
}

# The deadline, or a deleted Job or pod. The workers get the same signal and say so themselves.
stop() {
  read_uptime
  stopped_at=${stopped_at:-$uptime}
  if [ "$give_up_at" -gt $((stopped_at + SEND_SECONDS / 2)) ]; then
    give_up_at=$((stopped_at + SEND_SECONDS / 2))
  fi
}

clean_up() {
  for listener in $listeners; do
    kill -KILL "$listener" 2>/dev/null || true
  done
}

# listen WORKER
# Sets `listener`, a process that ends when the worker lets go of its FIFO. Until the worker has begun, opening the FIFO
# blocks and the process still has /dev/null for its standard input. No file says so: the disk may be full.
listen() {
  mkfifo -m 666 "$RUN_DIR/$1.alive" 2>/dev/null || true # the worker made it
  (
    trap '' TERM INT HUP
    exec <"$RUN_DIR/$1.alive"
    while read -r _; do :; done
  ) </dev/null &
  listener=$!
}

# where_to_look
# Prints the command that shows why a container was killed or never began.
where_to_look() {
  printf 'see kubectl describe pod'
  if [ -n "${NAMESPACE-}" ]; then
    printf ' -n %s' "$NAMESPACE"
  fi
  if [ -n "$JOB_NAME" ]; then
    printf ' -l batch.kubernetes.io/job-name=%s' "$JOB_NAME"
  else
    printf ' %s' "$(hostname)"
  fi
}

# add_reason WORKER TEXT
add_reason() {
  outcome=FAILED
  case $WORKERS in
    *' '*) reasons="${reasons}Reason: $1: $2$NEWLINE" ;;
    *) reasons="${reasons}Reason: $2$NEWLINE" ;;
  esac
}

# judge WORKER REASON
# Says what a worker cannot say itself, to whoever else waits for its result as well.
judge() {
  silent=yes
  printf '%s: %s\n' "$1" "$2" >&2
  add_reason "$1" "$2; $(where_to_look)"
  # A result that the worker leaves at this very moment is not replaced: a hard link fails where a name is taken.
  printf 'failed\nReason: %s\n' "$2" >"$RUN_DIR/report.$1.judged" || true
  ln "$RUN_DIR/report.$1.judged" "$RUN_DIR/$1.result" 2>/dev/null || true
}

# read_result WORKER
read_result() {
  # More would be cut off the message anyway.
  result=$(head -c 16384 "$RUN_DIR/$1.result")
  status=${result%%"$NEWLINE"*}
  printf '%s: %s\n' "$1" "$status"
  given=no
  while IFS= read -r line; do
    case $status:$line in
      "$status:") ;;
      failed:Reason:*)
        given=yes
        line=${line#Reason: }
        add_reason "$1" "${line#"$1 failed: "}"
        ;;
      skipped:*)
        # What the others have to say is only that the first one did nothing.
        if [ "$1" = "$first" ]; then
          details="$details$line$NEWLINE"
        fi
        ;;
      *) details="$details$line$NEWLINE" ;;
    esac
  done <<EOF
${result#"$status"}
EOF
  case $status in
    ok) ;;
    skipped)
      if [ "$1" != "$first" ]; then
        omitted="${omitted}Skipped: $1$NEWLINE"
      elif [ "$outcome" = completed ]; then
        outcome=skipped
      fi
      ;;
    failed) [ "$given" = yes ] || add_reason "$1" "it gave no reason; $(where_to_look)" ;;
    *) add_reason "$1" "its result is not understood: \"$status\"" ;;
  esac
}

# ended WORKER LISTENER
# Takes note of how a worker ended; returns 1 while it has not.
ended() {
  gone=no
  # Asked before the result: a worker leaves its result first and lets go of the FIFO then.
  if ! kill -0 "$2" 2>/dev/null; then
    gone=yes
  fi
  read_uptime
  if [ -e "$RUN_DIR/$1.result" ]; then
    read_result "$1"
  elif [ "$gone" = yes ]; then
    judge "$1" \
      'the container was killed before it could say how it went (out of memory, or its node failed or has a full disk)'
  elif [ -n "$stopped_at" ] && [ $((uptime - stopped_at)) -ge "$STOP_SECONDS" ]; then
    judge "$1" \
      "the pod was stopped (its deadline, or somebody deleted it) and the container did not answer within $STOP_SECONDS s"
  elif [ -c "/proc/$2/fd/0" ] && [ $((uptime - begun_at)) -ge "$START_SECONDS" ]; then
    never_began=yes
    judge "$1" \
      "the container never started within $START_SECONDS s (image cannot be pulled, Secret missing), or ended at once"
  else
    return 1
  fi
}

# await_workers
# Returns when all have ended, or when the first one has failed and the others take too long.
await_workers() {
  first_failed_at=
  while [ -n "$waiting" ]; do
    still=
    for entry in $waiting; do
      worker=${entry%:*}
      tell_start "$worker"
      if ! ended "$worker" "${entry#*:}"; then
        still="$still $entry"
      elif [ "$worker:$outcome" = "$first:FAILED" ]; then
        first_failed_at=$uptime
      fi
    done
    waiting=${still# }
    if [ -n "$first_failed_at" ] && [ $((uptime - first_failed_at)) -ge "$FOLLOW_SECONDS" ]; then
      return
    fi
    [ -z "$waiting" ] || sleep 0.5
  done
}

# first_line OUTCOME
first_line() {
  tag=$SUBJECT
  if [ "$SUBJECT" = Backup ]; then
    case $JOB_NAME in
      "$CRON_JOB"-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) tag=Cron ;;
      *) tag=Manual ;;
    esac
  fi
  case $SUBJECT:$1 in
    Backup:*) text="Backup $1" ;;
    *:completed) text='Completed successfully' ;;
    *:skipped) text=Skipped ;;
    *) text=$1 ;;
  esac
  printf '[%s] %s -- %s' "$tag" "$TITLE" "$text"
}

# tell OUTCOME LINES
tell() {
  budget=$SEND_SECONDS
  if [ -n "$stopped_at" ]; then
    budget=$((budget / 2))
  fi
  message=$(first_line "$1")$NEWLINE$2
  # What could not be sent is said on standard error, and changes nothing else.
  send_message "${message%"$NEWLINE"}" "$budget" || true
}

# tell_start WORKER
tell_start() {
  case " $start_told " in
    *" $1 "*) return ;;
  esac
  if [ -e "$RUN_DIR/$1.started" ]; then
    start_told="$start_told $1"
    tell Started "$(head -c 16384 "$RUN_DIR/$1.started")"
  fi
}

# Ends the pod: only the kubelet can end one whose image is missing, and it does when a volume is over its limit. It
# measures only pods in which a container runs, so this one waits for it.
evict() {
  printf 'a container never started: %s is filled beyond %d bytes, so that the kubelet evicts this pod\n' \
    "$RUN_DIR" "$EVICT_BYTES"
  dd if=/dev/zero of="$RUN_DIR/report.evict" bs=65536 count=$((EVICT_BYTES / 65536 + 2)) 2>/dev/null || true
  read_uptime
  evict_until=$((uptime + EVICT_SECONDS))
  while [ "$uptime" -lt "$evict_until" ] && [ -z "$stopped_at" ]; do
    sleep 1
    read_uptime
  done
}

main() {
  check_settings
  first=${WORKERS%% *}
  trap clean_up EXIT
  trap stop TERM INT HUP
  for worker in $WORKERS; do
    listen "$worker"
    listeners="$listeners $listener"
    waiting="$waiting $worker:$listener"
  done
  read_uptime
  begun_at=$uptime
  await_workers
  if [ "$outcome" = completed ]; then
    details=$details$omitted
  fi
  for entry in $waiting; do
    details="${details}Still running: ${entry%:*}$NEWLINE"
  done
  tell "$outcome" "$details$reasons"
  if [ "$outcome" = completed ] && [ -z "$omitted" ]; then
    if [ -n "${PING_URL-}" ]; then
      deliver PING_URL "$PING_URL" 10 || true
    else
      no_address PING_URL "${PING_SOURCE-}" || true
    fi
  fi
  # One message a run: how the others end is only logged.
  await_workers
  # A worker that waited for another container in vain leaves a file that says so.
  for missing in "$RUN_DIR"/*.missing; do
    [ ! -e "$missing" ] || [ -e "${missing%.missing}.result" ] || never_began=yes
  done
  if [ "$never_began" = yes ] && [ -n "${EVICT_BYTES-}" ]; then
    evict
  fi
  [ "$silent" = no ]
}

main
