# shellcheck shell=sh
#
# Reads the metadata file of a backup (metadata.schema.json): JSON that is always laid out in the same way, one key a
# line, so that a shell can read it. Plain POSIX sh, for every image.

# metadata_value FILE KEY
# Prints the value of a key of the outermost object: strings without quotes, null as an empty line. Returns 1 when the
# key is missing.
metadata_value() {
  metadata_line=$(sed -n "s/^  \"$2\": //p" "$1" 2>/dev/null) || return 1
  case $metadata_line in
    '') return 1 ;;
    null | null,) echo ;;
    *) printf '%s\n' "$metadata_line" | sed 's/,$//; s/^"\(.*\)"$/\1/; s/\\\(["\\/]\)/\1/g' ;;
  esac
}

# row_counts_of FILE
# Prints the rows of each table as the file has them: "schema.table": N
row_counts_of() {
  sed -n '/^  "rowsOfTable": {$/,/^  }/ s/^    \(".*": [0-9]*\),*$/\1/p' "$1"
}

# metadata_complete FILE
# Returns 0 when the file is there as a whole and says that its backup was verified.
metadata_complete() {
  [ "$(sed -n -e '1s/^{$/begin/p' -e 's/^  "version": 1,$/version/p' -e 's/^  "name": "..*",$/name/p' \
    -e 's/^  "verified": true$/verified/p' -e '$s/^}$/end/p' "$1" 2>/dev/null)" = 'begin
version
name
verified
end' ]
}
