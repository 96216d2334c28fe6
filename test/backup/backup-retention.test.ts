import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BackupRuns, DAY, daily, nameOf, PREFIX } from './backup-runs';

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

// The script runs with TZ=Europe/Berlin; in New York the clocks change on other days.
test.each([
  ['an ordinary month', Date.UTC(2026, 10, 20, 19), {}],
  ['clocks that go forward, just before midnight UTC', Date.UTC(2026, 2, 20, 23, 59, 59), {}],
  ['clocks that go back, just after midnight UTC', Date.UTC(2026, 9, 10), {}],
  ['clocks that go forward in New York', Date.UTC(2027, 1, 20, 4, 30), { TZ: 'America/New_York' }],
  ['a leap day', Date.UTC(2028, 1, 29, 12), {}],
  ['the end of a year', Date.UTC(2026, 11, 15, 19), { TZ: 'Pacific/Kiritimati' }],
])('a backup is there on day 29 and day 30 and gone on day 31, over %s', async (_, begun, env) => {
  const folder = runs.folder();
  const days = [0, 27, 28, 29, 30, 31].map((day) => begun + day * DAY);
  for (const now of days) {
    expect(await runs.run({ folder, now, env })).toMatchObject({ code: 0 });
    const kept = days.filter((day) => day <= now && now - day <= 30 * DAY);
    expect(readdirSync(folder)).toEqual(kept.map((day) => nameOf(day)));
  }
});

test('400 days of failures leave the newest three, and all that were there', async () => {
  const last = Date.UTC(2026, 10, 20, 19);
  const folder = runs.folder(...daily(2, 0, last));
  for (const day of [1, 30, 31, 100, 399]) {
    const failed = await runs.run({ folder, now: last + day * DAY, env: { PGPASSWORD: 'wrong' } });
    expect(failed.code).toBe(4);
    expect(readdirSync(folder)).toEqual(daily(2, 0, last));
  }
  const back = last + 400 * DAY;
  await runs.run({ folder, now: back });
  expect(readdirSync(folder)).toEqual([...daily(2, 0, last), nameOf(back)]);
});

test('a clock that is a year ahead for one night costs no backup', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const before = daily(30, 1, now);
  const folder = runs.folder(...before);
  await runs.run({ folder, now: now + 365 * DAY });
  await runs.run({ folder, now });
  expect(readdirSync(folder)).toEqual([...before, nameOf(now), nameOf(now + 365 * DAY)]);
});

test('only old backups and temporary files of this database are removed, and only files', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const stamp = '20200101_030000';
  const others = [
    `school_platform_old_${stamp}.sql.gz`,
    `old_school_platform_${stamp}.sql.gz`,
    `school_platform_${stamp}.sql.gz.bak`,
    `school_platform_${stamp}.sql`,
    'school_platform_20200230_030000.sql.gz',
    `.school_platform_old_${stamp}.sql.gz.pod-1.partial`,
    '.school_platform.partial',
    `blank ${nameOf(now - 50 * DAY)}`,
    `${PREFIX}_line\n${nameOf(now - 50 * DAY)}`,
    '-rf',
    'README.txt',
  ];
  const running = `.${nameOf(now - DAY)}.school-platform-db-backup-29389140-abcde-1.partial`;
  const killed = `.${nameOf(now - DAY - 1000)}.school-platform-db-backup-29387700-abcde-1.partial`;
  const folder = runs.folder(...others, ...daily(40, 1, now), running, killed);
  mkdirSync(join(folder, nameOf(now - 60 * DAY)));
  symlinkSync('README.txt', join(folder, nameOf(now - 61 * DAY)));
  const kept = [...others, nameOf(now - 60 * DAY), nameOf(now - 61 * DAY), ...daily(30, 0, now), running];

  const result = await runs.run({ folder, now });
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(result.stdout).toContain('removed: 10 older than 30 days');
  expect(readdirSync(folder)).toEqual(kept.sort());
});

test('RETENTION_DAYS decides, and the newest three stay whatever it says', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const folder = runs.folder(...daily(20, 1, now));
  await runs.run({ folder, now, env: { RETENTION_DAYS: '7' } });
  expect(readdirSync(folder)).toEqual(daily(7, 0, now));
  const later = now + DAY;
  await runs.run({ folder, now: later, env: { RETENTION_DAYS: '1' } });
  expect(readdirSync(folder)).toEqual(daily(2, 0, later));
});

test('a file that is gone already is no failure, one that cannot be removed is, and the new backup stays', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const [vanishing, refusing] = [runs.folder(...daily(40, 1, now)), runs.folder(...daily(40, 1, now))];
  // Another run is quicker at each file.
  const quicker = runs.program('rm', 'command rm "$@"; exec rm "$@"');
  expect(await runs.run({ folder: vanishing, now, programs: quicker })).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(vanishing)).toEqual(daily(30, 0, now));

  const refuse = `case "$*" in *.partial | *tmp.*) exec rm "$@" ;; esac; echo "rm: cannot remove '\${*: -1}'" >&2; exit 1`;
  const result = await runs.run({ folder: refusing, now, programs: runs.program('rm', refuse) });
  expect(result.code).toBe(9);
  expect(runs.termination).toContain(`could be removed: rm: cannot remove '${join(refusing, nameOf(now - 31 * DAY))}'`);
  expect(runs.termination).toContain(`; ${join(refusing, nameOf(now))} is complete`);
  expect(readdirSync(refusing)).toEqual(daily(40, 0, now));
});
