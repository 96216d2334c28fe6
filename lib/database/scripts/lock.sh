#!/usr/bin/env bash
#
# The lock that lets one server write to a data directory; sourced after report.sh, never run.
#
# postmaster.pid cannot do this in pods: every server is process 1 of its own
# container and takes the other's file for its own. The lock file lies beside the
# data directory, not in it, because initdb wants an empty one. flock(2) is held
# as long as a process has the file open, so children of a killed server count
# too. NFSv4 carries it to the server of the volume, NFSv3 does with lockd; a
# mount with `nolock` or `local_lock` keeps it on one node.
#
# Environment:
#   LOCK_FILE          the lock file, in the volume's root
#   LOCK_WAIT_SECONDS  how long a container that was just killed may need to end;
#                      default: 10
#   POD_NAME           who asks, for the other one's message; default: the host name
#   NODE_NAME          default: unknown

# The record is written over the one before, in place: a lock on NFS may not survive
# that another descriptor of the same file is closed. Two names of 253 letters and a time fit.
readonly HOLDER_WIDTH=600

# take_lock: holds the lock on descriptor 9, which every program started from here inherits.
take_lock() {
  local holder='' code=0 me=${POD_NAME:-$HOSTNAME}
  if ! { exec 9<>"$LOCK_FILE"; } 2>/dev/null; then
    refuse "cannot open the lock file $(named "$LOCK_FILE") for writing as $(id -u):$(id -g)" \
      "it belongs to $(owner "$LOCK_FILE" 2>&1); on the server of the volume run" \
      "    chown $(id -u):$(id -g) $(quoted "$LOCK_FILE") && chmod 0600 $(quoted "$LOCK_FILE")"
  fi
  flock -w "${LOCK_WAIT_SECONDS:-10}" 9 || code=$?
  if ((code == 1)); then
    read -r holder <&9 || true
    refuse "the data directory is in use: $(named "$LOCK_FILE") is locked by ${holder:-someone who left no name}" \
      "pod $me does not start: two servers on one data directory destroy it" \
      "find the other one (it may be of another Deployment or namespace on the same volume) and stop it:" \
      "    kubectl get pods --all-namespaces -o wide" \
      "an NFSv4 server keeps the lock of a node that is lost until its lease ends, 90 s by default; this pod tries again by itself"
  elif ((code != 0)); then
    refuse "cannot lock $(named "$LOCK_FILE"): flock ended with $code; mount the volume with NFSv4 (nfsvers=4.1) and without nolock"
  fi
  printf "%-${HOLDER_WIDTH}s\n" \
    "$SCRIPT_NAME in pod $me on node ${NODE_NAME:-unknown} since $(date -u +%Y-%m-%dT%H:%M:%SZ)" >&9
}
