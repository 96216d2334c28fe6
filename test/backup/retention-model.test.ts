import * as fc from 'fast-check';
import { expectedToGo, type Keep, stampOf } from './retention-model';

// What the rule promises over years. retention-script.test.ts shows that the shipped script follows the same rule.

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

const KEEP: fc.Arbitrary<Keep> = fc
  .record({
    all: fc.integer({ min: 1, max: 60 }),
    daily: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 })),
    monthly: fc.constantFrom(0, 150, 400, Number.POSITIVE_INFINITY),
    newest: fc.integer({ min: 1, max: 5 }),
  })
  .map((keep) => ({ ...keep, daily: keep.daily === 0 ? 0 : keep.daily + keep.all }))
  .map((keep) => ({ ...keep, monthly: keep.monthly > Math.max(keep.all, keep.daily) ? keep.monthly : 0 }));

const START = fc.date({ min: new Date('1999-06-01'), max: new Date('2099-06-01') }).map((date) => date.getTime());

/** Backups whose distances are mostly short, sometimes months; oldest first. */
const BACKUPS = fc
  .tuple(
    START,
    fc.array(
      fc.record({
        gap: fc.oneof(
          { weight: 5, arbitrary: fc.integer({ min: 1, max: 30 }) },
          { weight: 2, arbitrary: fc.integer({ min: 1, max: 24 * 9 }) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 24 * 500 }) },
        ),
        repeat: fc.integer({ min: 1, max: 40 }),
      }),
      { maxLength: 10 },
    ),
  )
  .map(([start, runs]) => {
    let moment = Math.floor(start / 1000) * 1000;
    return runs.flatMap(({ gap, repeat }) => Array.from({ length: repeat }, () => (moment += gap * HOUR - 7000)));
  });

test('the newest N stay, a second run removes nothing, a later run nothing less', () => {
  void fc.assert(
    fc.property(BACKUPS, KEEP, fc.nat(900), fc.nat(900), (backups, keep, skipped, later) => {
      const now = backups.at(-1 - (skipped % 10)) ?? 0;
      const known = backups.filter((moment) => moment <= now);
      const gone = expectedToGo(backups, keep, now);
      expect(gone.filter((moment) => !known.slice(0, -keep.newest).includes(moment))).toEqual([]);
      const left = backups.filter((moment) => !gone.includes(moment));
      expect(expectedToGo(left, keep, now)).toEqual([]);
      expect(expectedToGo(known, keep, now + later * DAY)).toEqual(expect.arrayContaining(gone));
    }),
    { numRuns: 200 },
  );
});

/** Moments at the same time of day in a zone with daylight saving, and in UTC where the zone is not given. */
function nightly(days: number, hour: number, start: number, timeZone = 'UTC'): number[] {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  return Array.from({ length: days }, (_, i) => {
    const midnight = start + i * DAY;
    const [hours = 0, minutes = 0] = format.format(midnight).split(':').map(Number);
    return midnight + (((hour - hours + 24) % 24) * 60 - minutes) * 60_000;
  });
}

const FIRST_DAY = Date.UTC(2023, 6, 5);
const SCHEDULES: readonly (readonly [string, readonly number[]])[] = [
  ['nightly, UTC', nightly(1300, 19, FIRST_DAY)],
  // One UTC day without a backup when the clocks change, and one with two.
  ['nightly in New York, about midnight UTC', nightly(1300, 20, FIRST_DAY, 'America/New_York')],
  ['nightly on Lord Howe, half an hour of daylight saving', nightly(1300, 11, FIRST_DAY, 'Australia/Lord_Howe')],
  ['every six hours', Array.from({ length: 2000 }, (_, i) => FIRST_DAY + i * 6 * HOUR)],
  [
    'hourly, every third day lost',
    Array.from({ length: 4800 }, (_, i) => FIRST_DAY + (i + Math.floor(i / 48) * 24) * HOUR),
  ],
  ['weekly', Array.from({ length: 190 }, (_, i) => FIRST_DAY + i * 7 * DAY)],
];
const SETTINGS: readonly Keep[] = [
  { all: 30, daily: 0, monthly: 0, newest: 3 },
  { all: 7, daily: 40, monthly: 400, newest: 3 },
  { all: 31, daily: 366, monthly: Number.POSITIVE_INFINITY, newest: 3 },
];

/** What is left when a run follows each day's last backup. */
function leftAfterDailyRuns(moments: readonly number[], keep: Keep, before: readonly number[] = []): number[] {
  let left = [...before];
  for (const [index, now] of moments.entries()) {
    left.push(now);
    if (Math.floor(now / DAY) !== Math.floor((moments[index + 1] ?? 0) / DAY)) {
      left = without(left, expectedToGo(left, keep, now));
    }
  }
  return left;
}

function without(moments: readonly number[], gone: readonly number[]): number[] {
  const set = new Set(gone);
  return moments.filter((moment) => !set.has(moment));
}

describe.each(SCHEDULES)('%s', (_, moments) => {
  test.each(SETTINGS)('a run every day leaves what one run at the end leaves: %j', (keep) => {
    const once = without(moments, expectedToGo(moments, keep, moments.at(-1) ?? 0));
    expect(leftAfterDailyRuns(moments, keep).map(stampOf)).toEqual(once.map(stampOf));
  });

  test.each(SETTINGS)('400 days of failures cost nothing before there are seven new days: %j', (keep) => {
    const now = moments.at(-1) ?? 0;
    const before = without(moments, expectedToGo(moments, keep, now));
    const after = Array.from({ length: 7 * 12 }, (_value, i) => now + 400 * DAY + i * 2 * HOUR);
    const upToDay = (days: number): number[] => after.filter((moment) => moment < now + (400 + days) * DAY);
    expect(without(before, leftAfterDailyRuns(upToDay(5), keep, before))).toEqual([]);
    expect(without(before, leftAfterDailyRuns(upToDay(7), keep, before))).not.toEqual([]);
  });
});
