import * as fc from 'fast-check';
import { DAYLIGHT_SAVING_YEARS, daylightSavingGap } from '../../lib/platform/daylight-saving';
import { Schedule, type Weekday } from '../../lib/platform/schedule';

test.each([
  [Schedule.daily('03:00', 'Australia/Perth'), '0 3 * * *', 'Australia/Perth'],
  [Schedule.daily('00:00', 'Etc/UTC'), '0 0 * * *', 'Etc/UTC'],
  [Schedule.daily('23:59', 'UTC'), '59 23 * * *', 'UTC'],
  [Schedule.hourly(17, 'Asia/Kolkata'), '17 * * * *', 'Asia/Kolkata'],
  [Schedule.weekly('sunday', '08:09', 'Europe/Berlin'), '9 8 * * 0', 'Europe/Berlin'],
  [Schedule.weekly('saturday', '02:30', 'Europe/Berlin'), '30 2 * * 6', 'Europe/Berlin'],
  [Schedule.cron(' 0  3 * * mon-fri ', 'America/Argentina/Ushuaia'), '0 3 * * mon-fri', 'America/Argentina/Ushuaia'],
  [Schedule.cron('@daily', 'Australia/Perth'), '0 0 * * *', 'Australia/Perth'],
])('schedule %# is five cron fields and a zone', (schedule, expression, timeZone) => {
  expect(schedule.expression).toBe(expression);
  expect(schedule.timeZone).toBe(timeZone);
});

test.each(['3:00', '24:00', '03:60', '03:00:00', '3 am', ''])('"%s" is not taken as a time of day', (time) => {
  const message = `time "${time}" is not a time of day; write it as HH:MM from 00:00 to 23:59`;
  expect(() => Schedule.daily(time, 'Etc/UTC')).toThrow(message);
  expect(() => Schedule.weekly('monday', time, 'Etc/UTC')).toThrow(message);
});

test.each([60, -1, 1.5, Number.NaN])('minute %d of each hour is refused', (minute) => {
  expect(() => Schedule.hourly(minute, 'Etc/UTC')).toThrow(`minute "${minute}" is not within 0–59`);
});

test('a day that is none is refused with the days there are', () => {
  expect(() => Schedule.weekly('Sonntag' as Weekday, '03:00', 'Etc/UTC')).toThrow(
    'day "Sonntag" is not a day of the week; use one of sunday, monday,',
  );
});

test.each(['', 'AWST', 'EST', 'Local', '+08:00', 'Mars/Olympus', 'europe/berlin', 'Europe/berlin', 'Europe/Berlin '])(
  'time zone "%s" is refused, as the API server would or should',
  (zone) => {
    expect(() => Schedule.daily('03:00', zone)).toThrow(
      `time zone "${zone}" is not known; name it by area and city as in Australia/Perth, or use Etc/UTC`,
    );
    expect(() => daylightSavingGap('@every 1h', zone)).toThrow('is not known');
  },
);

// Intl takes these; Go, which the API server asks, answers "unknown time zone".
test.each([
  'America/New_york',
  'Europe/BERLIN',
  'Australia/PERTH',
  'America/Argentina/buenos_Aires',
  'Etc/Gmt+8',
  'Etc/Utc',
  'Asia/KOLKATA',
  'Asia/Ho_chi_minh',
  'America/Port_Of_Spain',
  'US/EASTERN',
])('time zone "%s" is refused for its capitals', (zone) => {
  expect(() => Schedule.daily('03:00', zone)).toThrow(`time zone "${zone}" is not known; name it by area and city`);
});

