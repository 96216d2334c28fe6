#!/usr/bin/env bash
#
# Does a cluster already lie somewhere else on this volume, or is it of another
# major version? A server that finds its data directory empty starts an empty
# database and looks healthy; so every place where an earlier layout put a cluster
# is looked at first, and nothing is ever moved or deleted here.
#
# Environment:
#   VOLUME_ROOT     path of the volume's root in this container
#   SUB_PATH        sub-directory that is the data directory; may be empty
#   PGDATA          path of the data directory below VOLUME_ROOT
#   POSTGRES_MAJOR  major version of the image, e.g. 17
#   OTHER_CLUSTERS  places of other databases on the same volume, relative to its
#                   root, separated by ":"; default: none
#   EXPORT_PATH, TERMINATION_LOG  see report.sh
#
# Exit codes: 0 the right cluster or none at all, 1 refused with both places and the way out
set -Eeuo pipefail
shopt -s nullglob dotglob
# shellcheck source-path=SCRIPTDIR source=report.sh
source "${BASH_SOURCE[0]%/*}/report.sh"
: "${VOLUME_ROOT:?}" "${PGDATA:?}" "${POSTGRES_MAJOR:?}"

problems=()
declare -A elsewhere=() unreadable=()

# state_of DIRECTORY: none, occupied (not empty, no cluster), unfinished (not all that initdb makes) or the cluster's major.
state_of() {
  local databases entries=("$1"/*)
  if [[ -s $1/PG_VERSION ]]; then
    # initdb writes PG_VERSION first and makes the last of template1, template0 and postgres at its end.
    databases=("$1"/base/*/PG_VERSION)
    if [[ -s $1/global/pg_control && ${#databases[@]} -ge 3 ]]; then
      head -n 1 -- "$1/PG_VERSION"
    else
      echo unfinished
    fi
  elif ((${#entries[@]} > 0)); then
    echo occupied
  else
    echo none
  fi
}

# is_other PATH: whether it is stated to belong to another database.
is_other() {
  local place=${1#"$VOLUME_ROOT"}
  place=${place#/}
  [[ ":${OTHER_CLUSTERS:-}:" == *":${place:-.}:"* ]]
}

look_at() {
  if [[ $1 == "$PGDATA" || ! -d $1 ]] || is_other "$1"; then
    return
  fi
  if [[ ! -r $1 || ! -x $1 ]]; then
    unreadable[$1]=yes
  elif [[ -s $1/PG_VERSION ]]; then
    elsewhere[$1]=$(head -n 1 -- "$1/PG_VERSION")
  fi
}

# any_below DIRECTORY: whether one of the clusters elsewhere lies in it.
any_below() {
  local path
  for path in "${!elsewhere[@]}"; do
    if [[ $path == "$1"/* ]]; then
      return 0
    fi
  done
  return 1
}

# Every directory from the volume's root down to the sub-directory, and what layouts put below.
look_around() {
  local base=$VOLUME_ROOT rest=${SUB_PATH:-} below numbered
  while true; do
    for below in '' /data /pgdata /postgres /data/pgdata /postgresql/data /pgroot/data; do
      look_at "$base$below"
    done
    for numbered in "$base"/[0-9]*; do
      if [[ ${numbered##*/} =~ ^[0-9]+$ ]]; then
        for below in '' /docker /main /data; do
          look_at "$numbered$below"
        done
      fi
    done
    if [[ -z $rest ]]; then
      return
    fi
    base=$base/${rest%%/*}
    [[ $rest == */* ]] && rest=${rest#*/} || rest=''
  done
}

# Where another sub-path had the cluster: its server left a lock file, whose name says where; an image's own entry point
# left none, so the folders of the volume's root are looked at too.
look_at_former_places() {
  local file place
  for file in "$VOLUME_ROOT"/.*.lock; do
    place=${file##*/.}
    place=${place%.lock}
    # The lock of a cluster at no sub-path ends with "+"; look_around knows its places.
    if [[ $place != *+ ]]; then
      look_at "$VOLUME_ROOT/${place//+//}"
    fi
  done
  for place in "$VOLUME_ROOT"/[!.]*; do
    # What initdb left unfinished and somebody moved away holds no data.
    if [[ $(state_of "$place") == [0-9]* ]]; then
      look_at "$place"
    fi
  done
}

# move_command FROM TO: one line for a POSIX shell on the machine that serves the volume.
move_command() {
  local from to inner
  from=$(quoted "$1") to=$(quoted "$2")
  if [[ $2/ == "$1"/* ]]; then
    inner=${2#"$1"/}
    printf '    mkdir -p -m 0700 %s && cd %s && find . -mindepth 1 -maxdepth 1 ! -name %q ! -name ".*" ! -name lost+found -exec mv {} %s/ \\; && chown %s %s' \
      "$to" "$from" "${inner%%/*}" "$to" "$(id -u):$(id -g)" "$to"
  elif [[ $1/ == "$2"/* ]]; then
    inner=$(printf '%q' "${1#"$2"/}")
    printf '    cd %s && mv %s/* . && rmdir -p %s' "$to" "$inner" "$inner"
  else
    printf '    mkdir -p %s && rmdir %s && mv %s %s' "$to" "$to" "$from" "$to"
  fi
}

major_way_out() { # MAJOR
  printf '%s' "PostgreSQL $POSTGRES_MAJOR cannot read it: run an image of major $1 again, then dump there and restore into a new $POSTGRES_MAJOR, or run pg_upgrade"
}

look_around
state=$(state_of "$PGDATA")
# Beside a cluster in its place they may be other databases', which run there.
if [[ $state == none ]]; then
  look_at_former_places
fi
case $state in
  none | "$POSTGRES_MAJOR") ;;
  occupied)
    entries=("$PGDATA"/*)
    if ! any_below "$PGDATA"; then
      problems+=("$(named "$PGDATA") holds ${#entries[@]} entries but no cluster (no PG_VERSION), e.g. ${entries[0]##*/}"
        'initdb wants an empty directory; look what it is, then move it away:'
        "    mv $(quoted "$PGDATA") $(quoted "$PGDATA.moved")")
    fi
    ;;
  unfinished)
    problems+=("$(named "$PGDATA") holds PG_VERSION but no complete cluster: initdb was killed there, or files were lost"
      'find out which; what initdb left can be moved away:'
      "    mv $(quoted "$PGDATA") $(quoted "$PGDATA.unfinished")")
    ;;
  *)
    problems+=("the cluster in $(named "$PGDATA") is of major $state, the image of major $POSTGRES_MAJOR"
      "$(major_way_out "$state")")
    ;;
esac

for path in "${!elsewhere[@]}"; do
  major=${elsewhere[$path]}
  if [[ $state == none || $state == occupied || $state == unfinished ]]; then
    problems+=("a cluster of major $major lies in $(named "$path"), but the data directory is $(named "$PGDATA")"
      'with every pod that uses the volume stopped, move it there on the server of the volume:'
      "$(move_command "$path" "$PGDATA")")
    if [[ $major != "$POSTGRES_MAJOR" ]]; then
      problems+=("$(major_way_out "$major")")
    fi
  else
    problems+=("two clusters: of major $state in $(named "$PGDATA"), the data directory, and of major $major in $(named "$path")"
      'find out which one is the product'\''s (the newer files, SELECT on a copy) and move the other one out of the volume')
  fi
  place=${path#"$VOLUME_ROOT"}
  place=${place#/}
  problems+=("if it is another database's, state so: otherClusters: ['${place:-.}']")
done

# What cannot be looked into matters only where a new cluster would be made.
if [[ $state == none ]]; then
  for path in "${!unreadable[@]}"; do
    problems+=("cannot look into $(named "$path") as $(id -u):$(id -g), it belongs to $(owner "$path"): it may hold a cluster"
      'if it does, give it to PostgreSQL on the server of the volume:'
      "    chown -R $(id -u):$(id -g) $(quoted "$path")")
  done
fi

if ((${#problems[@]} > 0)); then
  refuse "${problems[@]}"
elif [[ $state == none ]]; then
  say "no cluster on this volume; a new one of major $POSTGRES_MAJOR will be made in $PGDATA"
else
  say "the cluster of major $POSTGRES_MAJOR in $PGDATA is the only one on this volume"
fi
