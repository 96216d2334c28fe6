# shellcheck shell=bash disable=SC2034 # what is set here is read by those who source it
#
# What is said to people: times, numbers, and how commands ended.
#
# Sourced by common.sh.

# Sets `ticks`, hundredths of a second that no change of the clock moves.
read_ticks() {
  local up
  read -r up _ </proc/uptime
  ticks=$((10#${up/./}))
}

# Sets `took`, the seconds since the given ticks, as 12.34.
read_took() {
  read_ticks
  printf -v took '%d.%02d' $(((ticks - $1) / 100)) $(((ticks - $1) % 100))
}

# Prints what a command said, as one short line.
said() {
  local lines
  mapfile -t lines <"$1"
  local text="${lines[*]}"
  text=${text:0:1000}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# Prints how a process ended, from its exit status and the file with what it said.
ended() {
  if (($1 > 128)); then
    printf 'was killed by signal %d' $(($1 - 128))
  else
    printf 'ended with status %d' "$1"
  fi
  if [[ -s $2 ]]; then
    printf ': %s' "$(said "$2")"
  fi
}

# Prints a number of bytes for people: 12.3 MB.
human_bytes() {
  local units=(bytes kB MB GB TB PB) unit=0 tenths=$(($1 * 10))
  while ((tenths >= 10000 && unit < 5)); do
    tenths=$(((tenths + 500) / 1000))
    unit=$((unit + 1))
  done
  if ((unit == 0)); then
    printf '%d bytes' "$1"
  else
    printf '%d.%d %s' $((tenths / 10)) $((tenths % 10)) "${units[unit]}"
  fi
}

# Prints a whole number for people: 1,234,567.
human_number() {
  local number=$1 groups=
  while ((${#number} > 3)); do
    groups=,${number: -3}$groups
    number=${number::-3}
  done
  printf '%s%s' "$number" "$groups"
}

# human_time SECONDS ZONE
# Prints a moment, given in seconds since 1970, in UTC and in the zone: 2026-11-20 19:00:00 UTC (2026-11-21 03:00:00 AWST).
human_time() {
  (
    export TZ=UTC0
    printf '%(%Y-%m-%d %H:%M:%S)T UTC' "$1"
    # An unknown zone would be shown as UTC under another name.
    if [[ $2 != UTC && $2 != Etc/UTC && -f /usr/share/zoneinfo/$2 ]]; then
      export TZ=$2
      printf ' (%(%Y-%m-%d %H:%M:%S %Z)T)' "$1"
    fi
  )
}
