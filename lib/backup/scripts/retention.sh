# shellcheck shell=sh
#
# Which backups are too old: arithmetic on the UTC time in their names, nothing else. A file's own times are not asked,
# because a copy, a restore of the share or a touch changes them.
#
# Sourced by backup.sh and upload.sh. Plain POSIX sh without `date`, so that bash, dash and busybox give the same answer.
#
# A stamp is YYYYMMDD_HHMMSS, a moment in UTC that exists.

# Days with new backups after which those from before a hole age again.
DAYS_AFTER_HOLE=7

known_date='' known_day=''

# moment STAMP
# Sets `day` (days since 1970-01-01) and `second` (seconds since then), both UTC. Returns 1 when there is no such moment.
moment() {
  case $1 in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-2][0-9][0-5][0-9][0-5][0-9]) ;;
    *) return 1 ;;
  esac
  # Most stamps are of the same date as the one before.
  if [ "${1%_*}" != "$known_date" ]; then
    day_of_date "${1%_*}" || return 1
    known_date=${1%_*} known_day=$day
  fi
  day=$known_day
  time=${1#*_}
  # "08" would be a malformed octal number.
  hour=$((1${time%????} - 100))
  minute=${time#??} minute=$((1${minute%??} - 100))
  second=$((day * 86400 + hour * 3600 + minute * 60 + 1${time#????} - 100))
  [ "$hour" -le 23 ]
}

# day_of_date YYYYMMDD
# Sets `day`. Returns 1 when there is no such date, or it is before 1970.
day_of_date() {
  year=$((1${1%????} - 10000))
  month=${1#????} month=$((1${month%??} - 100))
  date=$((1${1#??????} - 100))
  case $month in
    4 | 6 | 9 | 11) days_in_month=30 ;;
    2) days_in_month=$((28 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))) ;;
    *) days_in_month=31 ;;
  esac
  if [ "$year" -lt 1970 ] || [ "$month" -lt 1 ] || [ "$month" -gt 12 ] || [ "$date" -lt 1 ] ||
    [ "$date" -gt "$days_in_month" ]; then
    return 1
  fi
  # Years that begin in March put the leap day last, so that the months before it have fixed lengths.
  march_year=$((month > 2 ? year : year - 1))
  march_month=$((month > 2 ? month - 3 : month + 9))
  day=$((march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400))
  day=$((day + (153 * march_month + 2) / 5 + date - 1 - 719468))
}

# retention_problems
# Prints what is wrong with KEEP_ALL_DAYS, KEEP_DAILY_DAYS, KEEP_MONTHLY_DAYS and KEEP_NEWEST, one problem a line.
retention_problems() {
  age_problem KEEP_ALL_DAYS "${KEEP_ALL_DAYS-}"
  age_problem KEEP_DAILY_DAYS "${KEEP_DAILY_DAYS-}"
  age_problem KEEP_MONTHLY_DAYS "${KEEP_MONTHLY_DAYS-}"
  case ${KEEP_NEWEST:-3} in
    0* | *[!0-9]* | ??????*) printf 'KEEP_NEWEST "%s" must be a whole number from 1 to 99999\n' "$KEEP_NEWEST" ;;
  esac
}

age_problem() {
  case $2 in
    0 | forever) ;;
    '') printf '%s is not set\n' "$1" ;;
    0* | *[!0-9]* | ??????*) printf '%s "%s" must be 0, a number of days up to 99999, or forever\n' "$1" "$2" ;;
  esac
}

# The greatest age in days that a setting keeps.
greatest_age() {
  case $1 in
    0) greatest=-1 ;;
    forever) greatest=99999999 ;;
    *) greatest=$1 ;;
  esac
}

