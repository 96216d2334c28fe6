import { longestSilence, ReconnectingClients, timeOfRefusals } from './reconnecting-clients';
import { type Format, PREFIX, RestoreRuns } from './restore-runs';

/** Backs up nothing, for a server that the machine's pg_dump refuses because it is newer. */
const BACKUP_OF_NOTHING = `#!/usr/bin/env bash
printf 'ok\\nFile: none\\n' >"$RUN_DIR/dump.result"
`;

let runs: RestoreRuns;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
});

beforeEach(() => runs.makeSchool());

afterEach(() => runs.tidy());

afterAll(() => runs.end());

const FORMATS: readonly Format[] = ['plain', 'custom'];

test.each(FORMATS)(
  'a %s backup comes back with rows, sequences, owners and grants; the database keeps its settings, and rollback undoes it',
  async (format) => {
    const [contents, properties] = [await runs.contents(), await runs.properties()];
    const name = await runs.backup(format);
    await runs.server.query(`DELETE FROM evidence WHERE id < 9; INSERT INTO student (name) VALUES ('new')`, 'school');
    const changed = await runs.contents();
    const finished = await runs.run(['restore', name]);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    expect(await runs.contents()).toEqual(contents);
    const line = `|mooring: restored ${name}`;
    expect(await runs.properties()).toEqual([properties[0]?.map((value, i) => (i === 6 ? value + line : value))]);
    expect(await runs.databases()).toEqual(['school', 'school_old_TIME']);
    const started = /^Backup: (\S+)\nTime: \S+\nDatabase: school\nSafety backup: (\S+)\n$/;
    expect(started.exec(runs.left('restore.started'))?.slice(1)).toEqual([name, expect.stringContaining(PREFIX)]);
    expect(runs.left('restore.result')).toMatch(
      /^ok\nSafety backup: \S+\nBackup: \S+\nRows: 1100\nTables: 2\nRefused: connections for \S+ s\nOld database: school_old_\S+\nDuration: \S+ s\n$/,
    );

    expect(await runs.run(['rollback'])).toMatchObject({ code: 0, stderr: '' });
    expect(await runs.contents()).toEqual(changed);
    // What was there before also had its comment; that this backup was once restored stays known.
    expect(await runs.properties()).toEqual([properties[0]?.map((value, i) => (i === 6 ? value + line : value))]);
    expect(await runs.databases()).toEqual(['school', 'school_undone_TIME']);
    expect(runs.left('restore.result')).toMatch(/^ok\nDatabase: school is again what was school_old_\S+\n/);
  },
);

test('what was lost almost entirely is restored, though its safety backup has next to nothing', async () => {
  const contents = await runs.contents();
  const name = await runs.backup('custom');
  await runs.server.query('TRUNCATE student, evidence', 'school');
  expect(await runs.run(['restore', name])).toMatchObject({ code: 0 });
  expect(await runs.contents()).toEqual(contents);
  expect(runs.left('restore.result')).toMatch(/^Safety backup: school_platform_\S+\.dump\.zst$/m);
});

test('a server that has neither the database nor its roles gets both, with settings and grants from the backup', async () => {
  const name = await runs.backup('plain');
  const [contents, properties] = [await runs.contents(), await runs.properties()];
  const other = await RestoreRuns.begin({ flavour: '18' });
  try {
    const env = { BACKUP_DIR: runs.folder };
    await other.run(['restore', name], env);
    expect(other.left('restore.result')).toMatch(
      /^failed\nReason: no safety backup can be made: there is no database school; SAFETY_BACKUP=no restores without one\n$/,
    );

    const finished = await other.run(['restore', name], { ...env, SAFETY_BACKUP: 'no' });
    expect(other.left('restore.result')).toMatch(/^ok\n/);
    expect([finished.code, await other.databases()]).toEqual([0, ['school']]);
    expect(finished.stderr).toContain('warning: NO SAFETY BACKUP: there is no database school\n');
    expect(finished.stderr).toMatch(/warning: roles that were missing are made without passwords: .*(teacher|pupil)/);
    expect(await other.contents()).toEqual(contents);
    const [own, former] = [(await other.properties())[0], properties[0]];
    expect([own?.[0], own?.[5], own?.[7]]).toEqual(['teacher', expect.stringContaining('pupil=c*/'), former?.[7]]);
    expect(await other.server.query(`SELECT pg_has_role('teacher', 'pupil', 'member')`)).toEqual([['t']]);
  } finally {
    await other.end();
  }
});

test('a server of another major is restored and rolled back alike', async () => {
  const name = await runs.backup('custom');
  const contents = await runs.contents();
  const other = await RestoreRuns.begin({ flavour: '18' });
  try {
    other.replace('backup.sh', BACKUP_OF_NOTHING);
    await other.makeSchool(20);
    const before = [await other.contents(), await other.properties()];
    const finished = await other.run(['restore', name], { BACKUP_DIR: runs.folder });
    expect([finished.code, await other.contents()]).toEqual([0, contents]);
    expect(await other.run(['rollback'])).toMatchObject({ code: 0 });
    expect(await other.contents()).toEqual(before[0]);
    expect((await other.properties())[0]?.slice(0, 6)).toEqual(before[1]?.[0]?.slice(0, 6));
  } finally {
    await other.end();
  }
});

