#!/usr/bin/env bash
#
# Dumps one PostgreSQL database into a folder. The archive gets its name only after every byte of it has been read
# back; only then are backups removed that are too old. A failure removes nothing but this run's own temporary file.
#
# Runs in the official Debian postgres image of the server's major version; retention.sh lies in the same folder.
#
# Environment:
#   PGHOST PGUSER PGDATABASE  required; PGPASSWORD, PGPORT and all others of libpq as libpq defines them
#   FILE_PREFIX               required: the archive is <prefix>_YYYYMMDD_HHMMSS.sql.gz, its time (UTC) is the dump's start
#   RETENTION_DAYS            required: whole days, at least 1; retention.sh says what is kept
#   BACKUP_DIR                folder of the archives [/backups]
#   COMPRESSION_LEVEL         gzip level, 1 to 9 [1]
#   LOCK_WAIT_SECONDS         how long pg_dump waits for a table that somebody holds exclusively [60]
#   TERMINATION_LOG           gets the reason of a failure, when it can be written [/dev/termination-log]
#
# Exit codes:
#   0  the archive is published and old ones are removed
#   1  something that was not foreseen; the line is named
#   2  a setting is missing or wrong
#   3  the folder is missing or cannot be written to
#   4  no connection to the server
#   5  pg_dump and server are of different major versions
#   6  pg_dump or the compression failed
#   7  the archive could not be read back
#   8  the archive could not be published
#   9  the archive is published, but something old could not be removed
#   128 + n  stopped by signal n (143: SIGTERM, a deadline or a deleted pod)
set -Eeuo pipefail
umask 0027 # the group reads: an app in the same group may list and download
export LC_ALL=C TZ=UTC0

here=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}
COMPRESSION_LEVEL=${COMPRESSION_LEVEL:-1}
LOCK_WAIT_SECONDS=${LOCK_WAIT_SECONDS:-60}
TERMINATION_LOG=${TERMINATION_LOG:-/dev/termination-log}
export PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}

partial=    # this run's temporary file, once it exists
published=  # the archive, once it has its name
scratch=    # folder for what the commands print
children=() # processes to stop when a signal comes

# --- how a run ends -----------------------------------------------------------------------------------------------

fail() {
  trap '' PIPE
  local reason=$2
  if [[ -n $published ]]; then
    reason+="; $published is complete"
  fi
  printf 'backup failed: %s\n' "$reason" >&2 || true
  if [[ -w $TERMINATION_LOG ]]; then
    printf 'backup failed: %s\n' "$reason" >"$TERMINATION_LOG" || true
  fi
  exit "$1"
}

clean_up() {
  trap '' TERM INT HUP QUIT PIPE
  if [[ -n $partial ]]; then
    rm -f -- "$partial" || true
  fi
  if [[ -n $scratch ]]; then
    rm -rf -- "$scratch" || true
  fi
}

