# shellcheck shell=sh disable=SC2034 # $problem is read by those who source it
# Sourced by scripts whose database may be known by one connection string, as apps are given it: makes libpq's variables
# of it, so that neither it nor the password is ever an argument of a program. Plain POSIX sh that starts no other program.
#
# Environment
#   CONNECTION_STRING  a URL that begins with postgres://, or host=… user=… password='…' dbname=…, as libpq reads them;
#                      unset: the variables are there already
#   PGHOST PGPORT      the server behind a pooler, when the string names the pooler

# Returns 1 with the reason in $problem, which shows nothing of the string.
use_connection_string() {
  [ -n "${CONNECTION_STRING+set}" ] || return 0
  direct_host=${PGHOST-}
  # A password may hold "://", but before the first "=" it says what the string is.
  case ${CONNECTION_STRING%%=*} in
  postgres://* | postgresql://* | postgresql+*://*) take_url "${CONNECTION_STRING#*://}" || return 1 ;;
  *://*) problem='is a URL of another database; it must begin with postgres://' && return 1 ;;
  "$CONNECTION_STRING") problem='is neither a URL nor of the form host=… user=… password=…' && return 1 ;;
  *) take_keywords "$CONNECTION_STRING" || return 1 ;;
  esac
  unset CONNECTION_STRING
  if [ -z "${PGHOST-}" ] || [ -z "${PGUSER-}" ]; then
    problem='names no host or no user'
    return 1
  fi
  # In a URL each host has its port: host:port,host:port.
  case $PGHOST${PGPORT-} in
  *,*) problem='names several hosts, of which one migrates; name it as the direct one' && return 1 ;;
  esac
  export PGDATABASE="${PGDATABASE:-$PGUSER}"
}

take_url() {
  authority=${1%%[/?]*}
  rest=${1#"$authority"}
  address=${authority##*@}
  case $authority in
  *@*)
    user=${authority%"@$address"}
    take_encoded user "${user%%:*}" || return 1
    case $user in
    *:*) take_encoded password "${user#*:}" || return 1 ;;
    esac
    ;;
  esac
  case $address in
  \[*\]*) host=${address#\[} && host=${host%%\]*} && address=${address#*\]} ;;
  *) host=${address%%:*} && address=${address#"$host"} ;;
  esac
  take_encoded host "$host" || return 1
  take_encoded port "${address#:}" || return 1
  path=${rest%%\?*}
  take_encoded dbname "${path#/}" || return 1
  parameters=${rest#"$path"}
  parameters=${parameters#\?}
  while [ -n "$parameters" ]; do
    parameter=${parameters%%&*}
    parameters=${parameters#"$parameter"}
    parameters=${parameters#&}
    take_encoded "${parameter%%=*}" "${parameter#*=}" || return 1
  done
}

# Sets a parameter whose value has %XX for some of its bytes.
take_encoded() {
  encoded=$2
  value=
  while :; do
    case $encoded in
    *%*) ;;
    *) break ;;
    esac
    value=$value${encoded%%\%*}
    encoded=${encoded#*%}
    digits=${encoded%"${encoded#??}"}
    case $digits in
    00) problem='has a %00, which stands for no character' && return 1 ;;
    [0-9A-Fa-f][0-9A-Fa-f]) ;;
    *) problem='has a % that is not followed by two digits; write %25 for the sign itself' && return 1 ;;
    esac
    # A line end would be lost without the full stop.
    # shellcheck disable=SC2059 # the format is the byte
    byte=$(printf "\\$(printf '%03o' "0x$digits").")
    value=$value${byte%.}
    encoded=${encoded#??}
  done
  take_parameter "$1" "$value$encoded"
}

# Reads KEYWORD = VALUE …, where a value may be quoted and \ takes its meaning from the next character.
take_keywords() {
  rest=$1
  while skip_blanks && [ -n "$rest" ]; do
    keyword=${rest%%[=[:space:]]*}
    rest=${rest#"$keyword"}
    skip_blanks
    case $rest in
    =*) rest=${rest#=} ;;
    *) problem='has a word without a value; a value with blanks is written in single quotes' && return 1 ;;
    esac
    skip_blanks
    take_value || return 1
    take_parameter "$keyword" "$value"
  done
}

skip_blanks() {
  rest=${rest#"${rest%%[![:space:]]*}"}
}

# Moves the value at the beginning of $rest to $value.
take_value() {
  value=
  case $rest in
  \'*) rest=${rest#?} && quoted=yes ;;
  *) quoted=no ;;
  esac
  while :; do
    if [ "$quoted" = yes ]; then
      plain=${rest%%[\\\']*}
    else
      plain=${rest%%[\\[:space:]]*}
    fi
    value=$value$plain
    rest=${rest#"$plain"}
    case $rest:$quoted in
    \\?*)
      rest=${rest#?}
      value=$value${rest%"${rest#?}"}
      rest=${rest#?}
      ;;
    \'*:yes) rest=${rest#?} && return 0 ;;
    *:yes) problem='has a quote that is not closed' && return 1 ;;
    *) return 0 ;;
    esac
  done
}

# take_parameter NAME VALUE
# What libpq has no variable for is the app's driver's own.
take_parameter() {
  [ -n "$2" ] || return 0
  case $1 in
  host | hostaddr) [ -n "$direct_host" ] || export PGHOST="$2" ;;
  port) [ -n "$direct_host" ] || export PGPORT="$2" ;;
  user) export PGUSER="$2" ;;
  password) export PGPASSWORD="$2" ;;
  dbname | database) export PGDATABASE="$2" ;;
  sslmode) export PGSSLMODE="$2" ;;
  sslrootcert) export PGSSLROOTCERT="$2" ;;
  sslcert) export PGSSLCERT="$2" ;;
  sslkey) export PGSSLKEY="$2" ;;
  sslnegotiation) export PGSSLNEGOTIATION="$2" ;;
  channel_binding) export PGCHANNELBINDING="$2" ;;
  # Settings of the script itself come last, and so hold.
  options) export PGOPTIONS="$2${PGOPTIONS:+ $PGOPTIONS}" ;;
  search_path)
    path=$(escaped_blanks "$2")
    export PGOPTIONS="-c search_path=$path${PGOPTIONS:+ $PGOPTIONS}"
    ;;
  esac
}

# Prints a setting with \ before each blank, as the server takes a list of settings apart.
escaped_blanks() {
  remaining=$1
  while :; do
    case $remaining in
    *\ *) printf '%s\\ ' "${remaining%% *}" && remaining=${remaining#* } ;;
    *) printf '%s' "$remaining" && return 0 ;;
    esac
  done
}
