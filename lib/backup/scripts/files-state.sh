# shellcheck shell=sh disable=SC2154 # what one file sets another reads
#
# A state of uploaded files becomes known on the target: its list, then its sidecar.
#
# Sourced by files.sh.

kind() {
  case ${JOB_NAME-} in
    "${CRON_JOB:-none}"-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]) printf scheduled ;;
    *) printf manual ;;
  esac
}

# write_sidecar: metadata.schema.json says what the keys are. The table counts of a database are those of files here.
write_sidecar() {
  moment "$state_stamp"
  iso=$(printf '%s' "$state_stamp" | sed 's/^\(....\)\(..\)\(..\)_\(..\)\(..\)\(..\)$/\1-\2-\3T\4:\5:\6Z/')
  bytes=$(wc -c <"$scratch/$state.files.gz")
  sum=$(sha256sum <"$scratch/$state.files.gz")
  sum=${sum%% *}
  cat <<EOF
{
  "version": 1,
  "name": "$state",
  "time": "$iso",
  "timeZone": "${TIME_ZONE:-UTC}",
  "kind": "$(kind)",
  "job": ${JOB_NAME:+\"}${JOB_NAME:-null}${JOB_NAME:+\"},
  "database": "${FILE_PREFIX#"$base-"}",
  "serverVersion": null,
  "pgDumpVersion": null,
  "format": "files",
  "file": "$state.files.gz",
  "bytes": $bytes,
  "sha256": "$sum",
  "encryptedTo": [],
  "plainBytes": $bytes,
  "plainSha256": "$sum",
  "rolesFile": null,
  "rolesBytes": null,
  "rolesSha256": null,
  "databaseBytes": $all_bytes,
  "tables": 0,
  "rows": $files,
  "rowsOfTable": {},
  "schemaFingerprint": null,
  "migrationTool": null,
  "migrationId": null,
  "migrationCount": 0,
  "seconds": $(($(uptime_seconds) - begun_at)).00,
  "suddenDrop": ${drop:+\"}${drop:-null}${drop:+\"},
  "verified": true
}
EOF
}

# Seconds that no change of the clock moves.
uptime_seconds() {
  cut -d . -f 1 /proc/uptime
}

sync_folder() {
  if [ "$STORE" = "$BACKUP_DIR" ]; then
    attended sync
  fi
}

publish() {
  state=${FILE_PREFIX}_$state_stamp
  gzip -c <"$scratch/manifest" >"$scratch/$state.files.gz"
  write_sidecar >"$scratch/$state.meta.json"
  put "$scratch/$state.files.gz" "$state.files.gz" "$sum"
  # Where the power fails, no state may be known whose files are not on the disk.
  sync_folder
  # Before the sidecar: a run that is killed here must not leave a state that lets others be removed.
  [ -z "$drop" ] || freeze "$state: $drop"
  sum=$(sha256sum <"$scratch/$state.meta.json")
  put "$scratch/$state.meta.json" "$state.meta.json" "${sum%% *}"
  sync_folder
  printf 'backed up: %d files, %d bytes of %s to %s\n' "$files" "$all_bytes" "${FILE_PREFIX#"$base-"}" "$place"
}
