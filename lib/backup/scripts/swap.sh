# shellcheck shell=bash disable=SC2034,SC2154
#
# Puts one database in another's place by renaming, and puts right what a swap that was cut short left behind. Sourced
# by bash scripts after common.sh and server.sh; swap.sql and open-closed.sql lie in the same folder.
#
# A database that is closed for a swap says so in its comment: nobody else's closed database is ever opened.
#
# Environment:
#   SWAP_ATTEMPTS  how often a swap is tried; each time it waits a little longer for sessions to end, at first 1.5 s, and
#                  connections are allowed for a little longer before the next [5]
SWAP_ATTEMPTS=${SWAP_ATTEMPTS:-5}

swap_files=$(dirname -- "${BASH_SOURCE[0]}")

# swap INCOMING OUTGOING LINE
# Renames the database PGDATABASE to OUTGOING and INCOMING to PGDATABASE. The comment moves with the name, and LINE is
# added to it. OUTGOING stays closed to connections: it keeps what was there at that moment.
#
# Sets `refused`, the seconds in which connections were refused. Returns 1, with the reason in `swap_problem`, when the
# databases are named as before and connections are allowed again.
swap() {
  local id incoming_id status=0
  database_id "$1" || true
  incoming_id=$id
  # One statement does it all: the server comes to an end with it whatever happens to this script.
  maintenance_sql -v live="$PGDATABASE" -v incoming="$1" -v outgoing="$2" -v line="$3" -v attempts="$SWAP_ATTEMPTS" \
    <"$swap_files/swap.sql" || status=$?
  refused=$(<"$scratch/rows")
  cat -- "$scratch/psql" >&2
  if ((status == 0)); then
    return 0
  fi
  swap_problem=$(sed -n 's/^ERROR:  //p' "$scratch/psql")
  swap_problem=${swap_problem:-psql $(ended "$status" "$scratch/psql")}
  # The server may have finished what psql did not live to see.
  if ! settle_swap || ! database_id "$PGDATABASE"; then
    fail 4 "$swap_problem; the server does not answer since, so $PGDATABASE may be closed to connections: run \"rollback\", which opens it"
  fi
  [[ -n $incoming_id && $id == "$incoming_id" ]]
}

# Waits for a server that restarts, then for a swap that it still works on, then opens what the swap left closed.
settle_swap() {
  for _ in {1..30}; do
    if open_closed; then
      return 0
    fi
    pause 2
  done
  return 1
}

# Allows connections to PGDATABASE again when a swap that was cut short had forbidden them. Sets `opened` to yes or no.
open_closed() {
  opened=no
  maintenance_sql -v live="$PGDATABASE" <"$swap_files/open-closed.sql" || return 1
  if [[ -s $scratch/rows ]]; then
    opened=yes
    printf 'opened: connections to %s are allowed again; a swap of it had been cut short\n' "$PGDATABASE"
  fi
}
