import { type CronFields, parseCron, runsOn } from './cron';
import { DAYLIGHT_SAVING_YEARS } from './daylight-saving';

const MINUTES_OF_DAY = 24 * 60;
const DAY = MINUTES_OF_DAY * 60_000;

/**
 * The longest time between two runs of an expression from 2025 to 2037, in minutes of a clock that is never changed.
 *
 * @throws when Kubernetes would refuse the expression
 */
export function longestGap(expression: string): number {
  const fields = parseCron(expression);
  const times = timesOfDay(fields);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  let longest = Math.max(0, ...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
  let lastDay: number | undefined;
  const end = Date.UTC(DAYLIGHT_SAVING_YEARS.last + 1, 0) / DAY;
  for (let day = Date.UTC(DAYLIGHT_SAVING_YEARS.first, 0) / DAY; day < end; day += 1) {
    if (runs(fields, day)) {
      if (lastDay !== undefined) {
        longest = Math.max(longest, (day - lastDay) * MINUTES_OF_DAY - last + first);
      }
      lastDay = day;
    }
  }
  return longest;
}

/** Minutes since midnight at which a day's runs begin, in order. */
function timesOfDay({ hours, minutes }: CronFields): number[] {
  return hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
}

/** @param day days since 1 January 1970 */
function runs(fields: CronFields, day: number): boolean {
  const date = new Date(day * DAY);
  return runsOn(fields, { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() });
}
