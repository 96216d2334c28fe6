# shellcheck shell=sh disable=SC2034,SC2154 # what one file sets another reads
#
# A folder of uploaded files is copied to `current`, and what that takes away is kept beside it.
#
# Sourced by files.sh.

check_source() {
  [ -d "$1" ] || fail 3 "$1 is not a folder; mount the uploaded files there"
  odd=$(find "$1" -name '*
*' 2>/dev/null | tr '\n' '?' | cut -c 1-300)
  [ -z "$odd" ] || fail 3 "a file has a line break in its name, here a question mark: ${odd%\?}; rename it"
  # rclone takes it for the symbolic link of the name before that.
  odd=$(find "$1" -name '*.rclonelink' 2>/dev/null | head -n 1 | cut -c 1-300)
  [ -z "$odd" ] || fail 3 "$odd has the ending that symbolic links get in a backup; rename it"
}

# differing: prints the files that did not change during this run and are not in current as they are in the folder.
differing() {
  awk -v before="$scratch/before" -v current="$scratch/current" '
    BEGIN {
      while ((getline line <before) > 0) seen[line] = 1
      while ((getline line <current) > 0) there[line] = 1
    }
    {
      size = $0; sub(/;.*/, "", size)
      hash = substr($0, length(size) + 2); sub(/;.*/, "", hash)
      time = substr($0, length(size) + length(hash) + 3); sub(/;.*/, "", time)
      path = substr($0, length(size) + length(hash) + length(time) + 4)
      if ((size ";" time ";" path) in seen && !((size ";" hash ";" path) in there)) print path
    }' "$scratch/after"
}

# copy_to_current SOURCE [OPTION]: each time with a replaced_ folder of its own. What an attempt before took away, or a run
# of the same second that was killed, would be overwritten there by what it left in current. Its time is never before
# that of a state which is there: with a clock that was set back it would be gone before the states that need it. What is
# gone goes first: a file may have made way for a folder of its name, or a folder for a file.
copy_to_current() {
  source=$1
  shift
  took_away=$(printf '%s\n' "$newest" "$state_stamp" | sort | tail -n 1)
  exec rclone sync "$LINKED$source" "$STORE/$FILE_PREFIX/current" "$@" --delete-before \
    --backup-dir "$STORE/$FILE_PREFIX/replaced_${took_away}_$(mktemp -u XXXXXX)"
}

# mirror SOURCE: makes current like the folder and leaves its list in $scratch/current.
mirror() {
  list_files "$scratch/before" "$LINKED$1" stp
  if [ ! -s "$scratch/before" ] && [ "$previous_files" -gt 0 ]; then
    fail 3 "$1 is empty, but had $previous_files files before; is the right volume mounted? If it is meant, remove ${FILE_PREFIX}_$newest.meta.json"
  fi
  # Size and time are compared first; where an md5 differs all the same, md5s are.
  for comparison in '' --checksum; do
    again copy_to_current "$1" ${comparison:+"$comparison"} || fail 4 "cannot copy $1 to $place: $(why)"
    list_files "$scratch/after" "$LINKED$1" shtp
    list_files "$scratch/current" "$STORE/$FILE_PREFIX/current" shp
    differing >"$scratch/differing"
    [ -s "$scratch/differing" ] || return 0
  done
  fail 5 "$(wc -l <"$scratch/differing") files are not in $place as they are in $1, for example $(head -n 1 "$scratch/differing")"
}

# write_manifest: writes $scratch/manifest from the list of current, with the times of the folder where they are known.
write_manifest() {
  awk -v after="$scratch/after" '
    function field(line, n,   i) { for (i = 1; i < n; i++) sub(/^[^;]*;/, "", line); sub(/;.*/, "", line); return line }
    function rest(line, n,   i) { for (i = 1; i < n; i++) sub(/^[^;]*;/, "", line); return line }
    BEGIN { while ((getline line <after) > 0) time[field(line, 1) ";" field(line, 2) ";" rest(line, 4)] = field(line, 3) }
    { print field($0, 1) ";" field($0, 2) ";" time[$0] ";" rest($0, 3) }' "$scratch/current" >"$scratch/manifest"
  files=$(wc -l <"$scratch/manifest")
  all_bytes=$(awk -F ';' '{ sum += $1 } END { printf "%.0f", sum }' "$scratch/manifest")
}
