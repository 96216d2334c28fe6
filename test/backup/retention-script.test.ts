import { join } from 'node:path';
import * as fc from 'fast-check';
import { run } from '../support/process';

const SCRIPT = join(__dirname, '../../lib/backup/scripts/retention.sh');
const PREFIX = 'school_platform';
const DAY = 24 * 60 * 60_000;
const NOW = Date.UTC(2026, 10, 21, 19, 0, 0);

/** Shells that must agree, each in a time zone that must not matter. */
const SHELLS = [
  // Debian's bash reads its rc file when standard input is a socket, as it is under Node.
  ['bash', ['--norc'], 'America/New_York'],
  ['dash', [], 'Pacific/Kiritimati'],
  ['busybox', ['sh'], 'Australia/Lord_Howe'],
] as const;

function stampOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
}

function nameOf(moment: number, prefix = PREFIX): string {
  return `${prefix}_${stampOf(moment)}.sql.gz`;
}

/** Names of one backup a day at 19:00 UTC, from `first` to `last` days before `now`. */
function daily(first: number, last: number, now = NOW): string[] {
  return Array.from({ length: first - last + 1 }, (_, i) => nameOf(now - (first - i) * DAY));
}

async function ask(call: string, names: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    SHELLS.map(async ([shell, args, TZ]) => {
      const input = names.map((name) => `${name}\n`).join('');
      const result = await run(shell, [...args, '-euc', `. "$1"; ${call}`, shell, SCRIPT], { env: { TZ }, input });
      expect([result.code, result.stderr]).toEqual([0, '']);
      return result.stdout.split('\n').filter((name) => name !== '');
    }),
  );
  for (const answer of answers) {
    expect(answer).toEqual(answers[0]);
  }
  return [...(answers[0] ?? [])].sort();
}

function expired(names: readonly string[], days = 30, now = NOW): Promise<string[]> {
  return ask(`expired_backups ${PREFIX} ${days} ${stampOf(now)}`, names);
}

test('a backup is kept on day 29 and day 30 and gone on day 31', async () => {
  expect(await expired(daily(40, 0))).toEqual(daily(40, 31));
});

test('the age is a difference of UTC dates, whatever the time of day', async () => {
  const midnight = Date.UTC(2026, 9, 22);
  const names = [midnight - 1000, midnight, midnight + DAY - 1000].map((moment) => nameOf(moment));
  expect(await expired([...names, ...daily(20, 0)])).toEqual(names.slice(0, 1));
});

test('the newest three stay, whatever their age', async () => {
  expect(await expired(daily(80, 70))).toEqual(daily(80, 73));
  expect(await expired(daily(72, 70))).toEqual([]);
  expect(await expired([])).toEqual([]);
});

test('February has 29 days in leap years only, 2000 among them and 2100 not', async () => {
  const now = Date.UTC(2028, 2, 30, 19);
  const leapDay = nameOf(Date.UTC(2028, 1, 29, 19));
  expect(await expired([leapDay, ...daily(28, 0, now)], 30, now)).toEqual([]);
  expect(await expired([leapDay, ...daily(28, 0, now)], 29, now)).toEqual([leapDay]);
  const later = Date.UTC(2100, 3, 30, 19);
  const old = ['20000229_000000', '20270229_000000', '21000229_000000'].map((stamp) => `${PREFIX}_${stamp}.sql.gz`);
  expect(await expired([...old, ...daily(40, 0, later)], 30, later)).toEqual([old[0], ...daily(40, 31, later)]);
});

test.each([
  'school_platform_old_20200101_030000.sql.gz',
  'school_20200101_030000.sql.gz',
  'old_school_platform_20200101_030000.sql.gz',
  'School_Platform_20200101_030000.sql.gz',
  'school_platform_20200101_030000.sql',
  'school_platform_20200101_030000.sql.gz.old',
  'school_platform_20200101_030000.sql.zst',
  'school_platform_20200101_0300.sql.gz',
  'school_platform_2020-01-01_030000.sql.gz',
  'school_platform_20200101-030000.sql.gz',
  'school_platform__20200101_030000.sql.gz',
  'school_platform_120200101_030000.sql.gz',
  'school_platform_20200001_030000.sql.gz',
  'school_platform_20201301_030000.sql.gz',
  'school_platform_20200100_030000.sql.gz',
  'school_platform_20200431_030000.sql.gz',
  'school_platform_20200101_240000.sql.gz',
  'school_platform_20200101_036000.sql.gz',
  'school_platform_20200101_030060.sql.gz',
  'school_platform_19691231_235959.sql.gz',
  'school_platform_.sql.gz',
  'school_platform_manual.sql.gz',
  '.school_platform_20200101_030000.sql.gz.pod-1.partial',
  '*',
  '-rf',
  ' school_platform_20200101_030000.sql.gz',
  'school_platform_20200101_030000.sql.gz ',
])('"%s" is not ours', async (name) => {
  expect(await expired([name, ...daily(40, 0)])).toEqual(daily(40, 31));
  // Nor does it count among the newest three.
  expect(await expired([name, ...daily(83, 80)])).toEqual(daily(83, 83));
});

test('a prefix is taken literally', async () => {
  const names = ['a.b', 'axb', 'a.b_old'].map((prefix) => nameOf(NOW - 40 * DAY, prefix));
  const newer = [0, 1, 2, 20].map((days) => nameOf(NOW - days * DAY, 'a.b'));
  expect(await ask(`expired_backups a.b 30 ${stampOf(NOW)}`, [...names, ...newer, ...daily(40, 40)])).toEqual([
    nameOf(NOW - 40 * DAY, 'a.b'),
  ]);
});

