# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# The other containers of the pod, which are told something or awaited.
#
# Sourced by common.sh.
#
# Environment:
#   START_SECONDS    how long another container that is awaited may take to begin [60]

START_SECONDS=${START_SECONDS:-60}

declare -A watched=() # containers that are watched

# leave NAME LINE…
# Puts a file for another container, which may be of another user, into RUN_DIR.
leave() {
  (umask 0022 && printf '%s\n' "${@:2}" >"$RUN_DIR/.$1.partial")
  mv -f -- "$RUN_DIR/.$1.partial" "$RUN_DIR/$1"
}

# await_worker WORKER SECONDS [FILE]
# Waits for the result of another container of the pod, or for another file that it leaves in RUN_DIR. Returns 1 with the
# reason in `problem` when it never begins, ends without one, or takes too long.
await_worker() {
  local awaited=$RUN_DIR/${3-$1.result} begun
  watch_worker "$1"
  read_ticks
  begun=$ticks
  until [[ -e $awaited ]]; do
    read_ticks
    if [[ -e $scratch/$1.ended || -e $RUN_DIR/$1.result ]] && [[ ! -e $awaited ]]; then
      problem="the container $1 ended without a result"
      return 1
    elif [[ ! -e $scratch/$1.begun ]] && ((ticks - begun > START_SECONDS * 100)); then
      problem="the container $1 never started within $START_SECONDS s (image cannot be pulled, Secret missing), or ended at once"
      # The reporter ends a pod that would wait for it until its deadline.
      leave "$1.missing" "$problem"
      return 1
    elif ((ticks - begun > $2 * 100)); then
      problem="the container $1 has none after $2 s"
      return 1
    fi
    pause 0.2
  done
}

# watch_worker WORKER
# Lets $scratch/WORKER.begun appear when it begins, and $scratch/WORKER.ended when it ends.
watch_worker() {
  local fifo=$RUN_DIR/$1.alive
  if [[ -n ${watched[$1]-} ]]; then
    return
  fi
  watched[$1]=yes
  mkfifo -m 666 -- "$fifo" 2>/dev/null || [[ -p $fifo ]]
  (
    # It may never begin, and a session whose pipe this process holds would never end.
    for fd in "${private_fds[@]}"; do
      exec {fd}>&-
    done
    # No program of its own, which would outlive the one that started it.
    exec <"$fifo"
    : >"$scratch/$1.begun"
    while read -r _; do :; done
    : >"$scratch/$1.ended"
  ) &
  children[$!]="watch of $1"
}

# reason_of WORKER
# Prints the reason of a failure that the result of a container tells.
reason_of() {
  sed -n 's/^Reason: //p' "${RUN_DIR:-$scratch}/$1.result" 2>/dev/null || true
}
