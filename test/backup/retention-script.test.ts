import { join } from 'node:path';
import * as fc from 'fast-check';
import { run } from '../support/process';
import { expectedToGo, type Keep, stampOf } from './retention-model';

const SCRIPT = join(__dirname, '../../lib/backup/scripts/retention.sh');
const PREFIX = 'school_platform';
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21, 19, 0, 0);
const MONTH_OF_DAYS: Keep = { all: 30, daily: 0, monthly: 0, newest: 3 };
const HOURLY: Keep = { all: 2, daily: 10, monthly: Number.POSITIVE_INFINITY, newest: 3 };

/** Shells that must agree, each in a time zone that must not matter. */
const SHELLS = [
  // Debian's bash reads its rc file when standard input is a socket, as it is under Node.
  ['bash', ['--norc'], 'America/New_York'],
  ['dash', [], 'Pacific/Kiritimati'],
  ['busybox', ['sh'], 'Australia/Lord_Howe'],
] as const;

/** Stamps of one backup a day at 19:00 UTC, from `first` to `last` days before `now`. */
function daily(first: number, last: number, now = NOW): string[] {
  return Array.from({ length: first - last + 1 }, (_, i) => stampOf(now - (first - i) * DAY));
}

function settings({ all, daily, monthly, newest }: Keep): string[] {
  return [all, daily, monthly, newest].map((days) => (days === Number.POSITIVE_INFINITY ? 'forever' : String(days)));
}

/** Runs commands in each shell with retention.sh; the answer must be the same. */
async function ask(commands: string, lines: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const answers = await Promise.all(
    SHELLS.map(async ([shell, args, TZ]) => {
      const input = lines.map((line) => `${line}\n`).join('');
      const result = await run(shell, [...args, '-euc', `. "$1"; ${commands}`, shell, SCRIPT], {
        env: { ...env, TZ },
        input,
      });
      expect([result.code, result.stderr]).toEqual([0, '']);
      return result.stdout.split('\n').slice(0, -1);
    }),
  );
  for (const answer of answers) {
    expect(answer).toEqual(answers[0]);
  }
  return answers[0] ?? [];
}

async function expired(stamps: readonly string[], keep: Partial<Keep> = {}, now = NOW): Promise<string[]> {
  const [all = '', daily = '', monthly = '', newest = ''] = settings({ ...MONTH_OF_DAYS, ...keep });
  const env = { KEEP_ALL_DAYS: all, KEEP_DAILY_DAYS: daily, KEEP_MONTHLY_DAYS: monthly, KEEP_NEWEST: newest };
  return (await ask(`expired_backups ${stampOf(now)}`, stamps, env)).sort();
}

test('a backup is kept on day 29 and day 30 and gone on day 31', async () => {
  expect(await expired(daily(40, 0))).toEqual(daily(40, 31));
});

test('the age is a difference of UTC dates, whatever the time of day', async () => {
  const midnight = Date.UTC(2026, 9, 22);
  const names = [midnight - 1000, midnight, midnight + DAY - 1000].map((moment) => stampOf(moment));
  expect(await expired([...names, ...daily(20, 0)])).toEqual(names.slice(0, 1));
});

test('the newest three stay, whatever their age', async () => {
  expect(await expired(daily(80, 70))).toEqual(daily(80, 73));
  expect(await expired(daily(72, 70))).toEqual([]);
  expect(await expired([])).toEqual([]);
  expect(await expired(daily(80, 70), { newest: 5 })).toEqual(daily(80, 75));
});

test('February has 29 days in leap years only, 2000 among them and 2100 not', async () => {
  const now = Date.UTC(2028, 2, 30, 19);
  const leapDay = stampOf(Date.UTC(2028, 1, 29, 19));
  expect(await expired([leapDay, ...daily(28, 0, now)], {}, now)).toEqual([]);
  expect(await expired([leapDay, ...daily(28, 0, now)], { all: 29 }, now)).toEqual([leapDay]);
  const later = Date.UTC(2100, 3, 30, 19);
  const old = ['20000229_000000', '20270229_000000', '21000229_000000'];
  expect(await expired([...old, ...daily(40, 0, later)], {}, later)).toEqual([old[0], ...daily(40, 31, later)]);
  const recent = Array.from({ length: 60 }, (_, i) => stampOf(Date.UTC(2000, 1, 29) + i * DAY));
  expect(await expired(recent, {}, Date.UTC(2000, 3, 28))).toEqual(recent.slice(0, 29));
});

