# shellcheck shell=sh
#
# Messages to a Slack webhook and calls of a push URL. Sourced by report.sh and watchdog.sh; needs curl and busybox.
#
# The URLs are secrets: curl gets them on standard input, and what curl or the other side says is never printed as it
# is, because it may repeat the URL.

# Slack cuts a text at 40,000 characters; nobody reads that much in a chat.
MESSAGE_CHARACTERS=3000
NEWLINE='
'
# One try takes no longer than this.
TRY_SECONDS=10

give_up_at=0

# Sets `uptime`, whole seconds that no change of the clock moves.
read_uptime() {
  read -r uptime _ </proc/uptime
  uptime=${uptime%.*}
}

# slack_payload < text
# Prints the JSON that Slack wants, in ASCII only. What is not UTF-8 becomes U+FFFD and control characters become
# blanks: one bad byte makes a text that is no JSON, and an error text of a database can have any.
slack_payload() {
  od -An -v -tu1 | awk -v limit="$MESSAGE_CHARACTERS" '
    function put(code) {
      shown++
      if (shown > limit) return
      if (code == 10) printf "\\n"
      else if (code == 9) printf "\\t"
      else if (code < 32 || code == 127) printf " "
      else if (code == 34 || code == 92) printf "\\%c", code
      else if (code == 38) printf "&amp;"
      else if (code == 60) printf "&lt;"
      else if (code == 62) printf "&gt;"
      else if (code < 127) printf "%c", code
      else if (code < 65536) printf "\\u%04x", code
      else printf "\\u%04x\\u%04x", 55296 + int((code - 65536) / 1024), 56320 + code % 1024
    }
    function take(byte) {
      if (missing > 0 && byte >= low && byte <= high) {
        code = code * 64 + byte - 128
        low = 128; high = 191
        if (--missing == 0) put(code)
        return
      }
      if (missing > 0) put(65533)
      missing = 0; low = 128; high = 191
      if (byte < 128) put(byte)
      else if (byte >= 194 && byte <= 223) { code = byte - 192; missing = 1 }
      else if (byte >= 224 && byte <= 239) { code = byte - 224; missing = 2 }
      else if (byte >= 240 && byte <= 244) { code = byte - 240; missing = 3 }
      else put(65533)
      # Longer forms than needed, halves of pairs and what lies beyond U+10FFFF are not UTF-8.
      if (byte == 224) low = 160
      else if (byte == 237) high = 159
      else if (byte == 240) low = 144
      else if (byte == 244) high = 143
    }
    BEGIN { printf "{\"text\":\"" }
    { for (i = 1; i <= NF; i++) take($i + 0) }
    END {
      if (missing > 0) put(65533)
      if (shown > limit) printf "\\u2026"
      print "\"}"
    }'
}

# curl_problem STATUS
# Prints what a status of curl means, in words of ours.
curl_problem() {
  case $1 in
    1 | 3) printf 'it is not an address that curl understands' ;;
    5 | 6) printf 'the name of the host cannot be resolved' ;;
    7) printf 'no connection to the host' ;;
    28) printf 'no answer in time' ;;
    35 | 58 | 60 | 77) printf 'no trusted TLS connection (curl status %d)' "$1" ;;
    52 | 56) printf 'the connection was closed without an answer' ;;
    *) printf 'curl ended with status %d' "$1" ;;
  esac
}

# deliver NAME URL SECONDS [OPTIONS]
# Calls the URL until it answers with 2xx, at most for that long. OPTIONS are further lines of curl's configuration.
# Says on standard error why NAME was called in vain, and then returns 1. A signal handler may move `give_up_at`, an
# uptime, to an earlier moment.
deliver() {
  read_uptime
  give_up_at=$((uptime + $3)) problem='no time was left for it'
  # A Secret that was made from a file often ends with a line break.
  url=${2%"${2##*[![:space:]]}"}
  case $url in
    *[!]A-Za-z0-9._~:/?#[@!\$\&\'\(\)*+,\;=%-]*) problem='it has characters that no address has' ;;
    http://?* | https://?*) try "${4-}" && return 0 ;;
    *) problem='it does not begin with https://' ;;
  esac
  printf '%s: nothing was sent: %s\n' "$1" "$problem" >&2
  return 1
}

# try OPTIONS
# The tries of `deliver`; sets `problem` when it returns 1.
try() {
  pause=1
  while :; do
    read_uptime
    left=$((give_up_at - uptime))
    if [ "$left" -lt 1 ]; then
      return 1
    fi
    status=0
    answer=$(curl --disable --config - 2>/dev/null <<EOF
url = "$url"
globoff
silent
proto = "=http,https"
connect-timeout = 5
max-time = $((left < TRY_SECONDS ? left : TRY_SECONDS))
write-out = "\n%{http_code} %header{retry-after}"
$1
EOF
    ) || status=$?
    code=${answer##*"$NEWLINE"}
    wanted_pause=${code#* }
    code=${code%% *}
    case $status:$code in
      0:2??) return 0 ;;
      0:429)
        problem='it answers 429: too many messages'
        case $wanted_pause in
          [0-9] | [1-9][0-9] | [1-9][0-9][0-9]) pause=$wanted_pause ;; # arithmetic refuses 08
        esac
        ;;
      0:5??) problem="it answers $code" ;;
      0:*)
        problem="it answers $code$(slack_reason "${answer%"$NEWLINE"*}")"
        return 1
        ;;
      1:* | 3:*)
        problem=$(curl_problem "$status")
        return 1
        ;;
      *) problem=$(curl_problem "$status") ;;
    esac
    read_uptime
    if [ $((uptime + pause)) -ge "$give_up_at" ]; then
      problem="$problem; no further try"
      return 1
    fi
    sleep "$pause"
    pause=$((pause < 8 ? pause * 2 : 8))
  done
}

# slack_reason BODY
# Prints the body of an answer when it is one of Slack's own words, such as no_service.
slack_reason() {
  case $1 in
    '' | *[!a-z_]*) ;;
    *) [ "${#1}" -gt 60 ] || printf ' (%s)' "$1" ;;
  esac
}

# no_address NAME SECRET
# Says on standard error that NAME has no value, though SECRET should give it one; then returns 1.
no_address() {
  if [ -n "$2" ]; then
    printf '%s: nothing was sent: there is no address, %s is missing or empty\n' "$1" "$2" >&2
    return 1
  fi
}

# send_message TEXT SECONDS
# Logs the message and sends it to WEBHOOK_URL when there is one. Returns 1 when it could not be sent.
send_message() {
  printf '%s\n' "$1"
  if [ -z "${WEBHOOK_URL-}" ]; then
    no_address WEBHOOK_URL "${WEBHOOK_SOURCE-}"
    return
  fi
  # Inside the quotes of curl's configuration a quote and a backslash need a backslash.
  payload=$(printf '%s' "$1" | slack_payload | sed 's/[\\"]/\\&/g')
  deliver WEBHOOK_URL "$WEBHOOK_URL" "$2" "header = \"Content-Type: application/json\"
data-raw = \"$payload\""
}
