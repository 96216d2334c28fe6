# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# What a script of the postgres image needs done on an S3 store: the container `store` of its pod runs store.sh.
#
# Sourced by bash scripts after common.sh; `make_scratch` must have been called.

STORE_SECONDS=21600 # for one request, such as bringing a backup

store_requests=0

# ask_store COMMAND…
# Has the container do one thing. Returns 1 with the reason in `problem`.
ask_store() {
  store_requests=$((store_requests + 1))
  leave "store.request-$store_requests" "$*"
  if ! await_worker store "$STORE_SECONDS" "store.answer-$store_requests"; then
    store_reason
    return 1
  fi
}

# Waits until the container has done the one thing that it was started for. Returns 1 with the reason in `problem`.
await_store() {
  local first=
  if await_worker store "$STORE_SECONDS"; then
    IFS= read -r first <"$RUN_DIR/store.result" || true
  fi
  if [[ $first != ok ]]; then
    store_reason
    return 1
  fi
}

# Sets `problem` to what the container itself said, when it said something.
store_reason() {
  local reason
  reason=$(reason_of store)
  problem=${reason:-$problem}
}