test.each([
  'school_platform_20200101_030000',
  '20200101_030000.sql.gz',
  '20200101_0300',
  '2020-01-01_030000',
  '20200101-030000',
  '_20200101_030000',
  '120200101_030000',
  '20200001_030000',
  '20201301_030000',
  '20200100_030000',
  '20200431_030000',
  '20270229_030000',
  '20200101_240000',
  '20200101_036000',
  '20200101_030060',
  '19691231_235959',
  '',
  '*',
  '-rf',
  ' 20200101_030000',
  '20200101_030000 ',
])('"%s" is no stamp', async (line) => {
  expect(await expired([line, ...daily(40, 0)])).toEqual(daily(40, 31));
  // Nor does it count among the newest three.
  expect(await expired([line, ...daily(83, 80)])).toEqual(daily(83, 83));
});

test('08 and 09 are numbers like all others', async () => {
  const now = Date.UTC(2026, 8, 9, 8, 8, 9);
  const old = ['20260708_080808', '20260709_090909', '20260809_080909', '20260810_080808'];
  expect(await expired([...old, ...daily(9, 0, now)], {}, now)).toEqual(old.slice(0, 3));
});

test('backups with a later time stay, and count for nothing', async () => {
  const future = [1, 2, 3, 365].map((days) => stampOf(NOW + days * DAY));
  expect(await expired([...future, ...daily(80, 70)])).toEqual(daily(80, 73));
  expect(await expired([...future, stampOf(NOW + 1000), ...daily(40, 0)])).toEqual(daily(40, 31));
});

test('a clock that jumps a year ahead for six days and comes back costs nothing', async () => {
  let stamps = daily(30, 0);
  for (let days = 1; days <= 6; days += 1) {
    const wrong = NOW + (365 + days) * DAY;
    stamps.push(stampOf(wrong));
    expect(await expired(stamps, {}, wrong)).toEqual([]);
  }
  for (let days = 7; days <= 12; days += 1) {
    const right = NOW + days * DAY;
    stamps.push(stampOf(right));
    const old = await expired(stamps, {}, right);
    // The ordinary retention goes on; the first run makes up for the days with a wrong name.
    expect(old).toEqual(days === 7 ? daily(30, 24) : daily(31 - days, 31 - days));
    stamps = stamps.filter((stamp) => !old.includes(stamp));
  }
});

test('after 400 days of failures everything old stays until there are seven days of new backups', async () => {
  const old = daily(430, 400);
  expect(await expired([...old, ...daily(5, 0)])).toEqual([]);
  expect(await expired([...old, ...daily(6, 0)])).toEqual(old);
  // Seven backups of one day are not seven days.
  const hourly = Array.from({ length: 24 }, (_, hour) => stampOf(NOW - hour * HOUR));
  expect(await expired([...old, ...hourly])).toEqual([]);
});

test('a schedule with gaps longer than the retention does not fill the disk', async () => {
  const monthly = Array.from({ length: 60 }, (_, i) => stampOf(NOW - i * 31 * DAY)).sort();
  expect(await expired(monthly)).toEqual(monthly.slice(0, -7));
});

test('of hourly backups all of the last days stay, then the first of a day, then the first of a month', async () => {
  const hourly = Array.from({ length: 24 * 100 }, (_, hour) => stampOf(NOW - hour * HOUR)).sort();
  const gone = new Set(await expired(hourly, HOURLY));
  const left = hourly.filter((stamp) => !gone.has(stamp));
  const midnights = ['20260901', '20261001', '20261101', ...daily(10, 3).map((stamp) => stamp.slice(0, 8))];
  expect(left).toEqual([
    // The first there is of August.
    hourly[0],
    ...midnights.map((date) => `${date}_000000`),
    ...hourly.filter((stamp) => stamp >= '20261119'),
  ]);
});

test('ten thousand stamps are the work of one process: seconds, not minutes', async () => {
  const stamps = Array.from({ length: 10_000 }, (_, hour) => stampOf(NOW - hour * HOUR));
  const begun = performance.now();
  // All three shells, one after the other on one core at worst.
  expect(await expired(stamps, HOURLY)).toHaveLength(10_000 - (2 * 24 + 20) - 8 - 14);
  expect(performance.now() - begun).toBeLessThan(40_000);
}, 60_000);

