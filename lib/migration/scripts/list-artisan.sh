#!/bin/sh
# Prints the migrations that Laravel finds in folders: the names of the .php files, without the ending.
set -eu

for folder; do
  for file in "$folder"/*_*.php; do
    if [ -e "$file" ]; then
      name=${file##*/}
      printf '%s\n' "${name%.php}"
    fi
  done
done
