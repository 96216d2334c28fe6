import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupRuns, backup, DAY, daily, metadata, nameOf, PREFIX, stampOf } from './backup-runs';

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
    const { code, stderr } = await runs.run({ folder, now, env });
    expect([code, stderr]).toEqual([0, '']);
    const kept = days.filter((day) => day <= now && now - day <= 30 * DAY);
    expect(readdirSync(folder)).toEqual(kept.flatMap((day) => backup(day)));
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
  expect(readdirSync(folder)).toEqual([...daily(2, 0, last), ...backup(back)]);
});

test('a clock that is a year ahead for one night costs no backup', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const before = daily(30, 1, now);
  const folder = runs.folder(...before);
  await runs.run({ folder, now: now + 365 * DAY });
  await runs.run({ folder, now });
  expect(readdirSync(folder)).toEqual([...before, ...backup(now), ...backup(now + 365 * DAY)]);
});

test.each([
  ['an hour', 3_600_000, true],
  ['ten years', 3653 * DAY, true],
  ['four minutes', 240_000, false],
])(
  'a clock that was set back by %s: the backup is made, and it is told that nothing is removed',
  async (_, by, warns) => {
    const now = Date.UTC(2026, 10, 20, 19);
    const last = now + by;
    const old = daily(45, 40, now);
    const folder = runs.folder(...old, ...daily(10, 1, now), ...backup(last));
    const result = await runs.run({ folder, now });
    expect(result.code).toBe(0);
    const said = `${PREFIX}_${stampOf(last)} is of a later time than now: the clock was wrong then, or is wrong now; nothing old is removed until the backup with the wrong time is deleted`;
    expect(runs.result.includes(`\nWarning: ${said}\n`)).toBe(warns);
    expect(result.stderr).toBe(warns ? `warning: ${said}\n` : '');
    expect(readdirSync(folder)).toEqual([...(warns ? old : []), ...daily(10, 0, now), ...backup(last)].sort());
    for (const name of backup(last)) {
      rmSync(join(folder, name));
    }
    expect(await runs.run({ folder, now: now + DAY })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual([...daily(10, 0, now), ...backup(now + DAY)].sort());
  },
);

test('only old verified backups and temporary files of this database are removed, and only files', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const stamp = '20200101_030000';
  const others = [
    `school_platform_old_${stamp}.sql.gz`,
    `old_school_platform_${stamp}.meta.json`,
    `school_platform_${stamp}.meta.json.bak`,
    `school_platform_${stamp}.sql`,
    'school_platform_20200230_030000.meta.json',
    'school_platform_20200230_030000.sql.gz',
    `.school_platform_old_${stamp}.archive.pod-1.partial`,
    '.school_platform.partial',
    `blank ${nameOf(now - 50 * DAY)}`,
    `${PREFIX}_line\n${nameOf(now - 50 * DAY)}`,
    '-rf',
    'README.txt',
    // Never verified: from before, or of a run that was killed at its last step.
    nameOf(now - 90 * DAY),
    nameOf(now - 91 * DAY).replace('sql.gz', 'dump.zst'),
  ];
  const partial = (moment: number, what: string): string =>
    `.${PREFIX}_${stampOf(moment)}.${what}.school-platform-db-backup-29389140-abcde-1.partial`;
  const running = partial(now - DAY, 'archive');
  const killed = ['archive', 'roles', 'meta', 'frozen'].map((what) => partial(now - DAY - 1000, what));
  const folder = runs.folder(...others, ...daily(40, 1, now), running, ...killed);
  const odd = [60, 61].map((days) => nameOf(now - days * DAY));
  mkdirSync(join(folder, odd[0] ?? ''));
  symlinkSync('README.txt', join(folder, odd[1] ?? ''));
  // Metadata that was cut short verifies nothing.
  writeFileSync(join(folder, backup(now - 40 * DAY)[0] ?? ''), metadata('x').slice(0, -3));

  const result = await runs.run({ folder, now });
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(result.stdout).toContain('removed: 9 that were too old');
  expect(readdirSync(folder)).toEqual(
    [...others, ...odd, ...backup(now - 40 * DAY), ...daily(30, 0, now), running].sort(),
  );
});

test('metadata whose archive is gone counts for nothing and is removed with its roles', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const interrupted = backup(now - 2 * DAY).filter((name) => !name.endsWith(`${stampOf(now - 2 * DAY)}.sql.gz`));
  const folder = runs.folder(...daily(82, 81, now), ...interrupted);
  expect(await runs.run({ folder, now })).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(folder)).toEqual([...daily(82, 81, now), ...backup(now)]);
});

test('an archive that comes back while old backups are removed stays, with its metadata', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const folder = runs.folder(...daily(40, 1, now));
  const [here, away] = [join(folder, nameOf(now - DAY)), join(folder, 'away')];
  renameSync(here, away);
  const back = `[[ ! -e '${away}' || "$*" != *_20261011_190000.sql.gz ]] || mv '${away}' '${here}'; exec rm "$@"`;
  expect(await runs.run({ folder, now, programs: runs.program('rm', back) })).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(folder)).toEqual(daily(30, 0, now));
});

test('the settings decide, and the newest three stay whatever they say', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const folder = runs.folder(...daily(20, 1, now));
  await runs.run({ folder, now, env: { KEEP_ALL_DAYS: '7' } });
  expect(readdirSync(folder)).toEqual(daily(7, 0, now));
  const later = now + DAY;
  await runs.run({ folder, now: later, env: { KEEP_ALL_DAYS: '1' } });
  expect(readdirSync(folder)).toEqual(daily(2, 0, later));
  await runs.run({ folder, now: later + 40 * DAY, env: { KEEP_ALL_DAYS: '1', PRUNE: 'no' } });
  expect(readdirSync(folder)).toEqual([...daily(2, 0, later), ...backup(later + 40 * DAY)]);
});

test('a file that is gone already is no failure, one that cannot be removed is, and the new backup stays', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const [vanishing, refusing] = [runs.folder(...daily(40, 1, now)), runs.folder(...daily(40, 1, now))];
  // Somebody else is quicker at each file.
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

test('a removal that is stopped after the archive is finished by the next run', async () => {
  const now = Date.UTC(2026, 10, 20, 19);
  const folder = runs.folder(...daily(31, 1, now));
  const killer = `command rm "$@"; case "$*" in *_20261020_190000.sql.gz) kill -KILL 0 ;; esac`;
  const killed = await runs.run({ folder, now, programs: runs.program('rm', killer) });
  expect(killed.signal).toBe('SIGKILL');
  expect(readdirSync(folder)).toEqual([...daily(31, 0, now)].filter((name) => name !== nameOf(now - 31 * DAY)));
  expect(await runs.run({ folder, now: now + 1000 })).toMatchObject({ code: 0 });
  expect(readdirSync(folder)).toEqual([...daily(30, 0, now), ...backup(now + 1000)]);
});
