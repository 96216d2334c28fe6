const DAYS_OF = { days: 1, months: 31, years: 366 } as const;

/** A hundred years. */
const MOST_DAYS = 100 * DAYS_OF.years;

/**
 * A whole number of days, months or years, more than none and at most a hundred years. Months count as 31 days and
 * years as 366, so that a backup stays until the calendar shows its date again.
 */
export type RetentionPeriod =
  | { readonly days: number; readonly months?: never; readonly years?: never }
  | { readonly months: number; readonly days?: never; readonly years?: never }
  | { readonly years: number; readonly days?: never; readonly months?: never };

/** The days of a period (infinitely many of "forever"), or the problem with it in words. */
export function daysOfPeriod(period: RetentionPeriod | 'forever'): number | string {
  if (period === 'forever') {
    return Number.POSITIVE_INFINITY;
  }
  const unit = (['days', 'months', 'years'] as const).find((name) => period[name] !== undefined) ?? 'days';
  const count = period[unit] ?? Number.NaN;
  const most = Math.floor(MOST_DAYS / DAYS_OF[unit]);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    return `${count} ${unit} is not possible; give a whole number of ${unit}, at least 1 and at most ${most}`;
  }
  return count * DAYS_OF[unit];
}
