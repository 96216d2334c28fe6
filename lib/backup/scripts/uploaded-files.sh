#!/bin/sh
#
# What people do with backups of uploaded files; this never backs up.
#
#   uploaded-files.sh list            prints the states that can be had back
#   uploaded-files.sh restore NAME    brings the state NAME to a new folder beside the live files
#   uploaded-files.sh confirm         a sudden drop was looked at: lets old states be removed again
#
# Runs in the official rclone image, beside files.sh, which says what the environment and the exit codes are.
set -eu

case ${1-} in
  list | restore | confirm) ;;
  *)
    printf 'files failed: "%s" is not a command; use list, restore NAME or confirm\n' "${1-}" >&2
    exit 2
    ;;
esac

here=$(dirname -- "$0")
exec sh "$here/files.sh" "$@"
