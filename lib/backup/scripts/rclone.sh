# shellcheck shell=sh
#
# What upload.sh, store.sh and files.sh share: how a run ends, and the steps on a store that they all take.
#
# Sourced; plain POSIX sh with busybox' applets and rclone 1.60 or newer. TASK names the run in messages.

export LC_ALL=C TZ=UTC0
# All settings come from the environment; a missing bucket is an error, not something to create; retries are below.
export RCLONE_CONFIG='' RCLONE_S3_NO_CHECK_BUCKET=true RCLONE_RETRIES=1
export RCLONE_LOW_LEVEL_RETRIES="${RCLONE_LOW_LEVEL_RETRIES:-4}"
export RCLONE_CONTIMEOUT="${RCLONE_CONTIMEOUT:-20s}" RCLONE_TIMEOUT="${RCLONE_TIMEOUT:-60s}"
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
ATTEMPTS=3
RETRY_SECONDS=${RETRY_SECONDS:-5}

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
  # Temporary names end with it; two runs never share one.
  run=$(hostname | tr -c 'A-Za-z0-9\n' '-')-$$
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

# check_store: sets STORE, rclone's path of the store, and `place`, its name in messages.
check_store() {
  for setting in S3_ENDPOINT S3_BUCKET S3_PREFIX S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY; do
    eval "[ -n \"\${$setting-}\" ]" || problem "$setting is not set"
  done
  case ${S3_BUCKET-}/${S3_PREFIX-} in
    *//?* | *[!A-Za-z0-9./_-]*)
      problem "S3_PREFIX \"$S3_PREFIX\" in S3_BUCKET \"$S3_BUCKET\" must be letters, digits, dots, hyphens and underscores, with slashes between folders"
      ;;
  esac
  STORE=target:${S3_BUCKET-}/${S3_PREFIX-}
  place="s3 ${S3_BUCKET-}/${S3_PREFIX-} at ${S3_ENDPOINT-}"
  export RCLONE_CONFIG_TARGET_TYPE=s3
  export RCLONE_CONFIG_TARGET_PROVIDER="${RCLONE_CONFIG_TARGET_PROVIDER:-Other}"
  export RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE="${RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE:-true}"
  export RCLONE_CONFIG_TARGET_REGION="${S3_REGION:-us-east-1}"
  export RCLONE_CONFIG_TARGET_ENDPOINT="${S3_ENDPOINT-}"
  export RCLONE_CONFIG_TARGET_ACCESS_KEY_ID="${S3_ACCESS_KEY_ID-}"
  export RCLONE_CONFIG_TARGET_SECRET_ACCESS_KEY="${S3_SECRET_ACCESS_KEY-}"
}

# --- the store ----------------------------------------------------------------------------------------------------

# ask ARGUMENT…: runs rclone, again when it fails. What it prints is in $scratch/out. "Not found" (3, 4) stays so.
ask() {
  again rclone "$@"
}

# again COMMAND…: what ask does, for a command that ends as rclone does.
again() {
  attempt=1
  while :; do
    status=0
    attended "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
    case $status in
      0 | 3 | 4) return "$status" ;;
    esac
    if [ "$attempt" -ge "$ATTEMPTS" ]; then
      return "$status"
    fi
    attempt=$((attempt + 1))
    attended sleep "$RETRY_SECONDS"
  done
}

# why: prints, as one short line, what rclone said last.
why() {
  text=$(tr '\n\t' '  ' <"$scratch/err" | sed -e 's/.*Failed to [a-z]*[^:]*: //' -e 's/^last error was: //' \
    -e 's/https response error //' -e 's/, RequestID: [^,]*, HostID: [^,]*//' -e 's/, request id: [^,]*, host id: [^ ]*//' \
    -e 's/  */ /g' -e 's/ $//')
  case $text in
    '') text="rclone ended with status $status" ;;
    *"${S3_SECRET_ACCESS_KEY:-no secret}"*) text='its answer holds the secret key and is not shown' ;;
  esac
  printf '%.600s' "$text"
}

