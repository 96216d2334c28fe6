#!/bin/sh
# Runs `goose up`, whose driver reads no PGOPTIONS: they stand in its connection string. A migration that met a lock may
# run again, unless it runs outside a transaction and so may have done a part of its work. Plain POSIX sh.
#
# Arguments
#   folder of the migrations, and the table of those that are applied
#
# Environment
#   PGOPTIONS  settings of the session; what else libpq's variables say goose's driver reads itself
#   TMPDIR     folder for temporary files                                                 (default: /tmp)
set -u

output=${TMPDIR:-/tmp}/goose.$$
# A quoted value of a connection string has \ before ' and \.
options=$(printf '%s\n' "${PGOPTIONS-}" | sed "s/['\\\\]/\\\\&/g")
{
  code=0
  goose -dir "$1" -table "$2" postgres "options='$options'" up 2>&1 || code=$?
  echo "$code" >"$output.code"
} | tee "$output"
read -r code <"$output.code" || code=1

# One statement alone is a transaction of its own; but CONCURRENTLY leaves an index behind that is not valid.
is_rolled_back() {
  if [ ! -r "$1" ] || grep -qiE 'NoTx|CONCURRENTLY' "$1"; then
    return 1
  fi
  if ! grep -qiE '^[[:space:]]*--[[:space:]]*\+goose[[:space:]]+NO[[:space:]]+TRANSACTION' "$1"; then
    return 0
  fi
  [ "$(sed '/^[[:space:]]*--[[:space:]]*+goose[[:space:]]*Down/,$d' "$1" | tr -dc ';' | wc -c)" -le 1 ]
}

if [ "$code" -ne 0 ] && grep -qE 'lock timeout|55P03|deadlock detected|40P01' "$output"; then
  name=$(sed -n -e 's/.*ERROR \([^ :]*\.sql\):.*/\1/p' -e 's/.*ERROR \([^ :]*\.go\):.*/\1/p' "$output" | tail -n 1)
  # Without a name it was no migration that met the lock, but goose's own table.
  if [ -n "$name" ] && ! is_rolled_back "$1/$name"; then
    echo "$name may be applied in part: see what it did, and finish or undo it by hand"
  fi
fi
rm -f "$output" "$output.code"
exit "$code"
