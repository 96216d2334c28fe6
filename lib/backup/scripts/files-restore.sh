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

check_restore() {
  check_prefix
  refuse_problems
  case ${1-} in
    "$base"-*_????????_??????) ;;
    *) problem "\"${1-}\" is not the name of a state; it is $base-<folder>_YYYYMMDD_HHMMSS" ;;
  esac
  [ -n "${2-}" ] || problem 'name the folder to bring it to'
  check_target "${TARGETS%% *}"
  refuse_problems
  prefix_of "$(printf '%s' "${1%_????????_??????}" | sed "s/^$base-//")"
  state_stamp=${1#"${FILE_PREFIX}_"}
  moment "$state_stamp" || fail 2 "\"$1\" is not the name of a state; $state_stamp is no time"
  mkdir -p "$2" || fail 3 "$2 cannot be made"
  [ -z "$(ls -A "$2")" ] || fail 3 "$2 is not empty; name an empty folder"
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
    ask copy --files-from-raw "$scratch/paths" "$STORE/$FILE_PREFIX/$where" "$LINKED$2" || fail 4 "cannot bring files from $place: $(why)"
  done 5<"$scratch/places"
  list_files "$scratch/restored" "$LINKED$2" shp
  awk '{ path = $0; sub(/^[^;]*;[^;]*;[^;]*;/, "", path); split($0, part, ";"); print part[1] ";" part[2] ";" path }' \
    "$scratch/manifest" | sort >"$scratch/expected"
  cmp -s "$scratch/expected" "$scratch/restored" || fail 5 "$2 is not as $1.files.gz says"
  printf 'brought back: %d files of %s to %s\n' "$(wc -l <"$scratch/manifest")" "$1" "$2"
  finish ok
}