stop_children() {
  local child
  for child in "${children[@]}"; do
    kill -TERM "$child" 2>/dev/null || continue
    # pg_dump answers by cancelling what the server does for it, which can hang when the server is gone.
    for _ in {1..50}; do
      kill -0 "$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$child" 2>/dev/null || true
  done
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

trap clean_up EXIT
trap 'unforeseen "$?" "$LINENO" "$BASH_COMMAND"' ERR
trap 'interrupted TERM 15' TERM
trap 'interrupted INT 2' INT
trap 'interrupted HUP 1' HUP
trap 'interrupted QUIT 3' QUIT
trap 'interrupted PIPE 13' PIPE

# --- small things -------------------------------------------------------------------------------------------------

# Runs a command and waits for it: bash answers a signal while it waits, but not while a foreground command runs.
attended() {
  "$@" &
  children=("$!")
  local status=0
  wait "$!" || status=$?
  children=()
  return "$status"
}

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
  printf '%s' "${text:0:1000}"
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

# --- refuse early -------------------------------------------------------------------------------------------------

check_settings() {
  local problems=() name
  for name in PGHOST PGUSER PGDATABASE FILE_PREFIX RETENTION_DAYS; do
    if [[ -z ${!name-} ]]; then
      problems+=("$name is not set")
    fi
  done
  if [[ -n ${FILE_PREFIX-} && ! $FILE_PREFIX =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$ ]]; then
    problems+=("FILE_PREFIX \"$FILE_PREFIX\" must be at most 100 letters, digits, dots, hyphens and underscores")
  fi
  if [[ -n ${RETENTION_DAYS-} && ! $RETENTION_DAYS =~ ^[1-9][0-9]{0,4}$ ]]; then
    problems+=("RETENTION_DAYS \"$RETENTION_DAYS\" must be a whole number from 1 to 99999")
  fi
  if [[ ! $COMPRESSION_LEVEL =~ ^[1-9]$ ]]; then
    problems+=("COMPRESSION_LEVEL \"$COMPRESSION_LEVEL\" must be a whole number from 1 to 9")
  fi
  if [[ ! $LOCK_WAIT_SECONDS =~ ^[1-9][0-9]{0,4}$ ]]; then
    problems+=("LOCK_WAIT_SECONDS \"$LOCK_WAIT_SECONDS\" must be a whole number from 1 to 99999")
  fi
  if ((${#problems[@]} > 0)); then
    local text
    printf -v text '; %s' "${problems[@]}"
    fail 2 "${text:2}"
  fi
}

# Tries to create this run's temporary file: permission bits alone do not show what a file server allows.
check_folder() {
  if [[ ! -d $BACKUP_DIR ]]; then
    fail 3 "$BACKUP_DIR is not a folder; mount the backup volume there"
  fi
  local error
  # Known before it exists, so that a signal in between leaves nothing.
  partial=$partial_name
  if ! error=$({ set -C && : >"$partial"; } 2>&1); then
    partial=
    local owner fix=''
    owner=$(stat -c 'belongs to %u:%g with mode %a' -- "$BACKUP_DIR")
    if [[ $error == *denied* || $error == *'not permitted'* ]]; then
      fix="; on the machine that holds the disk, run: chown $(id -u):$(id -g) <folder> && chmod 750 <folder>"
    fi
    fail 3 "uid $(id -u), groups $(id -G), cannot create a file in $BACKUP_DIR: ${error##*: }; it $owner$fix"
  fi
}

check_server() {
  local client server status=0
  client=$(pg_dump --version)
  client=${client#*) }
  client=${client%%[!0-9]*}
  attended psql -XAtq --no-password -c 'SHOW server_version_num' >"$scratch/version" 2>"$scratch/psql" || status=$?
  if ((status != 0)); then
    fail 4 "cannot connect to database $PGDATABASE at $PGHOST:${PGPORT:-5432} as $PGUSER: $(said "$scratch/psql")"
  fi
  server=$(($(<"$scratch/version") / 10000))
  if ((client != server)); then
    fail 5 "pg_dump is of PostgreSQL $client, the server of $server; run the backup with the image of the server's major version, postgres:$server"
  fi
  printf 'server: PostgreSQL %d, database %s at %s:%s\n' "$server" "$PGDATABASE" "$PGHOST" "${PGPORT:-5432}"
}

# --- the backup ---------------------------------------------------------------------------------------------------

# zstd writes the gzip format through zlib, which took three quarters of the time of `gzip -1` (287 MB, same size).
dump() {
  local begun pipe compressor pg_dump dump_status=0 compressor_status=0
  read_ticks
  begun=$ticks
  exec {pipe}> >(exec zstd -q -c --format=gzip "-$COMPRESSION_LEVEL" >"$partial" 2>"$scratch/zstd")
  compressor=$!
  pg_dump --format=plain --no-password --lock-wait-timeout="$((LOCK_WAIT_SECONDS * 1000))" \
    >&"$pipe" {pipe}>&- 2>"$scratch/pg_dump" &
  pg_dump=$!
  children=("$pg_dump" "$compressor")
  exec {pipe}>&-
  wait "$pg_dump" || dump_status=$?
  wait "$compressor" || compressor_status=$?
  children=()
  # First the compressor: without it pg_dump fails too, for want of a reader.
  if ((compressor_status != 0)); then
    fail 6 "zstd $(ended "$compressor_status" "$scratch/zstd")"
  fi
  if ((dump_status != 0)); then
    fail 6 "pg_dump $(ended "$dump_status" "$scratch/pg_dump")"
  fi
  cat -- "$scratch/pg_dump" >&2
  bytes=$(stat -c %s -- "$partial")
  read_took "$begun"
  printf 'dump: %d bytes in %s s\n' "$bytes" "$took"
}

# The last lines of a dump; from 2025 on pg_dump adds \unrestrict.
END_MARKER=$'\n--\n-- PostgreSQL database dump complete\n--\n+(\\\\unrestrict [A-Za-z0-9]+\n+)?$'

# Reads what the disk has, not what memory has: first written out, then dropped from the page cache. gzip checks its
# CRC and length, the marker shows that pg_dump came to its end.
read_back() {
  local begun pipe tail gzip status=0
  read_ticks
  begun=$ticks
  attended sync -- "$partial" 2>"$scratch/sync" || fail 7 "$(said "$scratch/sync")"
  dd if="$partial" iflag=nocache count=0 status=none 2>/dev/null || true
  exec {pipe}> >(exec tail -c 1024 >"$scratch/tail")
  tail=$!
  gzip -dc <"$partial" >&"$pipe" {pipe}>&- 2>"$scratch/gzip" &
  gzip=$!
  children=("$gzip" "$tail")
  exec {pipe}>&-
  wait "$gzip" || status=$?
  wait "$tail"
  children=()
  if ((status != 0)); then
    fail 7 "the archive cannot be read back: gzip $(ended "$status" "$scratch/gzip")"
  fi
  local text
  text=$(cat -- "$scratch/tail" && printf x)
  if [[ ! ${text%x} =~ $END_MARKER ]]; then
    fail 7 'the archive cannot be read back: the dump has no end marker, so a part of it is missing'
  fi
  read_took "$begun"
  printf 'read back: complete in %s s\n' "$took"
}

# Never replaces a file: a hard link fails where a name is taken, and then the next second is tried. Two runs may have
# begun at the same time. File systems without hard links get a rename that does not overwrite.
publish() {
  local offset
  for offset in {0..59}; do
    printf -v stamp '%(%Y%m%d_%H%M%S)T' $((started + offset))
    archive=$BACKUP_DIR/${FILE_PREFIX}_$stamp.sql.gz
    if ln -T -- "$partial" "$archive" 2>"$scratch/ln" || [[ $partial -ef $archive ]]; then
      break
    elif [[ -e $archive || -L $archive ]]; then
      archive=
    elif mv -nT -- "$partial" "$archive" 2>"$scratch/ln" && [[ ! -e $partial ]]; then
      break
    else
      fail 8 "$archive cannot be given its name: $(said "$scratch/ln")"
    fi
  done
  if [[ -z $archive ]]; then
    fail 8 "60 archives of this minute exist already in $BACKUP_DIR"
  fi
  published=$archive
  rm -f -- "$partial"
  attended sync -- "$BACKUP_DIR" 2>"$scratch/sync" || fail 8 "the new name may not be on disk: $(said "$scratch/sync")"
  printf 'published: %s\n' "$archive"
}

# Removes the named files of the folder, and says which could not be.
remove() {
  local name
  for name in "$@"; do
    # -f: another run may have removed it already.
    rm -f -- "$BACKUP_DIR/$name" 2>>"$scratch/rm" || true
  done
}

# Prints the names of the regular files among the paths.
regular_names() {
  local path
  for path in "$@"; do
    if [[ -f $path && ! -L $path ]]; then
      printf '%s\n' "${path##*/}"
    fi
  done
}

prune() {
  local digits='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9][0-9][0-9]' old abandoned
  shopt -s nullglob
  # The pattern must stay unquoted: the shell fills it in, and its exact digits let no odd name through.
  # shellcheck disable=SC2086
  old=$(regular_names "$BACKUP_DIR/${FILE_PREFIX}_"$digits.sql.gz | expired_backups "$FILE_PREFIX" "$RETENTION_DAYS" "$stamp")
  # shellcheck disable=SC2086
  abandoned=$(regular_names "$BACKUP_DIR/.${FILE_PREFIX}_"$digits.sql.gz.*.partial | abandoned_partials "$FILE_PREFIX" "$stamp")
  : >"$scratch/rm"
  # Names of ours have no blanks.
  # shellcheck disable=SC2086
  remove $old $abandoned
  if [[ -s $scratch/rm ]]; then
    fail 9 "not everything old could be removed: $(said "$scratch/rm")"
  fi
  # shellcheck disable=SC2086
  set -- $old
  printf 'removed: %d older than %d days\n' "$#" "$RETENTION_DAYS"
}

main() {
  local begun
  read_ticks
  begun=$ticks
  check_settings
  started=$EPOCHSECONDS
  printf -v stamp '%(%Y%m%d_%H%M%S)T' "$started"
  partial_name=$BACKUP_DIR/.${FILE_PREFIX}_$stamp.sql.gz.${HOSTNAME//[!A-Za-z0-9-]/-}-$$.partial
  local folder
  folder=$(mktemp -d 2>&1) || fail 3 "no folder for temporary files: ${folder#mktemp: }; mount an emptyDir at /tmp"
  scratch=$folder
  check_folder
  check_server
  dump
  read_back
  publish
  prune
  read_took "$begun"
  printf 'backup complete: file=%s bytes=%d seconds=%s\n' "$archive" "$bytes" "$took"
}

main
