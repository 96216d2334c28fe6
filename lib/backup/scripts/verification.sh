# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Whether a backup is whole, and is what its metadata says.
#
# Sourced by catalogue.sh after common.sh, metadata.sh, archive.sh, listing.sh, dump-rows.sh and adoption.sh.

METADATA_KEYS=(version name time timeZone kind job database serverVersion pgDumpVersion format file bytes sha256
encryptedTo plainBytes plainSha256 rolesFile rolesBytes rolesSha256 databaseBytes tables rows rowsOfTable
schemaFingerprint migrationTool migrationId migrationCount seconds suddenDrop verified)

problems=() # what is wrong with the backup at hand
removed=no  # whether somebody removed it meanwhile
patience=50 # tenths of a second to wait for runs that publish

declare -A recorded=() # what its metadata says; null is empty

# verify_backup NAME STATE ARCHIVE JSON, as describe_backups prints them
# Prints a JSON object and sets `problems` and `removed`.
verify_backup() {
  local name=$1 state=$2 archive=$3 json=$4 metadata=$BACKUP_DIR/$1.meta.json
  problems=() removed=no
  case $state in
    missing) problems+=("its archive is missing") ;;
    unverified)
      await_publication "$metadata"
      if [[ -e $metadata ]] && read -r _ state archive json < <(describe_backups "$name") && [[ $state != unverified ]]; then
        verify_backup "$name" "$state" "$archive" "$json"
        return
      elif [[ -e $metadata ]]; then
        problems+=("$name.meta.json is damaged; remove it and verify again, which reads the archive and writes a new one")
      elif adopt "$name" "$archive"; then
        read -r _ state _ json < <(describe_backups "$name") || true
      fi
      ;;
    *)
      read_metadata "$metadata"
      check_metadata "$name" "$archive"
      check_file "$archive" "${recorded[bytes]-}" && check_archive "$archive"
      check_roles "$name"
      if ((${#problems[@]} > 0)); then
        state=damaged
      fi
      ;;
  esac
  if [[ ! -e $metadata && ! -e $BACKUP_DIR/$archive ]]; then
    removed=yes
    printf '%s was removed meanwhile\n' "$name" >&2
    return
  fi
  local problem texts=
  for problem in "${problems[@]}"; do
    texts+=,$(json_text "$problem")
  done
  printf '%s,"verification":"%s","problems":[%s]}\n' "$json" "$state" "${texts:1}"
}

# await_publication METADATA
# A run gives its metadata a name a moment after the archive. Only what a killed run left stays longer: all waiting
# together is at most 5 s.
await_publication() {
  while ((patience > 0)) && [[ ! -e $1 ]] && compgen -G "$BACKUP_DIR/.${FILE_PREFIX}_*.meta.*.partial" >/dev/null; do
    patience=$((patience - 1))
    pause 0.1
  done
}

# read_metadata METADATA
# Sets `recorded`, and writes the rows of each table to $scratch/recorded. One reading: metadata_value starts processes
# for each value.
read_metadata() {
  local line value
  recorded=()
  while IFS= read -r line; do
    if [[ $line =~ ^\ \ \"([A-Za-z0-9]+)\":\ (.*)$ ]]; then
      value=${BASH_REMATCH[2]%,}
      if [[ $value == null ]]; then
        value=
      fi
      value=${value#\"}
      recorded[${BASH_REMATCH[1]}]=${value%\"}
    fi
  done <"$1"
  row_counts_of "$1" | sort >"$scratch/recorded"
}

# check_metadata NAME ARCHIVE
check_metadata() {
  local key missing='' format=custom
  for key in "${METADATA_KEYS[@]}"; do
    if [[ -z ${recorded[$key]+known} ]]; then
      missing+=" $key"
    fi
  done
  if [[ -n $missing ]]; then
    problems+=("the metadata lacks$missing")
  fi
  if is_text "$2"; then
    format=plain
  fi
  expect time "$(time_of "$1")"
  expect format "$format"
  expect tables "$(wc -l <"$scratch/recorded")"
  expect rows "$(rows_of "$scratch/recorded")"
  if [[ $2 != *.age ]]; then
    expect plainBytes "${recorded[bytes]-}"
    expect plainSha256 "${recorded[sha256]-}"
  fi
}

# time_of NAME
# Prints the time of a backup: 2026-11-20T19:00:00Z
time_of() {
  local stamp=${1: -15}
  printf '%s-%s-%sT%s:%s:%sZ' "${stamp:0:4}" "${stamp:4:2}" "${stamp:6:2}" "${stamp:9:2}" "${stamp:11:2}" "${stamp:13:2}"
}

# expect KEY VALUE
expect() {
  if [[ -n ${recorded[$1]+known} && ${recorded[$1]} != "$2" ]]; then
    problems+=("the metadata says $1 ${recorded[$1]:-null}, which should be $2")
  fi
}

# check_file FILE BYTES
# Returns 1 when it is missing or has another size.
check_file() {
  local size
  size=$(stat -c %s -- "$BACKUP_DIR/$1" 2>/dev/null) || size=none
  if [[ $size == none ]]; then
    problems+=("$1 is missing")
    return 1
  elif [[ $size != "$2" ]]; then
    problems+=("$1 has $size bytes and should have $2")
    return 1
  fi
}

# check_archive ARCHIVE
check_archive() {
  local path=$BACKUP_DIR/$1 differences
  # Without the key, the checksum alone shows that these are the bytes that were read back when the backup was made.
  if [[ $1 == *.age && -z ${AGE_IDENTITY-} ]]; then
    check_sum "$1" "${recorded[sha256]-}"
    return
  fi
  if ! read_archive "$path"; then
    problems+=("$1 cannot be read in full: $archive_problem")
  elif [[ $archive_sha256 != "${recorded[sha256]-}" ]]; then
    problems+=("$1 has the sha256 $archive_sha256 and should have ${recorded[sha256]-}")
  elif ! count_rows "$path"; then
    problems+=("the rows of $1 cannot be counted: $problem")
  else
    differences=$(diff "$scratch/recorded" "$scratch/counted" | sed -n 's/^< /recorded /p; s/^> /found /p' | head -n 6) || true
    if [[ -n $differences ]]; then
      problems+=("the rows of $1 are not those of the metadata: ${differences//$'\n'/, }")
    fi
  fi
}

# check_roles NAME
check_roles() {
  case ${recorded[rolesFile]-} in
    '') ;;
    "$1.roles.sql.gz" | "$1.roles.sql.gz.age")
      if check_file "${recorded[rolesFile]}" "${recorded[rolesBytes]-}"; then
        check_sum "${recorded[rolesFile]}" "${recorded[rolesSha256]-}"
      fi
      ;;
    *) problems+=("the metadata says rolesFile ${recorded[rolesFile]}, which is not of this backup") ;;
  esac
}

# check_sum FILE SHA256
check_sum() {
  local sum
  if ! attended sha256sum <"$BACKUP_DIR/$1" >"$scratch/sum" 2>"$scratch/sha256sum"; then
    problems+=("$1 cannot be read: $(said "$scratch/sha256sum")")
    return
  fi
  read -r sum _ <"$scratch/sum"
  if [[ $sum != "$2" ]]; then
    problems+=("$1 has the sha256 $sum and should have $2")
  fi
}
