# shellcheck shell=bash disable=SC2034,SC2154 # what one file sets another reads
#
# Commands joined by pipes: like `a | b | c`, but with the id of each process, so that each can be stopped, and how each
# of them ended.
#
#   connect first second
#   stage a  /dev/null first      command…
#   stage b  first     second     command…
#   stage c  second    /some/file command…
#   close_pipes
#   await_stages
#
# Sourced by common.sh.

declare -A pipe_read=() pipe_write=() stage_pid=() stage_status=()

# Makes a pipe and sets `read_end` and `write_end`.
make_pipe() {
  local fifo=$scratch/fifo both
  mkfifo -m 600 -- "$fifo"
  exec {both}<>"$fifo"
  exec {write_end}>"$fifo"
  exec {read_end}<"$fifo"
  exec {both}>&-
  rm -f -- "$fifo"
}

# connect NAME…
# Makes pipes. Both ends are open before a stage begins, so that no stage waits for one that was killed early.
connect() {
  local name
  for name; do
    make_pipe
    pipe_read[$name]=$read_end
    pipe_write[$name]=$write_end
  done
}

# stage NAME FROM TO[,TO] COMMAND…
# FROM and TO are pipes, or paths when they contain a slash; a second TO is a pipe on descriptor 3. What the command
# says goes to $scratch/NAME.
stage() {
  (
    from=$2 to=${3%,*} also=
    if [[ $3 == *,* ]]; then
      also=${3##*,}
    fi
    if [[ $from == */* ]]; then
      exec <"$from"
    else
      exec <&"${pipe_read[$from]}"
    fi
    if [[ $to == */* ]]; then
      exec >"$to"
    else
      exec >&"${pipe_write[$to]}"
    fi
    if [[ -n $also ]]; then
      exec 3>&"${pipe_write[$also]}"
    fi
    for fd in "${pipe_read[@]}" "${pipe_write[@]}" "${private_fds[@]}"; do
      exec {fd}>&-
    done
    shift 3
    if [[ $(type -t "$1") == function ]]; then
      "$@"
    else
      exec "$@"
    fi
  ) 2>"$scratch/$1" &
  stage_pid[$1]=$!
  children[$!]=$1
}

# Leaves the pipes to the stages: only then does one see the end of another.
close_pipes() {
  local fd
  for fd in "${pipe_read[@]}" "${pipe_write[@]}"; do
    exec {fd}>&-
  done
  pipe_read=() pipe_write=()
}

# Waits for all stages and sets `stage_status` of each.
await_stages() {
  local name status
  stage_status=()
  for name in "${!stage_pid[@]}"; do
    status=0
    await "${stage_pid[$name]}" || status=$?
    stage_status[$name]=$status
  done
  stage_pid=()
}

# any_failed NAME…
# Whether one of these stages failed; `problem` says how the first of them did. A stage that ended for want of a reader
# is named only when no other is to blame.
any_failed() {
  local name how broken=
  problem=
  for name; do
    if ((${stage_status[$name]-0} != 0)); then
      how="$name $(ended "${stage_status[$name]}" "$scratch/$name")"
      if ((stage_status[$name] != 141)) && [[ $how != *'Broken pipe'* ]]; then
        problem=$how
        return 0
      fi
      broken=${broken:-$how}
    fi
  done
  problem=$broken
  [[ -n $problem ]]
}
