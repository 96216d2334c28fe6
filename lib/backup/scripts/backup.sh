#!/usr/bin/env bash
#
# Dumps one PostgreSQL database into a folder. The archive gets its name only after every byte of it has been read
# back, and its metadata file comes last; only then are backups removed that are too old. A failure removes nothing but
# this run's own temporary files.
#
# Runs in the official Debian postgres image of the server's major version, beside the files that it reads.
#
# Environment:
#   PGHOST PGUSER PGDATABASE  required; PGPASSWORD, PGPORT and all others of libpq as libpq defines them
#   FILE_PREFIX               required: the files are <prefix>_YYYYMMDD_HHMMSS.…, its time (UTC) is the dump's start
#   BACKUP_DIR                folder of the archives [/backups]
#   FORMAT                    plain (….sql.gz, for psql) or custom (….dump.zst, for pg_restore) [custom]
#   COMPRESSION_LEVEL         of gzip, 1 to 9 [1], or of zstd, 1 to 19 [3]
#   AGE_RECIPIENTS            public keys of age, separated by blanks: what is written can be read with their keys only
#   KEEP_ALL_DAYS KEEP_DAILY_DAYS KEEP_MONTHLY_DAYS KEEP_NEWEST
#                             what is kept; retention.sh says how
#   PRUNE                     yes, or no when something else removes old backups [yes]
#   PREVIOUS_METADATA         metadata file of the last backup, when it is not in BACKUP_DIR
#   STORE                     `archives`: the backups lie in an S3 store, and the container `store` of the pod brings
#                             PREVIOUS_METADATA [none]
#   AGE                       `container`: the container `age` of the pod brings that program [none: it is here]
#   LOCK_WAIT_SECONDS         how long to try again while somebody holds a table exclusively [60]
#   CONNECT_TRIES CONNECT_PAUSE_SECONDS
#                             how often, and after how long, a server that is not there is tried again [5, 15]
#   TIME_ZONE                 of the schedule, for messages [UTC]
#   JOB_NAME CRON_JOB         a Job that is named <CRON_JOB>-<number> by Kubernetes is a scheduled one, others are manual
#   BACKUP_KIND               scheduled, manual or safety, whatever the Job's name
#   MIGRATION_TOOL MIGRATION_TABLE MIGRATION_QUERY
#                             what applies migrations, where it notes them, and SQL that returns the applied ones as
#                             one column, oldest first
#   RUN_DIR, TERMINATION_LOG  as common.sh says
#
# Exit codes:
#   0  the backup is published and old ones are removed; or another run is making one
#   1  something that was not foreseen; the line is named
#   2  a setting is missing or wrong
#   3  the folder is missing or cannot be written to
#   4  no connection to the server
#   5  pg_dump and server are of different major versions
#   6  pg_dump, the compression or the encryption failed
#   7  the archive could not be read back
#   8  the archive could not be published
#   9  the archive is published, but something old could not be removed
#   10  the archive is published, but has less than half of the rows or bytes of the last one; nothing is removed
#   11  the role cannot read everything
#   12  too little space is free for another backup like the last one
#   128 + n  stopped by signal n (130: SIGINT, 143: SIGTERM; a deadline or a deleted pod)
set -Eeuo pipefail
umask 0027 # the group reads: an app in the same group may list and download
export TZ=UTC0

TASK=backup
here=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/ask-store.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/metadata.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/archive.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/contents.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/snapshot.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/retention.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/preflight.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/dump.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/publish.sh"
# shellcheck source-path=SCRIPTDIR
. "$here/folder.sh"

BACKUP_DIR=${BACKUP_DIR:-/backups}
FORMAT=${FORMAT:-custom}
COMPRESSION_LEVEL=${COMPRESSION_LEVEL:-$([[ $FORMAT == plain ]] && echo 1 || echo 3)}
AGE_RECIPIENTS=${AGE_RECIPIENTS-}
PRUNE=${PRUNE:-yes}
LOCK_WAIT_SECONDS=${LOCK_WAIT_SECONDS:-60}
TIME_ZONE=${TIME_ZONE:-UTC}
JOB_NAME=${JOB_NAME-}
CRON_JOB=${CRON_JOB-}
BACKUP_KIND=${BACKUP_KIND-}
export PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10}

