# shellcheck shell=sh
# Sourced by scripts that need a connection of their own: passes by a transaction pooler of Neon's kind, whose host name
# is the server's with "-pooler" at the end of the first label. Plain POSIX sh.

# Prints a host name without "-pooler".
without_pooler() {
  label=${1%%.*}
  case $1 in
  *-pooler.*) printf '%s' "${label%-pooler}${1#"$label"}" ;;
  *) printf '%s' "$1" ;;
  esac
}

# Prints a URL, or text of the form "host=… port=…", with the host's "-pooler" left out.
without_pooler_inside() {
  case $1 in
  *://*)
    rest=${1#*://}
    authority=${rest%%[/?]*}
    host=${authority##*@}
    printf '%s' "${1%%://*}://${authority%"$host"}$(without_pooler "$host")${rest#"$authority"}"
    ;;
  host=* | *' host='*)
    rest=${1#*host=}
    host=${rest%% *}
    printf '%s' "${1%"$rest"}$(without_pooler "$host")${rest#"$host"}"
    ;;
  *) printf '%s' "$1" ;;
  esac
}

# Changes the named environment variables: those called …HOST hold a host, others perhaps a URL.
connect_directly() {
  for name; do
    eval "value=\${$name-}"
    case $value in
    *-pooler.*) ;;
    *) continue ;;
    esac
    case $name in
    *HOST) value=$(without_pooler "$value") ;;
    *) value=$(without_pooler_inside "$value") ;;
    esac
    export "$name=$value"
  done
}
