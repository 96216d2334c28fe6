# shellcheck shell=bash disable=SC2034 # what is set here is read by those who source it
#
# How a run of a script in a backup pod begins, waits for what it started, and ends.
#
# Sourced by bash scripts with `set -Eeuo pipefail`. Such a script sets TASK, which names it in messages ("backup
# failed: …"), and calls `begin_run` before anything else.
#
# Environment:
#   RUN_DIR          folder that the containers of the pod share; unset: nobody awaits a result
#   TERMINATION_LOG  gets the reason of a failure, when it can be written [/dev/termination-log]

TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
RUN_DIR=${RUN_DIR-}

log_fd=2              # where a failure is told
worker=               # name of this run's files in RUN_DIR
scratch=              # folder for what the commands print
reassurance=          # what is said with every failure from now on: "… is complete"
result_body=()        # lines of the result, as "Key: value"
warnings=()           # what people should know though the run goes on
partials=()           # unfinished files, removed when the run ends
private_fds=()        # open files of this script that no child may hold
declare -A children=() # processes to stop when the run ends, by their id

here=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR
. "$here/words.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/stages.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/workers.sh"

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
  if ! { (umask 0022 && printf '%s\n' "$1" "${result_body[@]}" "${warnings[@]/#/Warning: }" "${@:2}" >"$beside") && mv -f -- "$beside" "$RUN_DIR/$worker.result"; }; then
    printf 'the result cannot be written to %s\n' "$RUN_DIR" >&2 || true
  fi
}

# warn TEXT
warn() {
  printf 'warning: %s\n' "$1" >&2
  warnings+=("$1")
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
