# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Reads archives to their last byte, and loads them. The end of a file's name tells its format:
#   .sql.gz    text for psql, compressed      .dump.zst  pg_dump's custom format, compressed from outside
# with .age behind it when it is encrypted; then AGE_IDENTITY names the file with the key.
#
# Sourced by bash scripts after common.sh; `make_scratch` must have been called.

# The last lines of a dump; from 2025 on pg_dump adds \unrestrict.
END_MARKER=$'\n--\n-- PostgreSQL database( cluster)? dump complete\n--\n+(\\\\unrestrict [A-Za-z0-9]+\n+)?$'

PATH=$PATH:/tools # where the pod has age

# Waits for the container that puts age there, when AGE says that there is one. Returns 1 with the reason in `problem`.
await_age() {
  local reason first=ok
  if [[ ${AGE-} == container ]]; then
    if await_worker age 600; then
      IFS= read -r first <"$RUN_DIR/age.result" || first=
    else
      first=
    fi
  fi
  if [[ $first != ok ]]; then
    reason=$(reason_of age)
    problem="the program age is not there: ${reason:-$problem}"
    return 1
  fi
}

# How the name of an archive can end.
ARCHIVE_ENDS=(.sql.gz .sql.gz.age .dump.zst .dump.zst.age)

archive_problem= # why the last archive was refused
archive_sha256=  # of the file that was read last, as it lies there

# archive_names NAME
# Prints the file names that the archive of a backup can have.
archive_names() {
  printf '%s\n' "${ARCHIVE_ENDS[@]/#/$1}"
}

# read_archive FILE [NAME]
# Reads every byte of an archive and all that it contains. Sets `archive_sha256`. Returns 1 with the reason in
# `archive_problem`. NAME is what tells the format, when the file itself has a temporary name.
read_archive() {
  local name=${2-$1}
  archive_sha256=
  can_be_read "$1" "$name" || return 1
  connect stored hashed content
  stage reader "$1" stored,hashed tee --output-error=exit /dev/fd/3
  stage sha256sum hashed "$scratch/sha256" sha256sum
  unpack "$name" stored content
  check_contents "$name" content
  close_pipes
  await_stages
  contents_are_whole "$name" || return 1
  read -r archive_sha256 _ <"$scratch/sha256"
}

# load_archive FILE DATABASE
# Loads an archive into a database that exists and is empty, and stops at the first error. Returns 1 with the reason in
# `archive_problem`; then the database holds a part of it.
load_archive() {
  local database=${2//\\/\\\\}
  database="dbname='${database//\'/\\\'}'"
  can_be_read "$1" "$1" || return 1
  connect stored content
  stage reader "$1" stored cat
  unpack "$1" stored content
  if is_text "$1"; then
    connect text end
    stage splitter content text,end tee --output-error=exit /dev/fd/3
    stage tail end "$scratch/end" tail -c 1024
    stage psql text /dev/null psql -Xq --no-password --set=ON_ERROR_STOP=1 --single-transaction --dbname="$database" --file=-
  else
    stage pg_restore content /dev/null to_the_end pg_restore --no-password --exit-on-error --dbname="$database"
  fi
  close_pipes
  await_stages
  contents_are_whole "$1"
}

is_text() {
  [[ $1 == *.sql.gz || $1 == *.sql.gz.age ]]
}

# can_be_read FILE NAME
can_be_read() {
  archive_problem=
  case $2 in
    *.age)
      if [[ -z ${AGE_IDENTITY-} || ! -r $AGE_IDENTITY ]]; then
        archive_problem='it is encrypted, and AGE_IDENTITY names no file with the key that can be read'
      elif ! type -P age >/dev/null; then
        archive_problem='it is encrypted, and the program age is not here'
      fi
      ;;
  esac
  case ${2%.age} in
    *.sql.gz | *.dump.zst) ;;
    *) archive_problem='its name ends neither in .sql.gz nor in .dump.zst' ;;
  esac
  if [[ ! -f $1 || ! -r $1 ]]; then
    archive_problem='it is not a file that can be read'
  fi
  [[ -z $archive_problem ]]
}

# unpack NAME FROM TO
# Adds the stages that decrypt and decompress.
unpack() {
  local from=$2
  if [[ $1 == *.age ]]; then
    connect plain
    stage age "$from" plain age --decrypt --identity "$AGE_IDENTITY"
    from=plain
  fi
  if is_text "$1"; then
    stage "gzip -dc" "$from" "$3" gzip -dc
  else
    stage "zstd -dc" "$from" "$3" zstd -q -dc
  fi
}

# check_contents NAME FROM
# Adds the stage that reads what was unpacked.
check_contents() {
  if is_text "$1"; then
    stage tail "$2" "$scratch/end" tail -c 1024
  else
    stage pg_restore "$2" /dev/null to_the_end pg_restore --file=/dev/null
  fi
}

# What pg_restore does not need is read as well: zstd cannot check what nobody takes from it.
to_the_end() {
  "$@" || return
  cat >/dev/null
}

# The stages of reading, from the first to the last: what stands first in the pipe is to blame first.
READING=(reader sha256sum age 'gzip -dc' 'zstd -dc' splitter tail pg_restore psql)

# contents_are_whole NAME
# Judges the stages that have run.
contents_are_whole() {
  if any_failed "${READING[@]}"; then
    archive_problem=$problem
    return 1
  fi
  if is_text "$1"; then
    local text
    text=$(cat -- "$scratch/end" && printf x)
    if [[ ! ${text%x} =~ $END_MARKER ]]; then
      archive_problem='the dump has no end marker, so a part of it is missing'
      return 1
    fi
  fi
}