test('08 and 09 are numbers like all others', async () => {
  const old = ['20260808_080808', '20260909_090909'].map((stamp) => `${PREFIX}_${stamp}.sql.gz`);
  expect(await expired([...old, ...daily(60, 0)])).toEqual([...old, ...daily(60, 31)].sort());
});

test('backups with a later time stay, and count for nothing', async () => {
  const future = [1, 2, 3, 365].map((days) => nameOf(NOW + days * DAY));
  expect(await expired([...future, ...daily(80, 70)])).toEqual(daily(80, 73));
  expect(await expired([...future, nameOf(NOW + 1000), ...daily(40, 0)])).toEqual(daily(40, 31));
});

test('a clock that jumps a year ahead for six days and comes back costs nothing', async () => {
  let names = daily(30, 0);
  for (let days = 1; days <= 6; days += 1) {
    const wrong = NOW + (365 + days) * DAY;
    names.push(nameOf(wrong));
    expect(await expired(names, 30, wrong)).toEqual([]);
  }
  for (let days = 7; days <= 12; days += 1) {
    const right = NOW + days * DAY;
    names.push(nameOf(right));
    const old = await expired(names, 30, right);
    // The ordinary retention goes on; the first run makes up for the days with a wrong name.
    expect(old).toEqual(days === 7 ? daily(30, 24) : daily(31 - days, 31 - days));
    names = names.filter((name) => !old.includes(name));
  }
});

test('after 400 days of failures everything old stays until there are seven days of new backups', async () => {
  const old = daily(430, 400);
  expect(await expired([...old, ...daily(5, 0)])).toEqual([]);
  expect(await expired([...old, ...daily(6, 0)])).toEqual(old);
  // Seven backups of one day are not seven days.
  const hourly = Array.from({ length: 24 }, (_, hour) => nameOf(NOW - hour * 3_600_000));
  expect(await expired([...old, ...hourly])).toEqual([]);
});

test('a schedule with gaps longer than the retention does not fill the disk', async () => {
  const monthly = Array.from({ length: 60 }, (_, i) => nameOf(NOW - i * 31 * DAY)).sort();
  expect(await expired(monthly)).toEqual(monthly.slice(0, -7));
});

/** The rule again, as docs/backups.md tells it. */
function expectedToGo(moments: readonly number[], days: number, now: number): string[] {
  const dayOf = (moment: number): number => Math.floor(moment / DAY);
  const known = moments.filter((moment) => moment <= now).sort((a, b) => b - a);
  const first = known.findIndex((moment, i) => {
    const holes = known.slice(1, i + 1).flatMap((older, j) => {
      const newer = known.slice(0, j + 1);
      return dayOf(newer[j] ?? 0) - dayOf(older) > days ? [new Set(newer.map(dayOf)).size] : [];
    });
    return i >= 3 && dayOf(now) - dayOf(moment) > days && (holes.at(-1) ?? 7) >= 7;
  });
  return first < 0 ? [] : known.slice(first).map((moment) => nameOf(moment));
}

test('any set of backups is treated by the rule, twice with the same result, and keeps its newest three', async () => {
  const moments = fc
    .array(
      fc.record({
        gap: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 * 86_400 }) },
          fc.integer({ max: 9e6, min: 1 }),
        ),
        repeat: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 20 })),
      }),
      { maxLength: 12 },
    )
    .map((runs) => {
      let moment = NOW + 200 * DAY;
      return runs.flatMap(({ gap, repeat }) => Array.from({ length: repeat }, () => (moment -= gap * 1000)));
    });
  await fc.assert(
    fc.asyncProperty(moments, fc.integer({ min: 1, max: 60 }), async (all, days) => {
      const now = all[Math.floor(all.length / 3)] ?? NOW;
      const names = all.map((moment) => nameOf(moment));
      const gone = await expired(names, days, now);
      expect(gone).toEqual(expectedToGo(all, days, now).sort());
      const left = names.filter((name) => !gone.includes(name));
      expect(await expired(left, days, now)).toEqual([]);
      const known = all.filter((moment) => moment <= now).length;
      expect(left.filter((name) => name <= nameOf(now)).length).toBeGreaterThanOrEqual(Math.min(3, known));
    }),
    { numRuns: 60 },
  );
}, 30_000);

test('temporary files of killed runs are swept after 24 hours, those of others never', async () => {
  const at = (moment: number, run = 'pod-abc-1', prefix = PREFIX): string =>
    `.${prefix}_${stampOf(moment)}.sql.gz.${run}.partial`;
  const old = [at(NOW - DAY - 1000), at(NOW - 400 * DAY, 'x-17')].sort();
  const kept = [
    at(NOW - DAY),
    at(NOW),
    at(NOW + DAY),
    at(NOW - 9 * DAY, 'pod', 'school_platform_old'),
    at(NOW - 9 * DAY, 'pod.1'),
    at(NOW - 9 * DAY, ''),
    at(NOW - 9 * DAY).slice(1),
    `${at(NOW - 9 * DAY)}.partial`,
    nameOf(NOW - 9 * DAY),
    '.school_platform_20270229_030000.sql.gz.pod.partial',
    '.school_platform_.partial',
  ];
  expect(await ask(`abandoned_partials ${PREFIX} ${stampOf(NOW)}`, [...kept, ...old])).toEqual(old);
});
