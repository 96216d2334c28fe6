# shellcheck shell=sh disable=SC2154 # what one file sets another reads
#
# The steps on a store that upload.sh, store.sh and files.sh take.
#
# Sourced after run.sh; plain POSIX sh with busybox' applets and rclone 1.60 or newer.

# All settings come from the environment; a missing bucket is an error, not something to create; retries are below. Names
# that only look the same, an accent in the letter or behind it, are two files.
export RCLONE_CONFIG='' RCLONE_S3_NO_CHECK_BUCKET=true RCLONE_RETRIES=1 RCLONE_NO_UNICODE_NORMALIZATION=true
export RCLONE_LOW_LEVEL_RETRIES="${RCLONE_LOW_LEVEL_RETRIES:-4}"
export RCLONE_CONTIMEOUT="${RCLONE_CONTIMEOUT:-20s}" RCLONE_TIMEOUT="${RCLONE_TIMEOUT:-60s}"
ATTEMPTS=3
RETRY_SECONDS=${RETRY_SECONDS:-5}

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
