# shellcheck shell=sh disable=SC2154 # what one file sets another reads
#
# Brings backups from an S3 store to BACKUP_DIR. A file gets its name there only when it is what its sidecar says; the
# sidecar comes last.
#
# Sourced by store.sh after rclone.sh, retention.sh and metadata.sh. PREVIOUS_METADATA names a file that
# gets the newest of the sidecars as well [none].

# The temporary name is this script's own; rclone needs no second one.
export RCLONE_INPLACE=true

# bring NAME [OPTION]: sets `brought`, a temporary file with what the store has under the name.
bring() {
  bring_dir=$BACKUP_DIR
  brought=$BACKUP_DIR/.$1.$run.partial
  # shellcheck disable=SC2086 # no option is no argument
  ask copyto ${2-} "$STORE/$1" "$brought" || fail 4 "cannot bring $1 from $place to $BACKUP_DIR: $(why)"
  # rclone calls a missing file a success.
  [ -f "$brought" ] || fail 6 "$place has no $1"
}

# bring_sidecar NAME: sets `sidecar`, a temporary file.
bring_sidecar() {
  bring "$1.meta.json"
  sidecar=$brought
  is_sidecar_of "$1" || fail 5 "$1.meta.json in $place is not a complete sidecar of that backup"
}

is_sidecar_of() {
  metadata_complete "$sidecar" && [ "$(metadata_value "$sidecar" name)" = "$1" ]
}

# is_here NAME SHA256: whether the folder has that file already. Another one of that name is never replaced.
is_here() {
  [ -e "$BACKUP_DIR/$1" ] || return 1
  [ "$(sha256sum <"$BACKUP_DIR/$1")" = "$2  -" ] ||
    fail 5 "$BACKUP_DIR/$1 is there already with other content; nothing was overwritten, move it away"
}

# bring_part KEY_OF_NAME KEY_OF_SHA256: a file that the sidecar names, checked but still under its temporary name.
bring_part() {
  part=$(metadata_value "$sidecar" "$1" || true)
  sum=$(metadata_value "$sidecar" "$2" || true)
  case $part in
    '') return 0 ;;
    */*) fail 5 "$backup.meta.json in $place names \"$part\", which is not a file beside it" ;;
    "$backup".*) ;;
    *) fail 5 "$backup.meta.json in $place names \"$part\", which is a file of another backup" ;;
  esac
  if is_here "$part" "$sum"; then
    return 0
  fi
  bring "$part"
  [ "$(sha256sum <"$brought")" = "$sum  -" ] || fail 5 "$part from $place does not have the sha256 of its sidecar"
  parts="$parts $part"
}

fetch_backup() {
  backup=$1 parts=
  bring_sidecar "$backup"
  bring_part rolesFile rolesSha256
  bring_part file sha256
  # Names of ours have no blanks.
  for part in $parts "$backup.meta.json"; do
    mv -n "$BACKUP_DIR/.$part.$run.partial" "$BACKUP_DIR/$part" || fail 3 "$BACKUP_DIR/$part cannot be given its name"
  done
  printf 'fetched: %s from %s\n' "$backup" "$place"
}

# Old sidecars are there for the list of backups, so one that is damaged hides no other.
fetch_sidecars() {
  stamps_with .meta.json <"$scratch/names" | sort -r | head -n "$1" >"$scratch/newest"
  sed "s/.*/${FILE_PREFIX}_&.meta.json/" "$scratch/newest" >"$scratch/wanted"
  mkdir "$scratch/sidecars"
  [ ! -s "$scratch/wanted" ] || ask copy --files-from-raw "$scratch/wanted" "$STORE" "$scratch/sidecars" ||
    fail 4 "cannot bring sidecars from $place: $(why)"
  fetched=0
  while read -r stamp <&5; do
    backup=${FILE_PREFIX}_$stamp
    sidecar=$scratch/sidecars/$backup.meta.json
    if ! is_sidecar_of "$backup"; then
      printf '%s.meta.json in %s is not a complete sidecar of that backup\n' "$backup" "$place" >&2
      continue
    fi
    [ "$fetched" != 0 ] || [ -z "${PREVIOUS_METADATA-}" ] || give_name "$sidecar" "$PREVIOUS_METADATA"
    [ -e "$BACKUP_DIR/$backup.meta.json" ] || give_name "$sidecar" "$BACKUP_DIR/$backup.meta.json"
    fetched=$((fetched + 1))
  done 5<"$scratch/newest"
  printf 'fetched: %d sidecars from %s\n' "$fetched" "$place"
}

# give_name FILE PATH: copies a file; the path means that all of it is there.
give_name() {
  bring_dir=${2%/*}
  partial=$bring_dir/.${2##*/}.$run.partial
  { cp "$1" "$partial" && mv -f "$partial" "$2"; } || fail 3 "$2 cannot be written"
}

fetch_newest() {
  stamp=$(stamps_with .meta.json <"$scratch/names" | sort | tail -n 1)
  [ -n "$stamp" ] || fail 6 "$place has no verified backup of $FILE_PREFIX"
  fetch_backup "${FILE_PREFIX}_$stamp"
}

# What a catalogue needs. `store.files`, each line the size and the name of a file, comes last.
fetch_listing() {
  list_store
  {
    stamps_with .meta.json <"$scratch/names" | sed "s/.*/${FILE_PREFIX}_&.meta.json/"
    grep -xF "$FILE_PREFIX.pruning-frozen" "$scratch/names" || true
  } >"$scratch/wanted"
  [ ! -s "$scratch/wanted" ] || ask copy --files-from-raw "$scratch/wanted" "$STORE" "$BACKUP_DIR" ||
    fail 4 "cannot bring sidecars from $place: $(why)"
  give_name "$scratch/files" "$BACKUP_DIR/store.files"
  printf 'listed: %d files in %s\n' "$(wc -l <"$scratch/files")" "$place"
}

# fetch_files NAME…: as they are, also when they are damaged; whoever asks for them finds that out.
fetch_files() {
  for name; do
    bring "$name" --ignore-checksum
    mv -f "$brought" "$BACKUP_DIR/$name" || fail 3 "$BACKUP_DIR/$name cannot be given its name"
  done
}