test.each([
  'America/New_York',
  'America/Port_of_Spain',
  'America/Port-au-Prince',
  'America/Argentina/Buenos_Aires',
  'America/Argentina/ComodRivadavia',
  'America/Knox_IN',
  'Antarctica/DumontDUrville',
  'Antarctica/McMurdo',
  'Africa/Dar_es_Salaam',
  'Asia/Kolkata',
  'Asia/Calcutta',
  'Asia/Ho_Chi_Minh',
  'Australia/ACT',
  'Brazil/DeNoronha',
  'Etc/GMT',
  'Etc/GMT+8',
  'Etc/UCT',
  'Etc/UTC',
  'Europe/Kiev',
  'Europe/Kyiv',
  'US/East-Indiana',
  'UTC',
])('time zone "%s" is accepted, whether ICU calls it so or by another name', (zone) => {
  expect(Schedule.daily('12:00', zone).timeZone).toBe(zone);
});

test('a schedule in the gap is refused with the times to avoid', () => {
  expect(() => Schedule.daily('02:30', 'Europe/Berlin')).toThrow(
    'schedule "30 2 * * *" falls into the daylight-saving gap of Europe/Berlin; ' +
      'choose a time outside 02:00–03:00 or Etc/UTC',
  );
});

test.each([
  ['0 2 * * *', 'Europe/Berlin', '2025-03-30', '02:00', '03:00'],
  ['59 2 * * *', 'Europe/Berlin', '2025-03-30', '02:00', '03:00'],
  ['0,15,30 2 * * *', 'Europe/Berlin', '2025-03-30', '02:00', '03:00'],
  ['30 2 * * 0', 'Europe/Berlin', '2025-03-30', '02:00', '03:00'],
  ['30 2 25 * *', 'Europe/Berlin', '2029-03-25', '02:00', '03:00'],
  ['30 2 1 * 0', 'Europe/Berlin', '2025-03-30', '02:00', '03:00'],
  ['30 2 * * *', 'America/New_York', '2025-03-09', '02:00', '03:00'],
  ['30 2 * * *', 'Australia/Sydney', '2025-10-05', '02:00', '03:00'],
  ['15 2 * * *', 'Australia/Lord_Howe', '2025-10-05', '02:00', '02:30'],
  ['@daily', 'America/Havana', '2025-03-09', '00:00', '01:00'],
  ['0 0 * * *', 'Africa/Cairo', '2025-04-25', '00:00', '01:00'],
  ['30 23 * * 6', 'America/Scoresbysund', '2025-03-29', '23:00', '00:00'],
])('"%s" falls into the gap of %s on %s', (cron, timeZone, date, start, end) => {
  expect(daylightSavingGap(cron, timeZone)).toEqual({ timeZone, date, start, end });
});

test.each([
  ['59 1 * * *', 'Europe/Berlin'],
  ['0 3 * * *', 'Europe/Berlin'],
  ['30 2,14 * * *', 'Europe/Berlin'],
  ['30 * * * *', 'Europe/Berlin'],
  ['0-59/30 2-3 * * *', 'Europe/Berlin'],
  ['30 2 * * 1', 'Europe/Berlin'],
  ['30 2 1 * *', 'Europe/Berlin'],
  ['30 2 * 4-9 *', 'Europe/Berlin'],
  ['30 2 * * *', 'Australia/Lord_Howe'],
  ['30 2 * * *', 'Australia/Perth'],
  ['30 2 * * *', 'Etc/UTC'],
  ['@every 1h30m', 'Europe/Berlin'],
])('"%s" is fine in %s', (cron, timeZone) => {
  expect(daylightSavingGap(cron, timeZone)).toBeUndefined();
});

test('an expression that Kubernetes refuses is refused by the gap check too', () => {
  expect(() => daylightSavingGap('0 3 * * 7', 'Etc/UTC')).toThrow('day of week "7"');
});

test.each(['2010-06-01', '2026-11-21', '2036-03-30', '2060-01-01'])('the answer does not change by %s', (today) => {
  jest.useFakeTimers({ now: new Date(today) });
  try {
    jest.isolateModules(() => {
      const fresh: typeof import('../../lib/platform/daylight-saving') = require('../../lib/platform/daylight-saving');
      expect(fresh.daylightSavingGap('30 2 25 * *', 'Europe/Berlin')?.date).toBe('2029-03-25');
      expect(fresh.daylightSavingGap('30 2 * * *', 'Europe/Berlin')?.date).toBe('2025-03-30');
    });
  } finally {
    jest.useRealTimers();
  }
});