# expired_backups NOW < stamps > stamps
# Reads the stamps of all verified backups and prints those to remove, newest first, given the stamp of the backup just
# made. Ages are differences of UTC dates. Kept are
#   - all that are at most KEEP_ALL_DAYS old;
#   - the first of each UTC day that is at most KEEP_DAILY_DAYS old, the first of each UTC month that is at most
#     KEEP_MONTHLY_DAYS old; each of the three is a number of days, 0 (nothing is kept for that reason) or "forever";
#   - the newest KEEP_NEWEST (3), whatever their age;
#   - those with a later time than NOW: a clock was wrong once; they count for nothing, also not among the newest.
# A hole is more than KEEP_ALL_DAYS days without a backup (when that is 0, the next setting that is not). Months of
# failures look like that, and so does a clock that jumped ahead: there every good backup seems old. So the ages of
# those from before a hole stand still until seven days have newer backups, or a newer day has itself become too old.
# Lines that are no stamps are passed over. With a wrong setting it prints nothing and returns 1.
expired_backups() (
  problems=$(retention_problems)
  if [ -n "$problems" ] || ! moment "$1"; then
    printf '%s\n' "${problems:-\"$1\" is not a time}" >&2
    exit 1
  fi
  as_of=$day now=$second keep_newest=${KEEP_NEWEST:-3}
  greatest_age "$KEEP_MONTHLY_DAYS" && keep_monthly=$greatest hole=$greatest
  greatest_age "$KEEP_DAILY_DAYS" && keep_daily=$greatest hole=$((greatest < 0 ? hole : greatest))
  greatest_age "$KEEP_ALL_DAYS" && keep_all=$greatest hole=$((greatest < 0 ? hole : greatest))

  # Judges `stamp`; `older` is the next older one, empty after the oldest.
  rank=0 days_seen=0 a_day_ended=no
  judge() {
    rank=$((rank + 1)) age=$((as_of - stamp_day)) first_of_day=no first_of_month=no
    [ "${older%_*}" = "${stamp%_*}" ] || first_of_day=yes
    [ "${older%??_*}" = "${stamp%??_*}" ] || first_of_month=yes
    if [ "$rank" -gt "$keep_newest" ] && [ "$age" -gt "$keep_all" ] &&
      { [ $first_of_day = no ] || [ "$age" -gt "$keep_daily" ]; } &&
      { [ $first_of_month = no ] || [ "$age" -gt "$keep_monthly" ]; }; then
      printf '%s\n' "$stamp"
      [ $first_of_day = no ] || a_day_ended=yes
    fi
    if [ $first_of_day = yes ] && [ -n "$older" ]; then
      days_seen=$((days_seen + 1))
      if [ $((stamp_day - day)) -gt "$hole" ] && [ "$days_seen" -lt "$DAYS_AFTER_HOLE" ] && [ $a_day_ended = no ]; then
        as_of=$day
      fi
    fi
  }

  LC_ALL=C sort -ru | {
    stamp=''
    while IFS= read -r older; do
      if moment "$older" && [ "$second" -le "$now" ]; then
        [ -z "$stamp" ] || judge
        stamp=$older stamp_day=$day
      fi
    done
    older=''
    [ -z "$stamp" ] || judge
  }
)

# abandoned_files PREFIX NOW < names > names
# Prints the temporary files (.PREFIX_STAMP.<what>.<run>.partial) that were begun more than 24 hours before NOW: their
# runs were killed. A run that copies older backups, too, has a name that begins with its own time, without underscore.
abandoned_files() (
  prefix=$1
  moment "$2" || exit 1
  now=$second
  while IFS= read -r name; do
    rest=${name#".${prefix}_"}
    stamp=${rest%%.*}
    middle=${rest#"$stamp."}
    middle=${middle%.partial}
    case $middle in
      .* | *. | *..* | *[!A-Za-z0-9.-]*) continue ;;
      *.*) ;;
      *) continue ;;
    esac
    if [ "$name" = ".${prefix}_$stamp.$middle.partial" ] && moment "$stamp"; then
      begun=$second
      middle=${middle##*.}
      middle=${middle%%-*}
      ! moment "${middle%??????}_${middle#????????}" || begun=$second
      [ $((now - begun)) -le 86400 ] || printf '%s\n' "$name"
    fi
  done
)
