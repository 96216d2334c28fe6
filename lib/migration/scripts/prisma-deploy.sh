#!/bin/sh
# Runs `prisma migrate deploy`. Prisma takes a migration that met a lock for a failed one, and refuses every later
# deployment until somebody says what became of it. Where the server has surely rolled it back, that is said here. Plain
# POSIX sh.
#
# Arguments
#   folder of the migrations, and the command that starts prisma
set -u

folder=$1
shift
output=${TMPDIR:-/tmp}/prisma.$$
code=0
"$@" migrate deploy >"$output" 2>&1 || code=$?
cat "$output"

# Prisma's own engine sends a file as one query, which is one transaction unless the file ends it; a driver adapter sends
# each statement by itself.
is_rolled_back() {
  if grep -qiE 'COMMIT|ROLLBACK|ABORT|PREPARE|CONCURRENTLY' "$1" ||
    grep -qiE '(BEGIN|END)[[:space:]]*(WORK|TRANSACTION)|BEGIN[[:space:]]*(;|ISOLATION|READ|NOT|DEFERRABLE)|START[[:space:]]+TRANSACTION' "$1"; then
    return 1
  fi
  # END ends a block of PL/pgSQL, too, which stands in dollar signs.
  if grep -qiE 'END[[:space:]]*;' "$1" && ! grep -q '\$' "$1"; then
    return 1
  fi
  ! grep -q 'driver adapter' "$output" || [ "$(tr -dc ';' <"$1" | wc -c)" -le 1 ]
}

if [ "$code" -ne 0 ] && grep -qE 'lock timeout|55P03|deadlock detected|40P01' "$output"; then
  name=$(sed -n -e 's/^Migration name: //p' -e 's/^ *with migration_name="\([^"]*\)".*/\1/p' "$output" | tail -n 1)
  # Without a name it was no migration that met the lock, but Prisma's own table or lock.
  if [ -n "$name" ] && is_rolled_back "$folder/$name/migration.sql"; then
    "$@" migrate resolve --rolled-back "$name"
  elif [ -n "$name" ]; then
    echo "$name may be applied in part: see what it did, then run prisma migrate resolve"
  fi
fi
rm -f "$output"
exit "$code"
