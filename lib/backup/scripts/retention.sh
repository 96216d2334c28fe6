# shellcheck shell=sh
#
# Which backups are too old: arithmetic on the UTC time in their names, nothing else. A file's own times are not asked,
# because a copy, a restore of the share or a touch changes them.
#
# Sourced by backup.sh. Plain POSIX sh without `date`, so that bash, dash and busybox give the same answer.
#
# A name is ours when it is exactly <prefix>_YYYYMMDD_HHMMSS.sql.gz and that moment exists.

# Never removed, whatever their age.
KEEP_NEWEST=3
# Days of new backups after which those from before a hole are let go.
DAYS_AFTER_HOLE=7

# moment YYYYMMDD_HHMMSS
# Sets `day` (days since 1970-01-01) and `second` (seconds since then), both UTC. Returns 1 when there is no such moment.
moment() {
  case $1 in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9][0-9][0-9]) ;;
    *) return 1 ;;
  esac
  year=${1%????_??????}
  month=${1#????} month=${month%??_??????}
  date=${1#??????} date=${date%_??????}
  hour=${1#*_} hour=${hour%????}
  minute=${1#*_??} minute=${minute%??}
  seconds=${1#*_????}
  # "08" would be a malformed octal number.
  year=$((1$year - 10000)) month=$((1$month - 100)) date=$((1$date - 100))
  hour=$((1$hour - 100)) minute=$((1$minute - 100)) seconds=$((1$seconds - 100))

  case $month in
    4 | 6 | 9 | 11) days_in_month=30 ;;
    2) days_in_month=$((28 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))) ;;
    *) days_in_month=31 ;;
  esac
  if [ "$year" -lt 1970 ] || [ "$month" -lt 1 ] || [ "$month" -gt 12 ] || [ "$date" -lt 1 ] ||
    [ "$date" -gt "$days_in_month" ] || [ "$hour" -gt 23 ] || [ "$minute" -gt 59 ] || [ "$seconds" -gt 59 ]; then
    return 1
  fi

  # Years that begin in March put the leap day last, so that the months before it have fixed lengths.
  march_year=$((month > 2 ? year : year - 1))
  march_month=$((month > 2 ? month - 3 : month + 9))
  day=$((march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400))
  day=$((day + (153 * march_month + 2) / 5 + date - 1 - 719468))
  second=$((day * 86400 + hour * 3600 + minute * 60 + seconds))
}

# expired_backups PREFIX DAYS NOW < names > names
# Prints the backups to remove, given the time (YYYYMMDD_HHMMSS) of the backup just made. Kept are
#   - those whose UTC date lies at most DAYS days before NOW's;
#   - the newest three, whatever their age;
#   - those with a later time than NOW: a clock was wrong once; they count for nothing, also not among the newest three;
#   - those from before a hole of more than DAYS days without a backup, until there are seven days of newer ones. Months
#     of failures look like that, and so does a clock that jumped ahead: there every good backup seems old.
expired_backups() (
  prefix=$1 keep_days=$2
  moment "$3" || exit 1
  today=$day now=$second
  rank=0 days_seen=0 previous_day='' behind_hole=no removing=no
  LC_ALL=C sort -r | while IFS= read -r name; do
    stamp=${name#"${prefix}_"}
    stamp=${stamp%.sql.gz}
    if [ "$name" != "${prefix}_$stamp.sql.gz" ] || ! moment "$stamp" || [ "$second" -gt "$now" ]; then
      continue
    fi
    if [ -n "$previous_day" ] && [ $((previous_day - day)) -gt "$keep_days" ]; then
      behind_hole=no
      if [ "$days_seen" -lt "$DAYS_AFTER_HOLE" ]; then
        behind_hole=yes
      fi
    fi
    rank=$((rank + 1))
    if [ $((today - day)) -gt "$keep_days" ] && [ "$rank" -gt "$KEEP_NEWEST" ] && [ "$behind_hole" = no ]; then
      # From here on everything is older still.
      removing=yes
    fi
    if [ "$removing" = yes ]; then
      printf '%s\n' "$name"
    fi
    if [ "$day" != "$previous_day" ]; then
      days_seen=$((days_seen + 1))
      previous_day=$day
    fi
  done
)

# abandoned_partials PREFIX NOW < names > names
# Prints the temporary files (.<prefix>_YYYYMMDD_HHMMSS.sql.gz.<run>.partial) that were begun more than 24 hours before
# NOW: their runs were killed.
abandoned_partials() (
  prefix=$1
  moment "$2" || exit 1
  now=$second
  while IFS= read -r name; do
    rest=${name#".${prefix}_"}
    stamp=${rest%%.*}
    run=${rest#"$stamp.sql.gz."}
    run=${run%.partial}
    case $run in
      '' | *[!A-Za-z0-9-]*) continue ;;
    esac
    if [ "$name" = ".${prefix}_$stamp.sql.gz.$run.partial" ] && moment "$stamp" && [ $((now - second)) -gt 86400 ]; then
      printf '%s\n' "$name"
    fi
  done
)
