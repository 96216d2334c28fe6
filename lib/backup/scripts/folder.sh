# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Finds the backups in the folder, and removes those that are too old.
#
# Sourced by backup.sh.

DIGITS='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9][0-9][0-9]'

# Prints the paths of the folder's files that match a pattern, regular files only.
regular_files() {
  local path
  shopt -s nullglob
  # The pattern must stay unquoted: the shell fills it in, and its exact digits let no odd name through.
  # shellcheck disable=SC2086
  for path in "$BACKUP_DIR/"$1; do
    if [[ -f $path && ! -L $path ]]; then
      printf '%s\n' "$path"
    fi
  done
}

# Prints the names of the files of a backup that are there, the metadata last.
files_of() {
  local name
  for name in $(archive_names "$1") "$1.roles.sql.gz" "$1.roles.sql.gz.age" "$1.meta.json"; do
    if [[ -f $BACKUP_DIR/$name && ! -L $BACKUP_DIR/$name ]]; then
      printf '%s\n' "$name"
    fi
  done
}

has_archive() {
  local end
  for end in "${ARCHIVE_ENDS[@]}"; do
    if [[ -f $BACKUP_DIR/$1$end && ! -L $BACKUP_DIR/$1$end ]]; then
      return 0
    fi
  done
  return 1
}

# Sets `verified` to the stamps of the backups whose metadata is complete, oldest first, and `orphans` to those of
# metadata without an archive: their removal was interrupted.
read_verified() {
  local path stamp
  verified=() orphans=()
  while read -r path; do
    stamp=${path%.meta.json}
    stamp=${stamp: -15}
    if ! has_archive "${FILE_PREFIX}_$stamp"; then
      orphans+=("$stamp")
    elif metadata_complete "$path"; then
      verified+=("$stamp")
    fi
  done < <(regular_files "${FILE_PREFIX}_$DIGITS.meta.json")
}

# Sets `previous` to the metadata of the last verified backup, and `compared` to that of the last one that a sudden drop
# can be seen by; both are empty when there is none.
find_previous() {
  local paths i name
  previous='' compared=''
  mapfile -t paths < <(regular_files "${FILE_PREFIX}_$DIGITS.meta.json")
  if [[ -n ${PREVIOUS_METADATA-} ]]; then
    paths=("$PREVIOUS_METADATA" "${paths[@]}")
  fi
  for ((i = ${#paths[@]} - 1; i >= 0 && ${#compared} == 0; i--)); do
    name=${paths[i]##*/}
    # Where there is metadata from elsewhere, the store has the archives.
    if [[ -n ${PREVIOUS_METADATA-} ]] || has_archive "${name%.meta.json}" && metadata_complete "${paths[i]}"; then
      previous=${previous:-${paths[i]}}
      hides_drop "${paths[i]}" || compared=${paths[i]}
    fi
  done
  compared=${compared:-$previous}
}

# Whether a backup has a sudden drop that froze nothing: the one before a restore or a migration. The next one would have
# as little as this one, and nobody would be told.
hides_drop() {
  [[ $(metadata_value "$1" kind) == safety && -n $(metadata_value "$1" suddenDrop) ]]
}

# Clocks of two nodes differ a little, and the name of a backup may be a minute later than its begin.
CLOCK_TOLERANCE=300

# Warns when the last backup is of a later time than now. Whether the clock was wrong then or is wrong now cannot be told
# from names, so nothing is removed by them.
check_clock() {
  local name
  if [[ -z $previous ]]; then
    return 0
  fi
  name=$(metadata_value "$previous" name)
  if moment "${name: -15}" && ((second > started + CLOCK_TOLERANCE)); then
    warn "$name is of a later time than now: the clock was wrong then, or is wrong now; nothing old is removed until the backup with the wrong time is deleted"
    PRUNE=no
  fi
}

prune() {
  local old='' name abandoned removed=0
  if [[ -e $frozen ]]; then
    result_body+=("Pruning: frozen since $(said "$frozen"); confirm it to go on")
    printf 'nothing is removed, pruning is frozen: %s\n' "$(said "$frozen")"
    return 0
  fi
  if [[ $PRUNE == no ]]; then
    return 0
  fi
  read_verified
  if ((${#verified[@]} > 0)); then
    old=$(printf '%s\n' "${verified[@]}" | expired_backups "$stamp")
  fi
  abandoned=$(regular_files ".${FILE_PREFIX}_*.partial" | sed 's|.*/||' | abandoned_files "$FILE_PREFIX" "$stamp")
  : >"$scratch/rm"
  # Stamps and names of ours have no blanks.
  for name in $old; do
    remove_backup "${FILE_PREFIX}_$name"
    removed=$((removed + 1))
  done
  for name in "${orphans[@]}"; do
    # Somebody may have put the archive back meanwhile, or a file server may show it again.
    if ! has_archive "${FILE_PREFIX}_$name"; then
      remove_backup "${FILE_PREFIX}_$name"
      removed=$((removed + 1))
    fi
  done
  for name in $abandoned; do
    rm -f -- "$BACKUP_DIR/$name" 2>>"$scratch/rm" || true
  done
  if [[ -s $scratch/rm ]]; then
    fail 9 "not everything old could be removed: $(said "$scratch/rm")"
  fi
  printf 'removed: %d that were too old\n' "$removed"
}

# Removes the files of a backup, the metadata last: as long as it is there, the next run sees that something is left.
remove_backup() {
  local name
  for name in $(files_of "$1"); do
    # -f: another run may have removed it already.
    rm -f -- "$BACKUP_DIR/$name" 2>>"$scratch/rm" || return 0
  done
}
