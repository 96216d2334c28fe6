# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Metadata for an archive that has none, from what the archive itself tells.
#
# Sourced by catalogue.sh after common.sh, archive.sh, listing.sh, dump-rows.sh.

# adopt NAME ARCHIVE
# Reads an archive that has no metadata in full and writes what can be known of it. Returns 1 with the reason in
# `problems`.
adopt() {
  local begun partial=$BACKUP_DIR/.$1.adopted.${HOSTNAME//[!A-Za-z0-9-]/-}-$$.partial error
  read_ticks
  begun=$ticks
  if ! read_archive "$BACKUP_DIR/$2"; then
    problems+=("$2 cannot be read in full: $archive_problem")
    return 1
  elif ! count_rows "$BACKUP_DIR/$2" || ! plain_facts "$2"; then
    problems+=("the contents of $2 cannot be told: $problem")
    return 1
  fi
  roles_facts "$1"
  read_took "$begun"
  partials+=("$partial")
  # A link does not replace what the run that made the archive may have written meanwhile; from a store it is brought.
  bring_listing
  if ! error=$({ adopted_metadata "$1" "$2" >"$partial" && sync -- "$partial" && link_once "$partial" "$BACKUP_DIR/$1.meta.json" &&
    sync -- "$BACKUP_DIR"; } 2>&1); then
    problems+=("the metadata cannot be written: $error")
    return 1
  fi
  if [[ ! -e $partial || $partial -ef $BACKUP_DIR/$1.meta.json ]]; then
    printf 'adopted: %s\n' "$1" >&2
  fi
  rm -f -- "$partial"
}

# link_once FILE NAME
# Gives a file a second name, unless the name is taken. File systems without hard links get a rename instead.
link_once() {
  ln -T -- "$1" "$2" 2>/dev/null || [[ -e $2 ]] || mv -nT -- "$1" "$2"
}

# plain_facts ARCHIVE
# Sets `plain_bytes` and `plain_sha256` of the archive before encryption. Returns 1 with the reason in `problem`.
plain_facts() {
  plain_bytes=$(stat -c %s -- "$BACKUP_DIR/$1") plain_sha256=$archive_sha256
  if [[ $1 != *.age ]]; then
    return
  fi
  connect plain counted
  stage age "$BACKUP_DIR/$1" plain,counted age_twice
  stage sha256sum plain "$scratch/sum" sha256sum
  stage wc counted "$scratch/bytes" wc -c
  close_pipes
  await_stages
  if any_failed age sha256sum wc; then
    return 1
  fi
  read -r plain_sha256 _ <"$scratch/sum"
  plain_bytes=$(<"$scratch/bytes")
}

# roles_facts NAME
# Sets `roles_file`, `roles_bytes` and `roles_sha256`, as they stand in metadata, of the roles that lie beside the archive:
# a server that lacks them cannot load it. Those that are not whole are left out.
roles_facts() {
  local file sha256=$archive_sha256
  roles_file=null roles_bytes=null roles_sha256=null
  for file in "$1.roles.sql.gz" "$1.roles.sql.gz.age"; do
    if [[ ! -f $BACKUP_DIR/$file ]]; then
      continue
    elif read_archive "$BACKUP_DIR/$file"; then
      roles_file="\"$file\"" roles_bytes=$(stat -c %s -- "$BACKUP_DIR/$file") roles_sha256="\"$archive_sha256\""
    else
      printf '%s cannot be read in full and is left out: %s\n' "$file" "$archive_problem" >&2
    fi
  done
  archive_sha256=$sha256
}

age_twice() {
  age --decrypt --identity "$AGE_IDENTITY" | tee /dev/fd/3
}

# adopted_metadata NAME ARCHIVE
adopted_metadata() {
  local format=custom
  if is_text "$2"; then
    format=plain
  fi
  cat <<END
{
  "version": 1,
  "name": "$1",
  "time": "$(time_of "$1")",
  "timeZone": $(json_text "${TIME_ZONE:-UTC}"),
  "kind": "adopted",
  "job": null,
  "database": $(json_text "${PGDATABASE-}"),
  "serverVersion": null,
  "pgDumpVersion": $(json_text "$(<"$scratch/pg_dump_version")"),
  "format": "$format",
  "file": "$2",
  "bytes": $(stat -c %s -- "$BACKUP_DIR/$2"),
  "sha256": "$archive_sha256",
  "encryptedTo": [],
  "plainBytes": $plain_bytes,
  "plainSha256": "$plain_sha256",
  "rolesFile": $roles_file,
  "rolesBytes": $roles_bytes,
  "rolesSha256": $roles_sha256,
  "databaseBytes": null,
  "tables": $(wc -l <"$scratch/counted"),
  "rows": $(rows_of "$scratch/counted"),
$(rows_of_table <"$scratch/counted"),
  "schemaFingerprint": null,
  "migrationTool": null,
  "migrationId": null,
  "migrationCount": null,
  "seconds": $took,
  "suddenDrop": null,
  "verified": true
}
END
}

# rows_of_table < row counts
rows_of_table() {
  awk '
    { printf "%s    %s", NR == 1 ? "  \"rowsOfTable\": {\n" : ",\n", $0 }
    END { printf NR ? "\n  }" : "  \"rowsOfTable\": {}" }
  '
}
