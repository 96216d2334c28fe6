#!/usr/bin/env bash
#
# How the scripts of the database pod speak; sourced by them, never run.
#
# One line for what was done, on standard output. A refusal goes to standard
# error and, where the kubelet offers that file, to the termination log, so that
# `kubectl describe pod` shows it. Commands for people stand on lines that begin
# with four spaces.
#
# Environment:
#   VOLUME_ROOT      path of the volume's root in this container
#   EXPORT_PATH      path of the volume's root on the machine that serves it, for
#                    messages and commands; default: VOLUME_ROOT
#   TERMINATION_LOG  default: /dev/termination-log
#
# Exit codes of every script that sources this:
#   0  done
#   1  refused, with the reason and the way out

SCRIPT_NAME=${0##*/}
SCRIPT_NAME=${SCRIPT_NAME%.sh}

# say TEXT
say() {
  printf '%s: %s\n' "$SCRIPT_NAME" "$1"
}

# refuse LINE...: says what is wrong and ends the script (so never call it in a subshell).
refuse() {
  local log=${TERMINATION_LOG:-/dev/termination-log} text
  text=$(printf '%s\n' "$SCRIPT_NAME: $1" "${@:2}")
  printf '%s\n' "$text" >&2
  if [[ -w $log ]]; then
    printf '%s\n' "$text" >"$log" || true
  fi
  exit 1
}

# named PATH: the path here and, when it is known, on the machine that serves the volume.
named() {
  printf '%s' "$1"
  if [[ -n ${EXPORT_PATH:-} ]]; then
    printf ' (%s on the server of the volume)' "$EXPORT_PATH${1#"$VOLUME_ROOT"}"
  fi
}

# quoted PATH: the path as a command on the machine that serves the volume must write it.
quoted() {
  printf '%q' "${EXPORT_PATH:-$VOLUME_ROOT}${1#"$VOLUME_ROOT"}"
}

# owner PATH: 999:999 mode 700
owner() {
  stat -Lc '%u:%g mode %a' -- "$1"
}
