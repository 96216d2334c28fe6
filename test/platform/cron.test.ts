import { parseCron, runsOn } from '../../lib/platform/cron';

const every = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const EVERY_DAY = { daysOfMonth: every(1, 31), months: every(1, 12), daysOfWeek: every(0, 6), bothDayFields: true };

// What robfig/cron 3.0.1, Kubernetes' parser, answered to the same expressions.
test.each([
  ['0 3 * * *', { minutes: [0], hours: [3], ...EVERY_DAY }],
  ['  5,10-12\t*/8  ? * ?', { minutes: [5, 10, 11, 12], hours: [0, 8, 16], ...EVERY_DAY }],
  ['50/5 0 * * *', { minutes: [50, 55], hours: [0], ...EVERY_DAY }],
  ['0 08 * * *', { minutes: [0], hours: [8], ...EVERY_DAY }],
  ['0 3 * * 1/2', { minutes: [0], hours: [3], ...EVERY_DAY, daysOfWeek: [1, 3, 5] }],
  ['0 3 * JAN-mar Sun,sat', { minutes: [0], hours: [3], ...EVERY_DAY, months: [1, 2, 3], daysOfWeek: [0, 6] }],
  ['0 3 1 * mon', { minutes: [0], hours: [3], ...EVERY_DAY, daysOfMonth: [1], daysOfWeek: [1], bothDayFields: false }],
  [
    '0 3 */10 * mon',
    { minutes: [0], hours: [3], ...EVERY_DAY, daysOfMonth: [1, 11, 21, 31], daysOfWeek: [1], bothDayFields: false },
  ],
  ['0 3 */1 * mon', { minutes: [0], hours: [3], ...EVERY_DAY, daysOfWeek: [1] }],
  ['@yearly', { minutes: [0], hours: [0], ...EVERY_DAY, daysOfMonth: [1], months: [1] }],
  ['@annually', { minutes: [0], hours: [0], ...EVERY_DAY, daysOfMonth: [1], months: [1] }],
  ['@monthly', { minutes: [0], hours: [0], ...EVERY_DAY, daysOfMonth: [1] }],
  ['@weekly', { minutes: [0], hours: [0], ...EVERY_DAY, daysOfWeek: [0] }],
  ['@daily', { minutes: [0], hours: [0], ...EVERY_DAY }],
  ['@midnight', { minutes: [0], hours: [0], ...EVERY_DAY }],
  ['@hourly', { minutes: [0], hours: every(0, 23), ...EVERY_DAY }],
])('"%s" is read as Kubernetes reads it', (expression, fields) => {
  expect(parseCron(expression)).toEqual(fields);
});

test.each([
  ['', 'has 0 fields; give five: minute, hour, day of month, month, day of week'],
  ['0 3 * *', 'has 4 fields'],
  ['0 0 3 * * *', 'has 6 fields'],
  ['@every 24h', 'has no time of day; use five fields or one of @yearly'],
  ['@sometimes', 'has no time of day'],
  ['TZ=Europe/Berlin 0 3 * * *', 'carries a time zone; give it as the second argument'],
  ['CRON_TZ=UTC 0 3 * * *', 'carries a time zone'],
  ['60 3 * * *', 'minute "60" is not within 0–59'],
  ['0 24 * * *', 'hour "24" is not within 0–23'],
  ['0 3 0 * *', 'day of month "0" is not within 1–31'],
  ['0 3 32 * *', 'day of month "32" is not within 1–31'],
  ['0 3 L * *', 'day of month "L" is not within 1–31'],
  ['0 3 * 13 *', 'month "13" is not within 1–12'],
  ['0 3 * mon *', 'month "mon" is not within 1–12'],
  ['0 3 * * 7', 'day of week "7" is not within 0–6 (Sunday is 0)'],
  ['0 3 * * 1#2', 'day of week "1#2" is not within'],
  ['0 3 * * fri-mon', 'day of week "fri-mon" is not within'],
  ['5-3 3 * * *', 'minute "5-3" is not within'],
  ['*/0 3 * * *', 'minute "*/0" is not within'],
  // Kubernetes reads numbers with strconv.Atoi: "value out of range".
  ['*/9223372036854775808 3 * * *', 'minute "*/9223372036854775808" is not within'],
  ['0 3/99999999999999999999 * * *', 'hour "3/99999999999999999999" is not within'],
  ['1, 3 * * *', 'minute "" is not within'],
  ['-1 3 * * *', 'minute "-1" is not within'],
  ['1-2-3 3 * * *', 'minute "1-2-3" is not within'],
  ['1/2/3 3 * * *', 'minute "1/2/3" is not within'],
  ['0 3 30 2 *', 'never runs; none of its months has such a day'],
  ['0 3 31 2,4,6,9,11 *', 'never runs'],
])('"%s" is refused: %s', (expression, problem) => {
  expect(() => parseCron(expression)).toThrow(`schedule "${expression}" `);
  expect(() => parseCron(expression)).toThrow(problem);
});

test('all wrong fields are named at once', () => {
  expect(() => parseCron('61 25 * 0 8')).toThrow(
    'schedule "61 25 * 0 8" is not valid: minute "61" is not within 0–59; hour "25" is not within 0–23; ' +
      'month "0" is not within 1–12; day of week "8" is not within 0–6 (Sunday is 0)',
  );
});

// 1 June 2026 is a Monday, 2 June a Tuesday, 8 June a Monday.
test.each([
  ['0 3 * * *', [true, true, true]],
  ['0 3 1 * *', [true, false, false]],
  ['0 3 * * 1', [true, false, true]],
  ['0 3 2 * 1', [true, true, true]],
  ['0 3 * 5 *', [false, false, false]],
  ['0 3 29 2 *', [false, false, false]],
])('"%s" runs on the days on which one day field matches, or both when one is open', (expression, expected) => {
  const days = [
    { month: 6, day: 1, weekday: 1 },
    { month: 6, day: 2, weekday: 2 },
    { month: 6, day: 8, weekday: 1 },
  ];
  expect(days.map((day) => runsOn(parseCron(expression), day))).toEqual(expected);
});
