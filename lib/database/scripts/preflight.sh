#!/usr/bin/env bash
#
# Is this volume usable? Does in the volume's root what PostgreSQL and the other
# scripts will need, as the user they run as: create, write and fsync a file, chmod
# a directory, rename, flock. Makes the sub-directory of the data itself, before a
# container mounts it: the kubelet would make it as root, and the file server does
# not apply fsGroup. Two of these at once do not disturb each other.
#
# Environment:
#   VOLUME_ROOT  path of the volume's root in this container
#   SUB_PATH     sub-directory that is the data directory; empty: PGDATA is made by initialise.sh
#   PGDATA       path of the data directory below VOLUME_ROOT
#   MIN_FREE_MB  refuse below this many MiB; default: 256 for a first start (a new
#                cluster takes 40, its first WAL up to 80), 32 with a cluster (two
#                WAL segments, what crash recovery may need to end)
#   POD_NAME     default: the host name
#   EXPORT_PATH, TERMINATION_LOG  see report.sh
#
# Exit codes: 0 usable, 1 refused with the reason and the way out
set -Eeuo pipefail
# shellcheck source-path=SCRIPTDIR source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
: "${VOLUME_ROOT:?}" "${PGDATA:?}"
export LC_ALL=C

me="$(id -u):$(id -g)"
probe=''

# try WHAT DIRECTORY COMMAND...: runs the command, or refuses with its error and what to do about the directory.
try() {
  local what=$1 directory=$2 error
  shift 2
  if error=$("$@" 2>&1 >/dev/null); then
    return
  fi
  if [[ -n $probe ]]; then
    rm -rf -- "$probe" || true
  fi
  case $error in
    *'No space left'* | *'quota'*)
      refuse "cannot $what in $(named "$directory"): $error" "$(df -h -- "$directory")" 'make room on the volume'
      ;;
    *'Read-only file system'*)
      refuse "cannot $what in $(named "$directory"): $error" 'export and mount the volume read-write'
      ;;
    *'lock'*)
      refuse "cannot $what in $(named "$directory"): $error" \
        'PostgreSQL needs working locks there: mount with NFSv4 (nfsvers=4.1), or NFSv3 with lockd, never with nolock'
      ;;
    *)
      refuse "cannot $what in $(named "$directory") as $me: ${error:-it had no effect}" \
        "the directory belongs to $(owner "$directory"); on the server of the volume run" \
        "    chown $me $(quoted "$directory") && chmod u+rwx $(quoted "$directory")"
      ;;
  esac
}

write_and_sync() {
  printf 'preflight\n' >"$probe/written" && sync "$probe/written"
}

change_mode() {
  mkdir -m 0755 "$probe/directory" && chmod 0700 "$probe/directory" &&
    [[ $(stat -c %a "$probe/directory") == 700 ]]
}

rename() {
  mv "$probe/written" "$probe/renamed" && [[ -f $probe/renamed ]]
}

lock() {
  exec 8>"$probe/lock" 9>"$probe/lock" && flock -n 8 || return
  if flock -n 9; then
    echo 'a second lock on the same file was granted' >&2
    return 1
  fi
}

check_room() {
  local free minimum=256
  if [[ -s $PGDATA/PG_VERSION ]]; then
    minimum=32
  fi
  minimum=${MIN_FREE_MB:-$minimum}
  free=$(($(df -k --output=avail -- "$VOLUME_ROOT" | tail -n 1) / 1024))
  if ((free < minimum)); then
    refuse "only $free MiB are free in $(named "$VOLUME_ROOT"), $minimum MiB are needed" \
      "$(df -h -- "$VOLUME_ROOT")" 'make room on the volume'
  fi
  room="$free MiB free"
}

check_probe() {
  # Older than any preflight can be: left by one that was killed.
  find "$VOLUME_ROOT" -maxdepth 1 -name '.preflight.*' -mmin +10 -exec rm -rf -- {} + || true
  probe="$VOLUME_ROOT/.preflight.${POD_NAME:-$HOSTNAME}.$SRANDOM"
  try 'create a directory' "$VOLUME_ROOT" mkdir -m 0700 -- "$probe"
  try 'write and fsync a file' "$VOLUME_ROOT" write_and_sync
  try 'chmod a directory' "$VOLUME_ROOT" change_mode
  try 'rename a file' "$VOLUME_ROOT" rename
  try 'lock a file' "$VOLUME_ROOT" lock
  local maker
  maker=$(stat -c %u "$probe")
  rm -rf -- "$probe"
  if [[ $maker != "$(id -u)" ]]; then
    refuse "what $me creates in $(named "$VOLUME_ROOT") belongs to uid $maker: the export maps users" \
      "export it without all_squash, or with all_squash,anonuid=$(id -u),anongid=$(id -g)"
  fi
}

make_data_directory() {
  local nearest=$PGDATA
  while [[ ! -e $nearest ]]; do
    nearest=${nearest%/*}
  done
  try "create the sub-directory $SUB_PATH" "$nearest" mkdir -p -m 0700 -- "$PGDATA"
}

check_data_directory() {
  local path mode
  if [[ ! -d $PGDATA ]]; then
    refuse "$(named "$PGDATA") is not a directory; move it away" "    mv $(quoted "$PGDATA") $(quoted "$PGDATA.moved")"
  fi
  for path in "$PGDATA" "$PGDATA/PG_VERSION"; do
    if [[ -e $path && ! -O $path ]]; then
      refuse "$(named "$path") belongs to $(owner "$path"), PostgreSQL runs as $me and must own it" \
        'on the server of the volume run' \
        "    chown -R $me $(quoted "$PGDATA") && chmod 0700 $(quoted "$PGDATA")"
    fi
  done
  mode=$(stat -Lc %a -- "$PGDATA")
  # PostgreSQL accepts 0700 and 0750; fsGroup, where it is applied, makes it group-writable at every start.
  if (((8#$mode & 8#027) != 0 || (8#$mode & 8#700) != 8#700)); then
    try 'set mode 0700' "$PGDATA" chmod 00700 -- "$PGDATA"
    say "mode of $PGDATA was $mode, is 0700"
  fi
}

if [[ ! -d $VOLUME_ROOT ]]; then
  refuse "$(named "$VOLUME_ROOT") is not a directory; mount the volume's root there"
fi
check_room
check_probe
if [[ -n ${SUB_PATH:-} && ! -e $PGDATA ]]; then
  make_data_directory
fi
if [[ -e $PGDATA ]]; then
  check_data_directory
fi
say "$VOLUME_ROOT ($(owner "$VOLUME_ROOT")) is usable as $me, $room"
