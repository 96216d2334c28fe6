# shellcheck shell=bash disable=SC2034 # what is set here is read by those who source it
#
# How a run of a script in a backup pod begins, waits for what it started, and ends.
#
# Sourced by bash scripts with `set -Eeuo pipefail`. Such a script sets TASK, which names it in messages ("backup
# failed: …"), and calls `begin_run` before anything else.
#
# Environment:
#   RUN_DIR          folder that the containers of the pod share; unset: nobody awaits a result
#   START_SECONDS    how long another container that is awaited may take to begin [60]
#   TERMINATION_LOG  gets the reason of a failure, when it can be written [/dev/termination-log]

START_SECONDS=${START_SECONDS:-60}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
RUN_DIR=${RUN_DIR-}

log_fd=2              # where a failure is told
worker=               # name of this run's files in RUN_DIR
scratch=              # folder for what the commands print
reassurance=          # what is said with every failure from now on: "… is complete"
result_body=()        # lines of the result, as "Key: value"
partials=()           # unfinished files, removed when the run ends
declare -A watched=()  # containers of the pod that are watched
declare -A children=() # processes to stop when the run ends, by their id

# --- how a run begins and ends ------------------------------------------------------------------------------------

# begin_run WORKER
# The reporter holds the other end of the FIFO: it reads end-of-file when this process and its children are gone.
begin_run() {
  worker=$1
  export LC_ALL=C
  # A signal may come while a command's messages go to a file; its own must not.
  exec {log_fd}>&2
  private_fds+=("$log_fd")
  trap clean_up EXIT
  trap 'unforeseen "$?" "$LINENO" "$BASH_COMMAND"' ERR
  trap 'interrupted TERM 15' TERM
  trap 'interrupted INT 2' INT
  trap 'interrupted HUP 1' HUP
  trap 'interrupted QUIT 3' QUIT
  trap 'interrupted PIPE 13' PIPE
  if [[ -n $RUN_DIR ]]; then
    mkfifo -m 666 -- "$RUN_DIR/$worker.alive" 2>/dev/null || true
    if [[ -p $RUN_DIR/$worker.alive ]]; then
      exec {alive}<>"$RUN_DIR/$worker.alive"
    else
      printf 'there is no FIFO %s, so a reporter cannot see this run end\n' "$RUN_DIR/$worker.alive" >&2
    fi
  fi
}

# make_scratch
# Sets `scratch` to a new folder, removed when the run ends. Returns 1 with the reason in `problem`.
make_scratch() {
  local folder
  if ! folder=$(mktemp -d 2>&1); then
    problem="no folder for temporary files: ${folder#mktemp: }; mount an emptyDir at /tmp"
    return 1
  fi
  scratch=$folder
}

# write_result ok|failed|skipped [LINE…]
# The reporter must not decide over a run: where the result cannot be written, the run goes on as it would.
write_result() {
  if [[ -z $RUN_DIR || -z $worker ]]; then
    return 0
  fi
  local beside=$RUN_DIR/.$worker.result.partial
  if ! { (umask 0022 && printf '%s\n' "$1" "${result_body[@]}" "${@:2}" >"$beside") && mv -f -- "$beside" "$RUN_DIR/$worker.result"; }; then
    printf 'the result cannot be written to %s\n' "$RUN_DIR" >&2 || true
  fi
}

# fail CODE REASON
fail() {
  trap '' PIPE
  local reason=$2${reassurance:+; $reassurance}
  printf '%s failed: %s\n' "$TASK" "$reason" >&"$log_fd" || true
  if [[ -w $TERMINATION_LOG ]]; then
    printf '%s failed: %s\n' "$TASK" "$reason" >"$TERMINATION_LOG" || true
  fi
  write_result failed "Reason: $reason"
  exit "$1"
}