# Connects and makes sure that no other run is at work.
connect_session() {
  local status=0
  if ! open_session "backup ${JOB_NAME:-$HOSTNAME}"; then
    fail 4 "cannot connect to database $PGDATABASE at $PGHOST:${PGPORT:-5432} as $PGUSER: $problem"
  fi
  check_versions
  only_one "$FILE_PREFIX" || status=$?
  if ((status == 2)); then
    fail 4 "the connection is lost: $problem"
  elif ((status == 1)); then
    printf 'skipped: another run is making a backup: %s\n' "$problem"
    write_result skipped "Reason: another run is making a backup: $problem"
    exit 0
  fi
}

name_files() {
  local run="${HOSTNAME//[!A-Za-z0-9-]/-}-$$.partial" begin encrypted=${AGE_RECIPIENTS:+.age}
  printf -v begin '%s/.%s_%(%Y%m%d_%H%M%S)T' "$BACKUP_DIR" "$FILE_PREFIX" "$started"
  archive_partial=$begin.archive.$run
  roles_partial=$begin.roles.$run
  metadata_partial=$begin.meta.$run
  frozen_partial=$begin.frozen.$run
  frozen=$BACKUP_DIR/$FILE_PREFIX.pruning-frozen
  # zstd writes the gzip format through zlib, which took three quarters of the time of `gzip -1` (287 MB, same size).
  if [[ $FORMAT == plain ]]; then
    archive_end=.sql.gz$encrypted dump_options=() compressor=(zstd -q -c --format=gzip "-$COMPRESSION_LEVEL")
  else
    archive_end=.dump.zst$encrypted dump_options=(--compress=0) compressor=(zstd -q -c --check "-$COMPRESSION_LEVEL")
  fi
  roles_end=.roles.sql.gz$encrypted
}

# The backup is made even when the store cannot be read now: it may be when the archive is there.
bring_previous() {
  if [[ ${STORE-} != archives ]] || await_store; then
    return 0
  elif [[ -e $RUN_DIR/store.missing ]]; then
    # Nor will the upload begin, which has the same image.
    fail 3 "the store cannot be reached: $problem"
  else
    warn "the last backup is not known, so this one was compared with none: $problem"
  fi
}

main() {
  local begun
  begin_run dump
  read_ticks
  begun=$ticks
  started=$EPOCHSECONDS
  result_body=("Time: $(human_time "$started" "$TIME_ZONE")")
  make_scratch || fail 3 "$problem"
  await_age || fail 2 "$problem"
  check_settings
  name_files
  kind=manual
  if [[ $JOB_NAME =~ ^"$CRON_JOB"-[0-9]{8,}$ && -n $CRON_JOB ]]; then
    kind=scheduled
  fi
  kind=${BACKUP_KIND:-$kind}
  check_folder
  bring_previous
  connect_session
  find_previous
  check_clock
  check_privileges
  check_space
  partials+=("$roles_partial" "$metadata_partial" "$frozen_partial")
  dump_roles
  dump
  close_session
  stored "$archive_partial" "x$archive_end" 'the archive'
  archive_bytes=$file_bytes archive_hash=$file_sha256 archive_plain_bytes=$plain_bytes archive_plain_hash=$plain_sha256
  printf 'read back: %s are complete\n' "$(human_bytes "$archive_bytes")"
  count_rows
  compare_with_previous
  read_took "$begun"
  publish
  result_body=(
    "Size: $(human_bytes "$archive_bytes")"
    "Duration: $took s"
    "Tables: $tables ($(human_number "$rows") rows)"
    "File: $archive"
    "Time: $(human_time "$moment_of_backup" "$TIME_ZONE")"
  )
  prune
  # Whoever restores knows that something is wrong; that must not keep him from it.
  if [[ -n $sudden_drop && $kind == safety ]]; then
    warn "it has $sudden_drop"
  elif [[ -n $sudden_drop ]]; then
    fail 10 "the backup has $sudden_drop; nothing old is removed until somebody confirms that this is right"
  fi
  read_took "$begun"
  printf 'backup complete: file=%s bytes=%d seconds=%s\n' "$BACKUP_DIR/$archive" "$archive_bytes" "$took"
  write_result ok
}

main