# check_retention: retention.sh knows the settings.
check_retention() {
  wrong=$(retention_problems | tr '\n' ';')
  [ -z "$wrong" ] || problem "${wrong%;}"
}

# list_store: writes size and name of all files directly in the store to $scratch/files, the names alone to $scratch/names.
list_store() {
  ask lsf --files-only --max-depth 1 --format sp --separator ' ' "$STORE" || {
    if [ "$status" = 3 ]; then
      fail 4 "cannot list $place: there is no such bucket, or the access key is unknown there"
    fi
    fail 4 "cannot list $place: $(why)"
  }
  cp "$scratch/out" "$scratch/files"
  cut -d ' ' -f 2- "$scratch/files" >"$scratch/names"
}

# size_of NAME: sets `size`, empty when the store has no such file. rclone calls a missing file a success.
size_of() {
  size=
  ask lsf --files-only --max-depth 1 --format s "$STORE/$1" || [ "$status" = 3 ] || fail 4 "cannot look for $1 in $place: $(why)"
  read -r size <"$scratch/out" || true
}

# hash_of NAME: sets `hash`, the sha256 of what the store gives back; empty when there is no such file.
hash_of() {
  hash=
  ask hashsum sha256 --download "$STORE/$1" || [ "$status" = 3 ] || fail 4 "cannot read $1 back from $place: $(why)"
  read -r hash _ <"$scratch/out" || true
}

# put FILE NAME SHA256: copies a file to the store. It gets its name there only after all of it has been read back, and
# a name that is taken is never given to other bytes.
put() {
  size_of "$2"
  if [ -n "$size" ]; then
    hash_of "$2"
    [ "$hash" = "$3" ] || fail 5 "$2 is in $place already with other content; nothing was overwritten, move that one away"
    return 0
  fi
  partial=.$2.$run.partial
  ask copyto "$1" "$STORE/$partial" || fail 4 "cannot copy $2 to $place: $(why)"
  hash_of "$partial"
  if [ "$hash" != "$3" ]; then
    ask deletefile "$STORE/$partial" || true
    if [ "$(sha256sum <"$1")" != "$3  -" ]; then
      fail 5 "$1 does not have the sha256 of its sidecar any more; it was not copied: verify it, then delete it"
    fi
    fail 5 "$2 came back from $place with other bytes than were sent; it was not given its name"
  fi
  ask moveto "$STORE/$partial" "$STORE/$2" || fail 4 "$2 cannot be given its name in $place: $(why)"
  size_of "$2"
  [ "$size" = "$(stat -c %s "$1")" ] || fail 5 "$2 has ${size:-no} bytes in $place after it was given its name"
}

# remove NAME: removes a file from the store; that another run did so before is well.
remove() {
  ask deletefile "$STORE/$1" && return 0
  why >"$scratch/why"
  size_of "$1"
  if [ -n "$size" ]; then
    not_removed="${not_removed:+$not_removed; }$1: $(cat "$scratch/why")"
  fi
}

# freeze REASON: from now on no run removes a backup of the prefix there.
freeze() {
  printf '%s\n' "$1" >"$scratch/frozen"
  ask copyto "$scratch/frozen" "$STORE/$FILE_PREFIX.pruning-frozen" || fail 4 "cannot freeze pruning in $place: $(why)"
}

# Somebody looked at it and found it well.
unfreeze() {
  not_removed=
  remove "$FILE_PREFIX.pruning-frozen"
  [ -z "$not_removed" ] || fail 4 "pruning of $FILE_PREFIX is still frozen in $place: $not_removed"
  printf 'pruning of %s in %s is not frozen\n' "$FILE_PREFIX" "$place"
}

# stamps_with SUFFIX < names: prints the stamps of <prefix>_<stamp><suffix>, for those that are exactly such a name.
stamps_with() {
  while IFS= read -r file; do
    found=${file#"${FILE_PREFIX}_"}
    found=${found%"$1"}
    if [ "$file" = "${FILE_PREFIX}_$found$1" ] && moment "$found"; then
      printf '%s\n' "$found"
    fi
  done
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
