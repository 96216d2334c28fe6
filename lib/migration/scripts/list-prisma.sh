#!/bin/sh
# Prints the migrations that Prisma finds in a folder: the names of the folders with a migration.sql.
set -eu

for file in "$1"/*/migration.sql; do
  if [ -e "$file" ]; then
    folder=${file%/migration.sql}
    printf '%s\n' "${folder##*/}"
  fi
done
