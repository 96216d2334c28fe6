import { type GrandfatherFatherSon, Retention } from '../../lib/backup/retention';

function variables(retention: Retention): Record<string, string> {
  return Object.fromEntries(retention.env.map(({ name, value }) => [name, value]));
}

test.each([1, 30, 365, 36_600])('backups are kept for %d days', (days) => {
  expect(variables(Retention.days(days))).toEqual({
    KEEP_ALL_DAYS: String(days),
    KEEP_DAILY_DAYS: '0',
    KEEP_MONTHLY_DAYS: '0',
  });
});

test.each([0, -1, 0.5, 30.5, Number.NaN, Number.POSITIVE_INFINITY, 36_601])('%d days are refused', (days) => {
  expect(() => Retention.days(days)).toThrow(
    `backup retention: ${days} days is not possible; give a whole number of days, at least 1 and at most 36600`,
  );
});

test.each<[string, GrandfatherFatherSon, readonly string[]]>([
  ['all three', { all: { months: 1 }, firstOfDay: { years: 1 }, firstOfMonth: 'forever' }, ['31', '366', 'forever']],
  [
    'no limit for months',
    { all: { days: 2 }, firstOfDay: { days: 40 }, firstOfMonth: { years: 7 } },
    ['2', '40', '2562'],
  ],
  ['days forever', { all: { days: 7 }, firstOfDay: 'forever' }, ['7', 'forever', '0']],
  ['months only', { all: { months: 3 }, firstOfMonth: { years: 100 } }, ['93', '0', '36600']],
  ['one period', { all: { years: 1 } }, ['366', '0', '0']],
])('grandfather, father and son: %s', (_, periods, [all = '', daily = '', monthly = '']) => {
  expect(variables(Retention.grandfatherFatherSon(periods))).toEqual({
    KEEP_ALL_DAYS: all,
    KEEP_DAILY_DAYS: daily,
    KEEP_MONTHLY_DAYS: monthly,
  });
});

test.each<[GrandfatherFatherSon, string]>([
  [
    { all: { months: 2 }, firstOfDay: { days: 40 } },
    'firstOfDay: 40 days is not longer than all, 62 days; make it longer or leave it out',
  ],
  [
    { all: { days: 31 }, firstOfDay: { months: 1 } },
    'firstOfDay: 31 days is not longer than all, 31 days; make it longer or leave it out',
  ],
  [
    { all: { years: 1 }, firstOfMonth: { months: 3 } },
    'firstOfMonth: 93 days is not longer than all, 366 days; make it longer or leave it out',
  ],
  [
    { all: { days: 1 }, firstOfDay: 'forever', firstOfMonth: 'forever' },
    'firstOfMonth: forever is not longer than firstOfDay, forever; make it longer or leave it out',
  ],
  [
    { all: { days: 0 }, firstOfDay: { months: 1.5 }, firstOfMonth: { years: 101 } },
    'all: 0 days is not possible; give a whole number of days, at least 1 and at most 36600; ' +
      'firstOfDay: 1.5 months is not possible; give a whole number of months, at least 1 and at most 1180; ' +
      'firstOfMonth: 101 years is not possible; give a whole number of years, at least 1 and at most 100',
  ],
])('%j is refused', (periods, problems) => {
  expect(() => Retention.grandfatherFatherSon(periods)).toThrow(new Error(`backup retention: ${problems}`));
});

test('a period has one unit, and all needs an end', () => {
  // @ts-expect-error two units
  Retention.grandfatherFatherSon({ all: { days: 1, months: 1 } });
  // @ts-expect-error nothing would ever be removed
  Retention.grandfatherFatherSon({ all: 'forever' });
});
