#!/bin/sh
# Prints the migrations that goose finds in a folder: NUMBER_name.sql and NUMBER_name.go, not in folders below it.
set -eu

for file in "$1"/*.sql "$1"/*.go; do
  name=${file##*/}
  case $name in
  *_test.go) ;;
  [0-9]*_*) if [ -e "$file" ]; then printf '%s\n' "$name"; fi ;;
  esac
done