test('an owner who is no superuser restores, and is told what he could not check', async () => {
  await runs.server.query(
    `DO $$ BEGIN CREATE ROLE owner LOGIN CREATEDB PASSWORD 'correct-horse'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     DROP DATABASE school; CREATE DATABASE school OWNER owner`,
  );
  const env = { PGUSER: 'owner', FILE_PREFIX: 'own' };
  await runs.server.query('SET ROLE owner; CREATE TABLE public.own AS SELECT 1 AS n', 'school');
  const name = await runs.backup('custom', env);
  await runs.server.query('DELETE FROM own', 'school');
  const finished = await runs.run(['restore', name], env);
  expect(runs.left('restore.result')).toMatch(/^ok\n/);
  expect([finished.code, await runs.server.query('SELECT * FROM own', 'school')]).toEqual([0, [['1']]]);
  expect(runs.left('restore.result')).toMatch(
    /^Warning: the free space of the server cannot be read, so nothing was refused for want of it: /m,
  );
});

test('20 reconnecting clients are refused for less than 2 s, and none of them sees anything but the old or the new', async () => {
  await ReconnectingClients.admit(runs.server);
  await runs.server.query(
    'GRANT CONNECT ON DATABASE school TO app; CREATE TABLE mark AS SELECT 2 AS n; GRANT SELECT ON mark TO app',
    'school',
  );
  const name = await runs.backup('custom');
  await runs.server.query('UPDATE mark SET n = 1', 'school');
  const clients = new ReconnectingClients(20, runs.server.port, 'school', 'SELECT n FROM mark');
  const finished = await runs.run(['restore', name]);
  await clients.stop();
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  expect(new Set(clients.answers.flatMap(({ value = [] }) => value))).toEqual(new Set(['1', '2']));
  expect(clients.answers.length).toBeGreaterThan(200);
  expect(timeOfRefusals(clients.answers)).toBeLessThan(2_000);
  expect(longestSilence(clients.answers)).toBeLessThan(5_000);
});

test('a Job that is made anew under the same name does nothing, also after a rollback', async () => {
  const env = { RESTORE_ID: 'school-db-restore-1' };
  const name = await runs.backup('custom');
  expect(await runs.run(['restore', name], env)).toMatchObject({ code: 0 });
  await runs.server.query(`INSERT INTO student (name) VALUES ('after')`, 'school');
  for (const step of ['restored', 'rolled back']) {
    const contents = await runs.contents();
    const again = await runs.run(['restore', name], env);
    expect([step, again.code, again.stderr]).toEqual([step, 0, '']);
    expect(again.stdout).toContain('restored before: school-db-restore-1 has been done, so this run does nothing\n');
    expect(runs.left('restore.result')).toMatch(
      /^skipped\nReason: mooring: restored \S+ by school-db-restore-1 already/,
    );
    expect(await runs.contents()).toEqual(contents);
    if (step === 'restored') {
      await runs.run(['rollback']);
    }
  }
  expect(await runs.run(['restore', name], { RESTORE_ID: 'school-db-restore-11' })).toMatchObject({ code: 0 });
});

test('a second rollback does not take the database of a restore before, unless that is named', async () => {
  const name = await runs.backup('custom');
  expect(await runs.run(['restore', name])).toMatchObject({ code: 0 });
  await runs.server.query(`INSERT INTO student (name) VALUES ('after the first restore')`, 'school');
  expect(await runs.run(['restore', name])).toMatchObject({ code: 0 });
  expect(await runs.run(['rollback'])).toMatchObject({ code: 0 });
  const contents = await runs.contents();
  const again = await runs.run(['rollback']);
  expect(again).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/^rollback failed: the last restore is undone already, .*; name the database to put/),
  });
  expect(await runs.contents()).toEqual(contents);
  const [, before] = /there are school_undone_\w+ (school_old_\w+)/.exec(again.stderr) ?? [];
  expect(await runs.run(['rollback', before ?? ''])).toMatchObject({ code: 0 });
  expect(await runs.contents()).not.toEqual(contents);
  await runs.run(['drop-old']);
});

test('old databases are dropped by age or by name, never anything else', async () => {
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const [old, recent, undone] = [
    `school_old_${day(9)}_000000`,
    `school_old_${day(2)}_000000`,
    `school_undone_${day(9)}_000000`,
  ];
  const foreign = ['school_old_', `school_older_${day(9)}_000000`, `my_school_old_${day(9)}_000000`];
  for (const name of [old, recent, undone, ...foreign]) {
    await runs.server.query(`CREATE DATABASE "${name}"`);
  }
  const names = async () =>
    (await runs.server.query(`SELECT datname FROM pg_database WHERE datname ~ 'school'`)).flat().sort();
  expect(await runs.run(['drop-old'], { KEEP_OLD_DAYS: '5' })).toMatchObject({ code: 0, stderr: '' });
  expect(await names()).toEqual(['school', recent, ...foreign].sort());
  expect((await runs.run(['drop-old'], { KEEP_OLD_DAYS: '5' })).stderr).toBe(
    'drop-old failed: no restore of school has left a database that is older than 5 days\n',
  );
  for (const name of ['school', ...foreign]) {
    const finished = await runs.run(['drop-old', name]);
    expect([finished.code, finished.stderr]).toEqual([
      14,
      `drop-old failed: "${name}" is not a database that a restore of school has left; there are ${recent}\n`,
    ]);
  }
  expect(await runs.run(['drop-old', recent])).toMatchObject({ code: 0, stdout: `dropped: ${recent}\n` });
  expect((await runs.run(['drop-old'])).stderr).toBe('drop-old failed: no restore of school has left a database\n');
  expect((await runs.run(['rollback'])).stderr).toBe(
    'rollback failed: there is no school_old_<time> to roll back to\n',
  );
  expect(await names()).toEqual(['school', ...foreign].sort());
  await runs.server.query(`DROP DATABASE "${foreign[2]}"`);
});
