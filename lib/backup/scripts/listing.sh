# shellcheck shell=bash disable=SC2154 # what one file sets another reads
#
# What backups there are, from the names and sizes of the files and from their metadata. Nothing is read in full. When the
# archives lie in a store, the folder has their metadata, and in `store.files` size and name of each file there.
#
# Sourced by catalogue.sh after common.sh and retention.sh.

# backup_files [NAME]
# Prints name and size of each regular file of ours, or of that backup, the newest first.
backup_files() {
  local name=${1:-${FILE_PREFIX}_[0-9]{8\}_[0-9]{6\}} endings='((sql\.gz|dump\.zst|roles\.sql\.gz)(\.age)?|meta\.json)' file size stamp
  sizes_and_names "${name//./\\.}\\.$endings" | sort -r -k 2 |
    while read -r size file; do
      stamp=${file#"${FILE_PREFIX}_"}
      if moment "${stamp%%.*}"; then
        printf '%s %s\n' "$file" "$size"
      fi
    done
}

# sizes_and_names PATTERN
# Prints size and name of each file whose name matches.
sizes_and_names() {
  if [[ ${STORE-} == archives ]]; then
    # grep calls it an error that there is nothing.
    grep -E "^[0-9]+ $1\$" -- "$BACKUP_DIR/store.files" || (($? == 1))
  else
    find "$BACKUP_DIR" -ignore_readdir_race -maxdepth 1 -type f -regextype posix-extended -regex ".*/$1" -printf '%s %f\n'
  fi
}

# read_applied_migrations
# Writes the ids of the migrations that the live database has had, oldest first, to $scratch/applied; none when it
# cannot tell.
read_applied_migrations() {
  : >"$scratch/applied"
  if [[ -z ${MIGRATION_QUERY-} || -z ${PGHOST-} ]]; then
    return
  fi
  cat >"$scratch/statements" <<SQL
SET statement_timeout = '10s';
SET default_transaction_read_only = on;
SELECT to_regclass(:'table') IS NOT NULL OR :'table' = '' AS known \gset
\if :known
$MIGRATION_QUERY;
\endif
SQL
  if ! PGCONNECT_TIMEOUT=5 attended psql -XAtq --no-password --set=ON_ERROR_STOP=1 --set=table="${MIGRATION_TABLE-}" \
    --file="$scratch/statements" >"$scratch/applied" 2>"$scratch/psql"; then
    : >"$scratch/applied"
    printf 'compatibility is unknown: %s\n' "$(said "$scratch/psql")" >&2
  fi
}

# describe_backups [NAME]
# Prints a line for each backup, the newest first: its name, whether it is verified, unverified (no metadata), missing
# (no archive) or of a damaged-size, the name of its archive, and a JSON object without its last brace.
describe_backups() {
  backup_files "${1-}" | awk -v folder="$BACKUP_DIR" -v applied="$scratch/applied" -v live_tool="${MIGRATION_TOOL-}" '
    BEGIN {
      # Values of metadata are copied into JSON as they are, so they must be JSON.
      hex = "[0-9A-Fa-f]"
      text = "\"([^\"\\\\[:cntrl:]]|\\\\[\"\\\\/bfnrt]|\\\\u" hex hex hex hex ")*\""
      number = "(0|[1-9][0-9]*)"
      form["version"] = "1"
      form["name"] = form["time"] = form["kind"] = form["format"] = form["file"] = form["sha256"] = text
      form["bytes"] = form["tables"] = form["rows"] = number
      form["rolesFile"] = form["migrationTool"] = form["migrationId"] = form["suddenDrop"] = text "|null"
      form["rolesBytes"] = form["migrationCount"] = number "|null"
      form["verified"] = "true"
      while ((getline id < applied) > 0) {
        live_index[id] = ++live_count
      }
    }

    {
      name = name_of($1)
      if (!(name in known)) {
        known[name] = 1
        names[++count] = name
      }
      size[$1] = $2
      if ($1 !~ /\.(meta\.json|roles\.sql\.gz(\.age)?)$/) {
        archive[name] = $1
      }
    }

    # A prefix may have dots of its own.
    function name_of(file) {
      sub(/\.(meta\.json|(roles\.)?sql\.gz(\.age)?|dump\.zst(\.age)?)$/, "", file)
      return file
    }

    # Reads metadata into `value`. Returns whether it is whole.
    function read_metadata(name,    path, line, first, last, key) {
      path = folder "/" name ".meta.json"
      split("", value)
      first = last = ""
      while ((getline line < path) > 0) {
        if (first == "") first = line
        last = line
        if (match(line, /^  "[A-Za-z0-9]+": /)) {
          key = substr(line, 4, RLENGTH - 6)
          value[key] = substr(line, RLENGTH + 1)
          sub(/,$/, "", value[key])
        }
      }
      close(path)
      if (first != "{" || last != "}") return 0
      for (key in form) {
        if (value[key] !~ "^(" form[key] ")$") return 0
      }
      return value["name"] == "\"" name "\""
    }

    function unquoted(text) {
      return substr(text, 2, length(text) - 2)
    }

    function compatibility(    id) {
      if (!live_count || value["migrationCount"] == "null" || value["migrationTool"] != "\"" live_tool "\"") return "unknown"
      if (value["migrationCount"] == 0) return "needs-migration"
      id = unquoted(value["migrationId"])
      if (!(id in live_index) || value["migrationCount"] > live_count) {
        # Alembic records the newest revision alone: whether another one is older cannot be told.
        return live_tool == "alembic" ? "unknown" : "newer"
      }
      return live_index[id] == live_count && value["migrationCount"] == live_count ? "compatible" : "needs-migration"
    }

    function verification(name,    file) {
      file = unquoted(value["file"])
      if (name_of(file) != name || !(file in size)) return "missing"
      archive[name] = file
      if (size[file] != value["bytes"]) return "damaged-size"
      if (value["rolesFile"] != "null" && size[unquoted(value["rolesFile"])] != value["rolesBytes"]) return "damaged-size"
      return "verified"
    }

    # The time of a name: YYYYMMDD_HHMMSS at its end.
    function time_of(name,    stamp) {
      stamp = substr(name, length(name) - 14)
      return substr(stamp, 1, 4) "-" substr(stamp, 5, 2) "-" substr(stamp, 7, 2) "T" \
        substr(stamp, 10, 2) ":" substr(stamp, 12, 2) ":" substr(stamp, 14, 2) "Z"
    }

    END {
      for (i = 1; i <= count; i++) {
        name = names[i]
        state = "unverified"
        if (read_metadata(name)) {
          state = verification(name)
        } else {
          split("", value)
          value["bytes"] = name in archive ? size[archive[name]] : "null"
          if (!(name in archive)) state = "missing"
        }
        printf "%s %s %s {\"name\":\"%s\",\"time\":\"%s\"", name, state, name in archive ? archive[name] : "-", name, time_of(name)
        printf ",\"kind\":%s,\"bytes\":%s", or_null("kind"), or_null("bytes")
        printf ",\"rows\":%s,\"tables\":%s", or_null("rows"), or_null("tables")
        printf ",\"format\":%s", archive[name] ~ /\.sql\.gz/ ? "\"plain\"" : archive[name] ~ /\.dump\.zst/ ? "\"custom\"" : or_null("format")
        printf ",\"encrypted\":%s", archive[name] ~ /\.age$/ ? "true" : "false"
        printf ",\"suddenDrop\":%s", or_null("suddenDrop")
        printf ",\"migrationTool\":%s,\"migrationId\":%s", or_null("migrationTool"), or_null("migrationId")
        printf ",\"compatibility\":\"%s\"\n", "migrationCount" in value ? compatibility() : "unknown"
      }
    }

    function or_null(key) {
      return key in value ? value[key] : "null"
    }
  '
}

# list
# Prints one JSON object a backup, the newest first, and one that says whether pruning is frozen, and why.
list() {
  local state json
  read_applied_migrations
  bring_listing
  describe_backups '' >"$scratch/backups"
  while read -r _ state _ json; do
    printf '%s,"verification":"%s"}\n' "$json" "$state"
  done <"$scratch/backups"
  printf '{"pruningFrozen":%s}\n' "$(frozen_reason)"
}

# Prints why pruning is frozen, as JSON: null when it is not.
frozen_reason() {
  local frozen=$BACKUP_DIR/$FILE_PREFIX.pruning-frozen
  if [[ -e $frozen ]]; then
    json_text "$(said "$frozen")"
  else
    printf 'null'
  fi
}

# json_text TEXT
# Prints a JSON string. Other control characters do not come from the programs that are quoted here.
json_text() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}