# A script that has more to clean up defines `clean_up_task`.
clean_up() {
  trap '' TERM INT HUP QUIT PIPE
  stop_children
  if declare -F clean_up_task >/dev/null; then
    clean_up_task || true
  fi
  if ((${#partials[@]} > 0)); then
    rm -f -- "${partials[@]}" || true
  fi
  if [[ -n $scratch ]]; then
    rm -rf -- "$scratch" || true
  fi
}

# pg_dump answers SIGTERM by cancelling what the server does for it, which can hang when the server is gone.
stop_children() {
  local child alive_still
  for child in "${!children[@]}"; do
    kill -TERM "$child" 2>/dev/null || unset "children[$child]"
  done
  for _ in {1..50}; do
    alive_still=no
    for child in "${!children[@]}"; do
      if kill -0 "$child" 2>/dev/null; then
        alive_still=yes
      fi
    done
    if [[ $alive_still == no ]]; then
      break
    fi
    sleep 0.1
  done
  for child in "${!children[@]}"; do
    kill -KILL "$child" 2>/dev/null || true
  done
  children=()
}

interrupted() {
  trap '' TERM INT HUP QUIT PIPE
  stop_children
  fail "$((128 + $2))" "stopped by SIG$1"
}

unforeseen() {
  # A subshell only ends; the line that started it tells.
  if ((BASH_SUBSHELL > 0)); then
    exit "$1"
  fi
  fail 1 "line $2 ended with status $1: $3"
}

# --- waiting for commands -----------------------------------------------------------------------------------------

# Runs a command and waits for it: bash answers a signal while it waits, but not while a foreground command runs.
attended() {
  "$@" &
  children[$!]=$1
  await "$!"
}

# Waits for a process that was started in the background and returns its exit status.
await() {
  local status=0
  wait "$1" || status=$?
  unset "children[$1]"
  return "$status"
}

# Waits that many seconds.
pause() {
  attended sleep "$1"
}

# --- the other containers of the pod ----------------------------------------------------------------------------------

# leave NAME LINE…
# Puts a file for another container, which may be of another user, into RUN_DIR.
leave() {
  (umask 0022 && printf '%s\n' "${@:2}" >"$RUN_DIR/.$1.partial")
  mv -f -- "$RUN_DIR/.$1.partial" "$RUN_DIR/$1"
}

# await_worker WORKER SECONDS [FILE]
# Waits for the result of another container of the pod, or for another file that it leaves in RUN_DIR. Returns 1 with the
# reason in `problem` when it never begins, ends without one, or takes too long.
await_worker() {
  local awaited=$RUN_DIR/${3-$1.result} begun
  watch_worker "$1"
  read_ticks
  begun=$ticks
  until [[ -e $awaited ]]; do
    read_ticks
    if [[ -e $scratch/$1.ended || -e $RUN_DIR/$1.result ]] && [[ ! -e $awaited ]]; then
      problem="the container $1 ended without a result"
      return 1
    elif [[ ! -e $scratch/$1.begun ]] && ((ticks - begun > START_SECONDS * 100)); then
      problem="the container $1 never started within $START_SECONDS s (image cannot be pulled, Secret missing), or ended at once"
      # The reporter ends a pod that would wait for it until its deadline.
      leave "$1.missing" "$problem"
      return 1
    elif ((ticks - begun > $2 * 100)); then
      problem="the container $1 has none after $2 s"
      return 1
    fi
    pause 0.2
  done
}

# watch_worker WORKER
# Lets $scratch/WORKER.begun appear when it begins, and $scratch/WORKER.ended when it ends.
watch_worker() {
  local fifo=$RUN_DIR/$1.alive
  if [[ -n ${watched[$1]-} ]]; then
    return
  fi
  watched[$1]=yes
  mkfifo -m 666 -- "$fifo" 2>/dev/null || [[ -p $fifo ]]
  (
    # It may never begin, and a session whose pipe this process holds would never end.
    for fd in "${private_fds[@]}"; do
      exec {fd}>&-
    done
    # No program of its own, which would outlive the one that started it.
    exec <"$fifo"
    : >"$scratch/$1.begun"
    while read -r _; do :; done
    : >"$scratch/$1.ended"
  ) &
  children[$!]="watch of $1"
}

# reason_of WORKER
# Prints the reason of a failure that the result of a container tells.
reason_of() {
  sed -n 's/^Reason: //p' "${RUN_DIR:-$scratch}/$1.result" 2>/dev/null || true
}

# --- commands joined by pipes -------------------------------------------------------------------------------------
#
# Like `a | b | c`, but with the id of each process, so that each can be stopped, and how each of them ended.
#
#   connect first second
#   stage a  /dev/null first      command…
#   stage b  first     second     command…
#   stage c  second    /some/file command…
#   close_pipes
#   await_stages

declare -A pipe_read=() pipe_write=() stage_pid=() stage_status=()
private_fds=() # open files of this script that no stage may hold

# Makes a pipe and sets `read_end` and `write_end`.
make_pipe() {
  local fifo=$scratch/fifo both
  mkfifo -m 600 -- "$fifo"
  exec {both}<>"$fifo"
  exec {write_end}>"$fifo"
  exec {read_end}<"$fifo"
  exec {both}>&-
  rm -f -- "$fifo"
}

# connect NAME…
# Makes pipes. Both ends are open before a stage begins, so that no stage waits for one that was killed early.
connect() {
  local name
  for name; do
    make_pipe
    pipe_read[$name]=$read_end
    pipe_write[$name]=$write_end
  done
}

# stage NAME FROM TO[,TO] COMMAND…
# FROM and TO are pipes, or paths when they contain a slash; a second TO is a pipe on descriptor 3. What the command
# says goes to $scratch/NAME.
stage() {
  (
    from=$2 to=${3%,*} also=
    if [[ $3 == *,* ]]; then
      also=${3##*,}
    fi
    if [[ $from == */* ]]; then
      exec <"$from"
    else
      exec <&"${pipe_read[$from]}"
    fi
    if [[ $to == */* ]]; then
      exec >"$to"
    else
      exec >&"${pipe_write[$to]}"
    fi
    if [[ -n $also ]]; then
      exec 3>&"${pipe_write[$also]}"
    fi
    for fd in "${pipe_read[@]}" "${pipe_write[@]}" "${private_fds[@]}"; do
      exec {fd}>&-
    done
    shift 3
    if [[ $(type -t "$1") == function ]]; then
      "$@"
    else
      exec "$@"
    fi
  ) 2>"$scratch/$1" &
  stage_pid[$1]=$!
  children[$!]=$1
}

# Leaves the pipes to the stages: only then does one see the end of another.
close_pipes() {
  local fd
  for fd in "${pipe_read[@]}" "${pipe_write[@]}"; do
    exec {fd}>&-
  done
  pipe_read=() pipe_write=()
}

# Waits for all stages and sets `stage_status` of each.
await_stages() {
  local name status
  stage_status=()
  for name in "${!stage_pid[@]}"; do
    status=0
    await "${stage_pid[$name]}" || status=$?
    stage_status[$name]=$status
  done
  stage_pid=()
}

# any_failed NAME…
# Whether one of these stages failed; `problem` says how the first of them did. A stage that ended for want of a reader
# is named only when no other is to blame.
any_failed() {
  local name how broken=
  problem=
  for name; do
    if ((${stage_status[$name]-0} != 0)); then
      how="$name $(ended "${stage_status[$name]}" "$scratch/$name")"
      if ((stage_status[$name] != 141)) && [[ $how != *'Broken pipe'* ]]; then
        problem=$how
        return 0
      fi
      broken=${broken:-$how}
    fi
  done
  problem=$broken
  [[ -n $problem ]]
}

# --- what is said -------------------------------------------------------------------------------------------------

# Sets `ticks`, hundredths of a second that no change of the clock moves.
read_ticks() {
  local up
  read -r up _ </proc/uptime
  ticks=$((10#${up/./}))
}

# Sets `took`, the seconds since the given ticks, as 12.34.
read_took() {
  read_ticks
  printf -v took '%d.%02d' $(((ticks - $1) / 100)) $(((ticks - $1) % 100))
}

# Prints what a command said, as one short line.
said() {
  local lines
  mapfile -t lines <"$1"
  local text="${lines[*]}"
  text=${text:0:1000}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# Prints how a process ended, from its exit status and the file with what it said.
ended() {
  if (($1 > 128)); then
    printf 'was killed by signal %d' $(($1 - 128))
  else
    printf 'ended with status %d' "$1"
  fi
  if [[ -s $2 ]]; then
    printf ': %s' "$(said "$2")"
  fi
}

# Prints a number of bytes for people: 12.3 MB.
human_bytes() {
  local units=(bytes kB MB GB TB PB) unit=0 tenths=$(($1 * 10))
  while ((tenths >= 10000 && unit < 5)); do
    tenths=$(((tenths + 500) / 1000))
    unit=$((unit + 1))
  done
  if ((unit == 0)); then
    printf '%d bytes' "$1"
  else
    printf '%d.%d %s' $((tenths / 10)) $((tenths % 10)) "${units[unit]}"
  fi
}

# Prints a whole number for people: 1,234,567.
human_number() {
  local number=$1 groups=
  while ((${#number} > 3)); do
    groups=,${number: -3}$groups
    number=${number::-3}
  done
  printf '%s%s' "$number" "$groups"
}

# human_time SECONDS ZONE
# Prints a moment, given in seconds since 1970, in UTC and in the zone: 2026-11-20 19:00:00 UTC (2026-11-21 03:00:00 AWST).
human_time() {
  (
    export TZ=UTC0
    printf '%(%Y-%m-%d %H:%M:%S)T UTC' "$1"
    # An unknown zone would be shown as UTC under another name.
    if [[ $2 != UTC && $2 != Etc/UTC && -f /usr/share/zoneinfo/$2 ]]; then
      export TZ=$2
      printf ' (%(%Y-%m-%d %H:%M:%S %Z)T)' "$1"
    fi
  )
}
