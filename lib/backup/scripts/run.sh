# shellcheck shell=sh
#
# How a run of upload.sh, store.sh and files.sh begins, waits for what it started, and ends.
#
# Sourced before rclone.sh; plain POSIX sh with busybox' applets. TASK names the run in messages.

export LC_ALL=C TZ=UTC0
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}

scratch=
child=
reader=
ended=no
# What a failure says besides its reason.
done_before=

# --- how a run ends -----------------------------------------------------------------------------------------------

# begin: traps, the folder for temporary files, and the sign of life that the reporter watches.
begin() {
  # A signal may come while standard error is redirected for a command.
  exec 9>&2
  umask 0027 # the group reads: an app in the same group may list and download
  trap clean_up EXIT
  trap 'interrupted TERM 15' TERM
  trap 'interrupted INT 2' INT
  trap 'interrupted HUP 1' HUP
  trap 'interrupted QUIT 3' QUIT
  if [ -n "${RUN_DIR-}" ]; then
    make_fifo "$TASK"
    exec 8<>"$RUN_DIR/$TASK.alive"
  fi
  folder=$(mktemp -d 2>&1) || fail 3 "no folder for temporary files: $folder; mount an emptyDir at /tmp"
  scratch=$folder
  # Temporary names end with it; two runs never share one. abandoned_files reads the time.
  run=$(date -u '+%Y%m%d_%H%M%S' | tr -d _)-$(hostname | tr -c 'A-Za-z0-9\n' '-')-$$
}

make_fifo() {
  mkfifo -m 0666 "$RUN_DIR/$1.alive" 2>/dev/null || [ -p "$RUN_DIR/$1.alive" ] ||
    fail 3 "$RUN_DIR/$1.alive cannot be made; mount an emptyDir at $RUN_DIR"
}

# finish ok|failed|skipped [LINE…]: tells the reporter how the run ended. Where that cannot be written, the run ends as it
# would: the reporter must not decide over it.
finish() {
  ended=yes
  if [ -n "${RUN_DIR-}" ]; then
    beside=$RUN_DIR/.$TASK.result.partial
    { (umask 0022 && printf '%s\n' "$@" >"$beside") && mv -f "$beside" "$RUN_DIR/$TASK.result"; } ||
      printf 'the result cannot be written to %s\n' "$RUN_DIR" >&2 || true
  fi
}

fail() {
  trap '' PIPE
  reason=$2${done_before:+; $done_before}
  printf '%s failed: %s\n' "$TASK" "$reason" >&9 || true
  if [ -w "$TERMINATION_LOG" ]; then
    printf '%s failed: %s\n' "$TASK" "$reason" >"$TERMINATION_LOG" || true
  fi
  finish failed "Reason: $reason"
  exit "$1"
}

clean_up() {
  status=$?
  trap '' TERM INT HUP QUIT PIPE
  stop_reader
  if [ -n "$scratch" ]; then
    rm -rf "$scratch"
    # Temporary files of a script that brings some.
    [ -z "${bring_dir-}" ] || rm -f "$bring_dir"/.*".$run.partial"
  fi
  if [ "$ended" = no ]; then
    scratch=
    fail "$((status == 0 ? 1 : status))" "the script ended unexpectedly with status $status"
  fi
}

interrupted() {
  trap '' TERM INT HUP QUIT PIPE
  if [ -n "$child" ]; then
    kill -TERM "$child" 2>/dev/null || true
    # rclone answers by aborting its unfinished uploads, which can hang when the store is gone.
    (sleep 5 && kill -KILL "$child" 2>/dev/null) >/dev/null 2>&1 8>&- 9>&- &
    wait "$child" 2>/dev/null || true
    kill "$!" 2>/dev/null || true
  fi
  fail "$((128 + $2))" "stopped by SIG$1"
}

# SIGKILL, because it may not yet have laid down the traps that it was born with.
stop_reader() {
  [ -z "$reader" ] || kill -KILL "$reader" 2>/dev/null || true
  reader=
}

# Runs a command and waits for it: a shell answers a signal while it waits, but not while a foreground command runs.
attended() {
  "$@" &
  child=$!
  attended_status=0
  wait "$child" || attended_status=$?
  child=
  return "$attended_status"
}

# await_dump: waits for the dump of the same pod, which the container LEADER makes [dump]. Sets `dump` to ok, failed or
# skipped, as it said itself, or to vanished when its container ended without one or never started.
await_dump() {
  dump=ok
  if [ -z "${RUN_DIR-}" ]; then
    return 0
  fi
  leader=${LEADER:-dump}
  make_fifo "$leader"
  # End-of-file comes when the last process of the dump is gone. Nothing is ever written into it.
  (
    exec 8>&- 9>&- 7<"$RUN_DIR/$leader.alive"
    : >"$scratch/dump-seen"
    read -r _ <&7 || true
    : >"$scratch/dump-gone"
  ) >/dev/null 2>&1 &
  reader=$!
  seconds=0
  until dump_is_done; do
    if [ -e "$scratch/dump-gone" ] || { [ "$leader" != dump ] && [ -e "$RUN_DIR/$leader.result" ]; } || { [ ! -e "$scratch/dump-seen" ] && [ "$seconds" -ge 60 ]; }; then
      # It may have told in this very moment.
      dump_is_done || dump=vanished
      break
    fi
    attended sleep 1
    seconds=$((seconds + 1))
  done
  stop_reader
  if [ "$dump" = ok ]; then
    read -r dump <"$RUN_DIR/dump.result" || true
  fi
}

# A restore whose safety backup was skipped, because another run was at it, makes one again.
dump_is_done() {
  [ -e "$RUN_DIR/dump.result" ] && { [ "$leader" = dump ] || ! head -n 1 "$RUN_DIR/dump.result" | grep -qx skipped; }
}

# --- settings -----------------------------------------------------------------------------------------------------

problems=

# Remembers one thing that is wrong with the settings.
problem() {
  problems="${problems:+$problems; }$1"
}

# Refuses the remembered problems, all at once.
refuse_problems() {
  if [ -n "$problems" ]; then
    fail 2 "$problems"
  fi
}

check_prefix() {
  case ${FILE_PREFIX-} in
    '') problem 'FILE_PREFIX is not set' ;;
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*)
      problem "FILE_PREFIX \"$FILE_PREFIX\" must be letters, digits, dots, hyphens and underscores"
      ;;
  esac
}

# check_retention: retention.sh knows the settings.
check_retention() {
  wrong=$(retention_problems | tr '\n' ';')
  [ -z "$wrong" ] || problem "${wrong%;}"
}

# human_bytes BYTES: prints a size for people, as common.sh does: 12.3 MB.
human_bytes() {
  tenths=$(($1 * 10))
  for unit in bytes kB MB GB TB PB; do
    [ "$tenths" -ge 10000 ] || break
    tenths=$(((tenths + 500) / 1000))
  done
  case $unit in
    bytes) printf '%d bytes' "$1" ;;
    *) printf '%d.%d %s' $((tenths / 10)) $((tenths % 10)) "$unit" ;;
  esac
}
