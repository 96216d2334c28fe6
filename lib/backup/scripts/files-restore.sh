# shellcheck shell=sh disable=SC2154 # what one file sets another reads
#
# A state of uploaded files is brought back, each file from where it lies since.
#
# Sourced by files.sh.

# locate: prints "<where>;<path>" for each file of the manifest: the first replaced_ folder later than the state that has
# it with the same content, else current, else any other.
locate() {
  awk -v all="$scratch/all" -v wanted="replaced_$state_stamp" '
    BEGIN {
      while ((getline line <all) > 0) {
        size = line; sub(/;.*/, "", size)
        hash = substr(line, length(size) + 2); sub(/;.*/, "", hash)
        path = substr(line, length(size) + length(hash) + 3)
        where = path; sub(/\/.*/, "", where)
        key = size ";" hash ";" substr(path, length(where) + 2)
        rank = where == "current" ? 2 : where > wanted ? 1 : 3
        if (!(key in place) || rank < best[key]) { place[key] = where; best[key] = rank }
      }
    }
    {
      path = $0; sub(/^[^;]*;[^;]*;[^;]*;/, "", path)
      split($0, part, ";")
      key = part[1] ";" part[2] ";" path
      print (key in place ? place[key] : "nowhere") ";" path
    }' "$scratch/manifest"
}

# Prints each state with what it has, and why old ones are not removed.
list() {
  check_prefix
  check_target "${TARGETS%% *}"
  refuse_problems
  list_store
  grep "^$base-.*\.files\.gz$" "$scratch/names" | sort >"$scratch/lists" || true
  if [ ! -s "$scratch/lists" ]; then
    printf 'no uploaded files of %s are in %s yet\n' "$base" "$place"
    finish ok
    return 0
  fi
  ask copy --max-depth 1 --include "/$base-*.meta.json" "$STORE" "$scratch/sidecars" || fail 4 "cannot bring sidecars from $place: $(why)"
  while read -r list <&5; do
    sidecar=$scratch/sidecars/${list%.files.gz}.meta.json
    if metadata_complete "$sidecar"; then
      printf '%s  %d files  %s\n' "${list%.files.gz}" "$(metadata_value "$sidecar" rows)" "$(human_bytes "$(metadata_value "$sidecar" databaseBytes)")"
    fi
  done 5<"$scratch/lists"
  grep "^$base-.*\.pruning-frozen$" "$scratch/names" | sed 's/^/nothing old is removed until it is confirmed: /' || true
  finish ok
}

check_restore() {
  check_prefix
  refuse_problems
  case ${1-} in
    "$base"-*_????????_??????) ;;
    *) problem "\"${1-}\" is not the name of a state; it is $base-<folder>_YYYYMMDD_HHMMSS" ;;
  esac
  check_target "${TARGETS%% *}"
  refuse_problems
  prefix_of "$(printf '%s' "${1%_????????_??????}" | sed "s/^$base-//")"
  state_stamp=${1#"${FILE_PREFIX}_"}
  moment "$state_stamp" || fail 2 "\"$1\" is not the name of a state; $state_stamp is no time"
  target=$2
  if [ -z "$2" ]; then
    beside=$FILES_DIR/${FILE_PREFIX#"$base-"}
    [ -d "$beside" ] || fail 3 "$beside is not a folder; mount the uploaded files there"
    [ ! -e "$beside/restored_$state_stamp" ] || fail 3 "$beside/restored_$state_stamp is there already; move it away"
    target=$beside/.restoring_$state_stamp
    # Another run may be at it.
    [ ! -e "$target" ] || fail 3 "$target is there: it is being restored, or that was ended half-way; then delete it and try again"
  fi
  mkdir -p "$target" || fail 3 "$target cannot be made; may uid $(id -u) write there?"
  [ -z "$(ls -A "$target")" ] || fail 3 "$target is not empty; name an empty folder"
}

restore() {
  check_restore "$@"
  list_store
  bring_to "$scratch/sidecar" "$1.meta.json"
  metadata_complete "$scratch/sidecar" || fail 5 "$1.meta.json in $place is not a complete sidecar"
  bring_to "$scratch/files.gz" "$1.files.gz"
  [ "$(sha256sum <"$scratch/files.gz")" = "$(metadata_value "$scratch/sidecar" sha256)  -" ] ||
    fail 5 "$1.files.gz in $place does not have the sha256 of its sidecar"
  gzip -dc <"$scratch/files.gz" >"$scratch/manifest"
  list_files "$scratch/all" "$STORE/$FILE_PREFIX" shp
  locate >"$scratch/located"
  if grep -q '^nowhere;' "$scratch/located"; then
    fail 5 "$(grep -c '^nowhere;' "$scratch/located") files of $1 are not in $place any more, for example $(sed -n 's/^nowhere;//p' "$scratch/located" | head -n 1)"
  fi
  cut -d ';' -f 1 "$scratch/located" | sort -u >"$scratch/places"
  while read -r where <&5; do
    sed -n "s/^$where;//p" "$scratch/located" >"$scratch/paths"
    ask copy --files-from-raw "$scratch/paths" "$STORE/$FILE_PREFIX/$where" "$LINKED$target" || fail 4 "cannot bring files from $place: $(why)"
  done 5<"$scratch/places"
  list_files "$scratch/restored" "$LINKED$target" shp
  awk '{ path = $0; sub(/^[^;]*;[^;]*;[^;]*;/, "", path); split($0, part, ";"); print part[1] ";" part[2] ";" path }' \
    "$scratch/manifest" | sort >"$scratch/expected"
  cmp -s "$scratch/expected" "$scratch/restored" || fail 5 "$target is not as $1.files.gz says"
  if [ -z "$2" ]; then
    mv "$target" "$beside/restored_$state_stamp"
    target=$beside/restored_$state_stamp
  fi
  printf 'brought back: %d files of %s to %s\n' "$(wc -l <"$scratch/manifest")" "$1" "$target"
  finish ok
}
