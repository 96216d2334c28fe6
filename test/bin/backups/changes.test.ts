import { FakeProject } from './fake-project';
import { applied, completeRun, failedRun, LISTED, NEWEST, OLDER } from './recording';

// kubectl is a stand-in here that answers from recordings; the real one works on a real cluster in `make e2e`.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

const restored = completeRun(`restore ${NEWEST.name}`, 'restore', 'restored\n');

test('restore with the right name says what will happen and does it', async () => {
  const { code, stdout, stderr } = await project.run(`restore ${NEWEST.name} --yes-i-mean school`, {
    runs: [LISTED, restored],
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'restored\n' });
  expect(stderr).toMatch(/2026-11-20 19:00:00 UTC \(.+ ago\), 1\.2 MiB, 4,567 rows in 12 tables, verified\n/);
  expect(stderr).toContain('school on school-db: school-platform prod');
  expect(stderr).toContain('safety backup');
  expect(project.containers('school-db-restore')).toMatchObject([
    { name: 'restore', command: ['bash', '/scripts/restore.sh'], args: ['restore', NEWEST.name] },
    { name: 'report', command: ['sh', '/scripts/report.sh'] },
  ]);
});

test.each([
  ['a restore', `restore ${NEWEST.name}`],
  ['a rollback', 'rollback'],
  ['a deletion', `delete ${NEWEST.name}`],
])('%s without a terminal and without a name is refused before anything runs', async (_, args) => {
  const { code, stderr } = await project.run(args, { runs: [LISTED] });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--yes-i-mean') });
  expect(project.calls()).toEqual([]);
});

test('the name of another database is refused before anything runs', async () => {
  const { code, stderr } = await project.run('rollback --yes-i-mean scool');
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('"scool"') });
  expect(stderr).toContain('is "school"');
  expect(project.calls().some((call) => call.includes(' create '))).toBe(false);
});

test.each([
  ['school', 0, 'rolled back'],
  ['yes', 1, '"yes" is not the name of the database; nothing was done'],
  ['', 1, 'nothing was done'],
])('on a terminal the name is typed: "%s" ends with %d', async (typed, status, words) => {
  project.record({ runs: [completeRun('rollback', 'restore', 'rolled back\n')] });
  const { code, stdout } = await project.startOnTerminal(['rollback'], `${typed}\n`).finished;
  expect({ code, stdout }).toEqual({ code: status, stdout: expect.stringContaining(words) });
  expect(stdout).toContain('roll back the last restore');
  expect(project.calls().some((call) => call.includes(' create '))).toBe(status === 0);
});

test('a backup that is not there is refused', async () => {
  const { code, stderr } = await project.run('restore school_20250101_000000 --yes-i-mean school', { runs: [LISTED] });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no backup school_20250101_000000') });
});

test('the last verified backup is not deleted, an unverified one is', async () => {
  const deleted = completeRun(`delete ${OLDER.name}`, 'catalogue', 'deleted\n');
  const last = await project.run(`delete ${NEWEST.name} --yes-i-mean school`, { runs: [LISTED] });
  expect(last).toMatchObject({ code: 1, stderr: expect.stringContaining('last verified backup') });
  expect(await project.run(`delete ${OLDER.name} --yes-i-mean school`, { runs: [LISTED, deleted] })).toMatchObject({
    code: 0,
  });
});

test('a newer backup and a database that is gone are restored only when that is said', async () => {
  const newer = LISTED.logs.catalogue?.replaceAll('needs-migration', 'newer') ?? '';
  const { code, stderr } = await project.run(
    `restore ${NEWEST.name} --yes-i-mean school --accept-newer --without-safety-backup`,
    { runs: [completeRun('list', 'catalogue', newer), restored] },
  );
  expect(code).toBe(0);
  expect(stderr).toContain('NEWER schema than the running app; --accept-newer');
  expect(stderr).toContain('NO safety backup');
  expect(project.containers('school-db-restore')[0]).toMatchObject({
    env: expect.arrayContaining([
      { name: 'ACCEPT_NEWER', value: 'yes' },
      { name: 'SAFETY_BACKUP', value: 'no' },
    ]),
  });
});

test('an unverified backup is not restored', async () => {
  const { code, stderr } = await project.run(`restore ${OLDER.name} --yes-i-mean school`, { runs: [LISTED] });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`run "verify ${OLDER.name}" first`) });
});

test('a restore that fails says so', async () => {
  const message = 'restore failed: too little space on the server';
  const failed = failedRun(`restore ${NEWEST.name}`, 'restore', `${message}\n`, message);
  const { code, stderr } = await project.run(`restore ${NEWEST.name} --yes-i-mean school`, { runs: [LISTED, failed] });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`restore: ${message} (exit code 4)`) });
});

test('a template that is not on the cluster yet is missed only by what needs it', async () => {
  const cronJobs = applied('school-platform-prod-backup').slice(0, 2);
  expect(await project.run('list', { cronJobs, runs: [LISTED] })).toMatchObject({ code: 0 });
  const { code, stderr } = await project.run('rollback --yes-i-mean school', { cronJobs });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('no CronJob of this environment for "restore"'),
  });
});

test('what restores have left is dropped', async () => {
  const dropped = completeRun('drop-old', 'restore', 'dropped: school_old_20261120_190000\n');
  const { code, stdout, stderr } = await project.run('drop-old --yes-i-mean school', { runs: [dropped] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'dropped: school_old_20261120_190000\n' });
  expect(stderr).toContain('"rollback" is no longer possible');
});