test.each([
  [{}, ['KEEP_ALL_DAYS is not set', 'KEEP_DAILY_DAYS is not set', 'KEEP_MONTHLY_DAYS is not set']],
  [
    { KEEP_ALL_DAYS: '030', KEEP_DAILY_DAYS: '-1', KEEP_MONTHLY_DAYS: 'Forever', KEEP_NEWEST: '0' },
    [
      'KEEP_ALL_DAYS "030" must be 0, a number of days up to 99999, or forever',
      'KEEP_DAILY_DAYS "-1" must be 0, a number of days up to 99999, or forever',
      'KEEP_MONTHLY_DAYS "Forever" must be 0, a number of days up to 99999, or forever',
      'KEEP_NEWEST "0" must be a whole number from 1 to 99999',
    ],
  ],
])('with the settings %j nothing is removed', async (env, problems) => {
  const commands = `! expired_backups ${stampOf(NOW)} 2>&1`;
  expect(await ask(commands, daily(80, 0), env as Record<string, string>)).toEqual(problems);
});

const SCENARIOS = fc.array(
  fc.record({
    runs: fc.array(
      fc.record({
        gap: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 1, max: 3 * 86_400 }) },
          fc.integer({ min: 1, max: 9_000_000 }),
        ),
        repeat: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 20 })),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    last: fc.date({ min: new Date('1999-06-01'), max: new Date('2104-06-01'), noInvalidDate: true }),
    all: fc.integer({ min: 0, max: 60 }),
    daily: fc.constantFrom(0, 7, 60, 400, Number.POSITIVE_INFINITY),
    monthly: fc.constantFrom(0, 100, 1000, Number.POSITIVE_INFINITY),
    newest: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 30, maxLength: 30 },
);

test('any backups under any settings are judged as by the model', async () => {
  const commands = `while read -r now KEEP_ALL_DAYS KEEP_DAILY_DAYS KEEP_MONTHLY_DAYS KEEP_NEWEST stamps; do
    printf '%s\\n' $stamps | expired_backups "$now" | tr '\\n' ' '; echo; done`;
  await fc.assert(
    fc.asyncProperty(SCENARIOS, async (scenarios) => {
      const cases = scenarios.map(({ runs, last, ...keep }) => {
        let moment = Math.floor(last.getTime() / 1000) * 1000;
        const all = runs.flatMap(({ gap, repeat }) => Array.from({ length: repeat }, () => (moment -= gap * 1000)));
        return { all, keep, now: all[Math.floor(all.length / 4)] ?? moment };
      });
      const lines = cases.map(({ all, keep, now }) =>
        [now, ...all]
          .map(stampOf)
          .toSpliced(1, 0, ...settings(keep))
          .join(' '),
      );
      const answers = await ask(commands, lines);
      expect(answers.map((answer) => answer.trim())).toEqual(
        cases.map(({ all, keep, now }) => expectedToGo(all, keep, now).map(stampOf).join(' ')),
      );
    }),
    { numRuns: 12 },
  );
}, 60_000);

test('temporary files of killed runs are swept after 24 hours, those of others never', async () => {
  const at = (moment: number, what = 'sql.gz', run = 'pod-abc-1', prefix = PREFIX): string =>
    `.${prefix}_${stampOf(moment)}.${what}.${run}.partial`;
  const whats = ['sql.gz', 'dump.zst', 'dump.zst.age', 'roles.sql.gz', 'meta.json'];
  const begunAt = (moment: number): string => at(NOW - 9 * DAY, 'sql.gz', `${stampOf(moment).replace('_', '')}-pod-1`);
  const old = [
    begunAt(NOW - DAY - 1000),
    at(NOW - DAY - 1000),
    at(NOW - 400 * DAY, 'sql.gz', 'x-17'),
    ...whats.map((w) => at(NOW - 9 * DAY, w)),
  ];
  const kept = [
    begunAt(NOW - DAY),
    at(NOW - DAY),
    at(NOW),
    at(NOW + DAY),
    at(NOW - 9 * DAY, 'sql.gz', 'pod', 'school_platform_old'),
    at(NOW - 9 * DAY, 'sql.gz', 'pod', 'School_platform'),
    at(NOW - 9 * DAY, 'sql.gz', ''),
    at(NOW - 9 * DAY, ''),
    at(NOW - 9 * DAY, 'sql.gz', 'pod 1'),
    at(NOW - 9 * DAY, 'sql/../gz'),
    at(NOW - 9 * DAY).slice(1),
    `${at(NOW - 9 * DAY)}.partial.old`,
    `${PREFIX}_${stampOf(NOW - 9 * DAY)}.sql.gz`,
    '.school_platform_20270229_030000.sql.gz.pod.partial',
    '.school_platform_20200101_030000.partial',
    '.school_platform_.partial',
  ];
  expect(await ask(`abandoned_files ${PREFIX} ${stampOf(NOW)}`, [...kept, ...old])).toEqual(old);
});
