# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# How many rows each table has in an archive, without a server.
#
# Sourced by catalogue.sh after common.sh and archive.sh.

# count_rows FILE
# Writes the rows of each table, as they stand in metadata, to $scratch/counted, and the version of pg_dump to
# $scratch/pg_dump_version. Returns 1 with the reason in `problem`.
count_rows() {
  connect stored text
  stage reader "$1" stored cat
  if is_text "$1"; then
    unpack "$1" stored text
  else
    connect content
    unpack "$1" stored content
    stage pg_restore content text to_the_end pg_restore --file=-
  fi
  stage awk text "$scratch/unsorted" awk -v version_file="$scratch/pg_dump_version" "$ROWS_IN_DUMP"
  : >"$scratch/pg_dump_version"
  close_pipes
  await_stages
  if any_failed reader age 'gzip -dc' 'zstd -dc' pg_restore awk; then
    return 1
  fi
  sort -- "$scratch/unsorted" >"$scratch/counted"
}

# A COPY counts only behind the comment that pg_dump writes before it, as a function may have such a line in its body.
# Tables that the dump does not create belong to an extension.
# shellcheck disable=SC2016
ROWS_IN_DUMP='
  in_rows {
    if ($0 == "\\.") {
      in_rows = 0
    } else {
      rows[table]++
    }
    next
  }
  data_follows && /^COPY .* FROM stdin;$/ {
    table = name_at(substr($0, 6))
    rows[table] += 0
    data_follows = 0
    in_rows = 1
    next
  }
  /^-- Data for Name: / { data_follows = 1; next }
  data_follows && !/^(--.*)?$/ { data_follows = 0 }
  /^CREATE (UNLOGGED )?TABLE / {
    sub(/^CREATE (UNLOGGED )?TABLE /, "")
    created[name_at($0)] = 1
  }
  /^-- Dumped by pg_dump version / && !version {
    version = $6
    print version >version_file
  }
  END {
    for (table in rows) {
      if (table in created) {
        printf "\"%s\": %d\n", table, rows[table]
      }
    }
  }

  # The name that begins an SQL text, as it stands in a JSON string: without the quotes of its parts.
  function name_at(text,    name, part) {
    while (match(text, /^("([^"]|"")*"|[^ ."(]+)/)) {
      part = substr(text, 1, RLENGTH)
      text = substr(text, RLENGTH + 1)
      name = name (part ~ /^"/ ? in_json(substr(part, 2, length(part) - 2)) : part)
      if (substr(text, 1, 1) != ".") {
        break
      }
      name = name "."
      text = substr(text, 2)
    }
    return name
  }
  function in_json(quoted,    text, i, letter) {
    for (i = 1; i <= length(quoted); i++) {
      letter = substr(quoted, i, 1)
      if (letter == "\"") {
        i++
        text = text "\\\""
      } else if (letter == "\\") {
        text = text "\\\\"
      } else if (letter == "\t") {
        text = text "\\t"
      } else {
        text = text letter
      }
    }
    return text
  }
'

# rows_of ROW_COUNTS
rows_of() {
  awk '{ rows += $NF } END { printf "%d", rows }' "$1"
}
