import * as fc from 'fast-check';
import { longestGap } from '../../lib/platform/longest-gap';
import { Schedule } from '../../lib/platform/schedule';

const [HOUR, DAY] = [60, 24 * 60];

test.each([
  ['* * * * *', 1],
  ['*/15 * * * *', 15],
  ['0,10 * * * *', 50],
  ['30 * * * *', HOUR],
  ['0 3 * * *', DAY],
  ['0 3,15 * * *', DAY / 2],
  ['0 8-17 * * *', 15 * HOUR],
  ['0 8-17 * * mon-fri', 2 * DAY + 15 * HOUR],
  ['0 3 * * 0', 7 * DAY],
  ['0 3 1 * *', 31 * DAY],
  ['0 3 31 * *', 61 * DAY],
  ['0 0 1 1 *', 366 * DAY],
  ['0 0 29 2 *', (4 * 365 + 1) * DAY],
])('between two runs of "%s" there are at most %d minutes', (expression, minutes) => {
  expect(longestGap(expression)).toBe(minutes);
});

test('a schedule gives it as a duration', () => {
  expect(Schedule.weekly('sunday', '03:00', 'Australia/Perth').longestGap().toDays()).toBe(7);
});

test('it is what a walk through every minute of two weeks finds', async () => {
  const values = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.property(values(59), values(23), values(6), (minutes, hours, days) => {
      let [longest, last] = [0, -1];
      for (let minute = 0; minute < 14 * DAY; minute += 1) {
        const runs =
          minutes.includes(minute % HOUR) &&
          hours.includes(Math.floor(minute / HOUR) % 24) &&
          days.includes(Math.floor(minute / DAY) % 7);
        if (runs) {
          longest = last < 0 ? 0 : Math.max(longest, minute - last);
          last = minute;
        }
      }
      expect(longestGap(`${minutes} ${hours} * * ${days}`)).toBe(longest);
    }),
    { numRuns: 50 },
  );
});