const QUARTER = 15 * 60_000;
const DAY = 24 * 60 * 60_000;
const FIRST = Date.UTC(DAYLIGHT_SAVING_YEARS.first, 0);
const LAST = Date.UTC(DAYLIGHT_SAVING_YEARS.last + 1, 0);

/** Every quarter of an hour that a zone's calendar skips, found by walking through all of them. */
function missingQuarters(timeZone: string): Set<number> {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const missing = new Set<number>();
  let previous = Number.NaN;
  // Two days at a time where the clocks did not change, quarter by quarter where they did.
  for (let block = FIRST; block < LAST; block += 2 * DAY) {
    const [from, to] = [block, block + 2 * DAY].map((moment) => Date.parse(`${format.format(moment)}Z`));
    previous = from ?? previous;
    if ((to ?? 0) - (from ?? 0) === 2 * DAY) {
      continue;
    }
    for (let moment = block + QUARTER; moment <= block + 2 * DAY; moment += QUARTER) {
      const local = Date.parse(`${format.format(moment)}Z`);
      for (let skipped = previous + QUARTER; skipped < local; skipped += QUARTER) {
        missing.add(skipped);
      }
      previous = local;
    }
  }
  return missing;
}

const DAYS = Array.from({ length: (LAST - FIRST) / DAY }, (_, i) => {
  const midnight = FIRST + i * DAY;
  const date = new Date(midnight);
  return { midnight, month: date.getUTCMonth() + 1, date: date.getUTCDate(), weekday: date.getUTCDay() };
});

const field = (min: number, max: number, maxLength: number) =>
  fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength });

describe.each([
  'Europe/Berlin',
  'America/New_York',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/Scoresbysund',
  'Australia/Perth',
  'Etc/UTC',
])('in %s', (timeZone) => {
  const missing = missingQuarters(timeZone);

  test('the gap check agrees with a search of every quarter of an hour of every day', async () => {
    await fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(0, 15, 30, 45), { minLength: 1 }),
        field(0, 3, 2).chain((hours) => fc.constantFrom(hours, [...hours, 23], [23])),
        fc.option(field(1, 31, 20)),
        fc.option(field(1, 12, 8)),
        fc.option(field(0, 6, 4)),
        (minutes, hours, daysOfMonth, months, daysOfWeek) => {
          const runs = hours.flatMap((hour) => minutes.map((minute) => (hour * 60 + minute) * 60_000));
          const expected = DAYS.some((day) => {
            const ofMonth = daysOfMonth?.includes(day.date) ?? true;
            const ofWeek = daysOfWeek?.includes(day.weekday) ?? true;
            const oneIsEnough = daysOfMonth !== null && daysOfWeek !== null;
            return (
              (oneIsEnough ? ofMonth || ofWeek : ofMonth && ofWeek) &&
              (months?.includes(day.month) ?? true) &&
              runs.every((run) => missing.has(day.midnight + run))
            );
          });
          const cron = [minutes, hours, daysOfMonth, months, daysOfWeek].map((values) => values?.join(',') ?? '*');
          const never = daysOfWeek === null && daysOfMonth?.every((day) => day > 28);
          fc.pre(never !== true);
          expect(daylightSavingGap(cron.join(' '), timeZone) !== undefined).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('the search itself finds gaps where there are some and none elsewhere', () => {
  expect(missingQuarters('Europe/Berlin').size).toBe(13 * 4);
  expect(missingQuarters('Australia/Lord_Howe').size).toBe(13 * 2);
  expect(missingQuarters('Australia/Perth').size).toBe(0);
});
