# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Gives the files of a backup their names, the metadata last, and writes that metadata.
#
# Sourced by backup.sh.

# Sets `stamp` to the first second from the dump's start of which there is no file.
find_stamp() {
  local offset
  for offset in {0..59}; do
    printf -v stamp '%(%Y%m%d_%H%M%S)T' $((started + offset))
    moment_of_backup=$((started + offset))
    if ! compgen -G "$BACKUP_DIR/${FILE_PREFIX}_$stamp.*" >/dev/null; then
      return 0
    fi
  done
  fail 8 "60 backups of this minute exist already in $BACKUP_DIR"
}

# give_name PARTIAL PATH
# Never replaces a file: a hard link fails where a name is taken. File systems without hard links get a rename that does
# not overwrite.
give_name() {
  if ln -T -- "$1" "$2" 2>"$scratch/ln" || [[ $1 -ef $2 ]]; then
    rm -f -- "$1"
  elif [[ -e $2 || -L $2 ]] || ! mv -nT -- "$1" "$2" 2>"$scratch/ln" || [[ -e $1 ]]; then
    fail 8 "$2 cannot be given its name: $(said "$scratch/ln")"
  fi
}

sync_folder() {
  attended sync -- "$BACKUP_DIR" 2>"$scratch/sync" || fail 8 "the new names may not be on disk: $(said "$scratch/sync")"
}

publish() {
  local name
  find_stamp
  name=${FILE_PREFIX}_$stamp
  archive=$name$archive_end
  write_metadata "$name" >"$metadata_partial" || fail 8 "the metadata cannot be written to $BACKUP_DIR"
  attended sync -- "$metadata_partial" 2>"$scratch/sync" || fail 8 "$(said "$scratch/sync")"
  if [[ -n $sudden_drop && $kind != safety ]]; then
    freeze_pruning || fail 8 "$frozen cannot be written"
  fi
  give_name "$archive_partial" "$BACKUP_DIR/$archive"
  reassurance="$BACKUP_DIR/$archive is complete, but counts only when verify has adopted it"
  give_name "$roles_partial" "$BACKUP_DIR/$name$roles_end"
  sync_folder
  give_name "$metadata_partial" "$BACKUP_DIR/$name.meta.json"
  reassurance="$BACKUP_DIR/$archive is complete"
  sync_folder
  printf 'published: %s\n' "$BACKUP_DIR/$archive"
}

# Prints a JSON string; null when it is empty.
json_text() {
  if [[ -z $1 ]]; then
    printf null
    return
  fi
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

write_metadata() {
  local recipients='' recipient rows_of_table='{}'
  for recipient in $AGE_RECIPIENTS; do
    recipients+=", \"$recipient\""
  done
  if [[ -s $scratch/rows ]]; then
    rows_of_table="{
$(sed 's/^/    /; $!s/$/,/' "$scratch/rows")
  }"
  fi
  cat <<JSON
{
  "version": 1,
  "name": "$1",
  "time": "$(printf '%(%Y-%m-%dT%H:%M:%SZ)T' "$moment_of_backup")",
  "timeZone": "$TIME_ZONE",
  "kind": "$kind",
  "job": $(json_text "$JOB_NAME"),
  "database": $(json_text "$PGDATABASE"),
  "serverVersion": "$server_version",
  "pgDumpVersion": "$dump_version",
  "format": "$FORMAT",
  "file": "$1$archive_end",
  "bytes": $archive_bytes,
  "sha256": "$archive_hash",
  "encryptedTo": [${recipients:2}],
  "plainBytes": $archive_plain_bytes,
  "plainSha256": "$archive_plain_hash",
  "rolesFile": "$1$roles_end",
  "rolesBytes": $roles_bytes,
  "rolesSha256": "$roles_sha256",
  "databaseBytes": $database_bytes,
  "tables": $tables,
  "rows": $rows,
  "rowsOfTable": $rows_of_table,
  "schemaFingerprint": "$fingerprint",
  "migrationTool": $(json_text "$migration_tool"),
  "migrationId": $(json_text "$migration_id"),
  "migrationCount": ${migration_count:-null},
  "seconds": $took,
  "suddenDrop": $(json_text "$sudden_drop"),
  "verified": true
}
JSON
}

# Sets `tables` and `rows`.
count_rows() {
  local line
  tables=0 rows=0
  while IFS= read -r line; do
    tables=$((tables + 1))
    rows=$((rows + ${line##*: }))
  done <"$scratch/rows"
}

# Sets `sudden_drop` to the reason when much less was dumped than the last time. Sizes tell nothing between formats.
compare_with_previous() {
  local old_rows old_bytes old='the last backup'
  sudden_drop=
  if [[ -z $compared ]]; then
    return 0
  elif [[ $compared != "$previous" ]]; then
    old=$(metadata_value "$compared" name)
  fi
  old_rows=$(metadata_value "$compared" rows)
  old_bytes=$(metadata_value "$compared" plainBytes)
  if ((rows * 2 < old_rows)); then
    sudden_drop="$(human_number "$rows") rows, and $old has $(human_number "$old_rows")"
  elif [[ $(metadata_value "$compared" format) == "$FORMAT" ]] && ((archive_plain_bytes * 2 < old_bytes)); then
    sudden_drop="$(human_bytes "$archive_plain_bytes"), and $old has $(human_bytes "$old_bytes")"
  fi
}

# Written before the backup has its name: a run that is killed between the two must not leave the next one unwarned.
freeze_pruning() {
  printf '%s: %s\n' "${FILE_PREFIX}_$stamp" "$sudden_drop" >"$frozen_partial" && mv -f -- "$frozen_partial" "$frozen"
}
