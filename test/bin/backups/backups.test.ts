import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/process';
import { FakeProject } from './fake-project';
import {
  applied,
  COMPLETE,
  completeRun,
  endlessRun,
  failedRun,
  LISTED,
  LOG,
  NEWEST,
  OLDER,
  type Recording,
} from './recording';

// kubectl is a stand-in here that answers from recordings; the real one works on a real cluster in `make e2e`.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

test('list prints the table on standard output and the progress on standard error', async () => {
  const { code, stdout, stderr } = await project.run('list', { runs: [LISTED] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('catalogue running') });
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'TIME (UTC)', 'AGE', 'SIZE', 'ROWS', 'VERIFIED', 'COMPATIBLE'],
    [NEWEST.name, '2026-11-20 19:00:00', expect.any(String), '1.2 MiB', '4,567', 'verified', 'needs-migration'],
    [OLDER.name, '2026-11-19 19:00:00', expect.any(String), '1.2 MiB', '-', 'unverified', 'needs-migration'],
    [''],
  ]);
  expect(stderr).toContain('2 backups in /backups');
});

test('list --json prints everything that the catalogue said, and nothing else', async () => {
  const { stdout } = await project.run('list --json', { runs: [LISTED] });
  expect(JSON.parse(stdout)).toEqual({ pruningFrozen: null, backups: [NEWEST, OLDER] });
});

test('frozen pruning stands above the table', async () => {
  const run = completeRun('list', 'catalogue', LOG.replace('null}\n', '"half of the rows are gone"}\n'));
  const { stdout } = await project.run('list', { runs: [run] });
  expect(stdout).toMatch(/^pruning is frozen: half of the rows are gone\nnothing old is removed .*\n\nNAME /);
});

test('a list that fails is no empty list', async () => {
  const failed = failedRun('list', 'catalogue', '', 'list failed: /backups is not a folder');
  const { code, stdout, stderr } = await project.run('list', { runs: [failed] });
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('is not a folder') });
});

test('create makes a Job that belongs to the CronJob, and prints what it says', async () => {
  const run = completeRun('template', 'dump', 'dump: 12 bytes\npublished\n');
  expect(await project.run('create', { runs: [run] })).toMatchObject({
    code: 0,
    stdout: 'dump: 12 bytes\npublished\n',
  });
  expect(project.job('school-db-backup')).toMatchObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      namespace: 'school',
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: 'school-db-backup',
          uid: '00000000-0000-4000-8000-000000000000',
          controller: true,
        },
      ],
    },
    spec: { backoffLimit: 0 },
  });
});

test('every call names the context that was current at the start', async () => {
  await project.run('list', { runs: [LISTED] });
  const [first, ...others] = project.calls();
  expect(first).toBe('config current-context');
  expect(others.filter((call) => !call.startsWith('--context=school-cluster '))).toEqual([]);
});

test('a failed Job is told with its reason, its log and where to look further', async () => {
  const failed = failedRun(
    'template',
    'dump',
    'server: PostgreSQL 17\nbackup failed: disk full\n',
    'backup failed: disk full',
  );
  const { code, stdout, stderr } = await project.run('create', { runs: [failed] });
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'server: PostgreSQL 17\nbackup failed: disk full\n' });
  expect(stderr).toContain(
    'Job school-db-backup-manual-x7k2p failed\n  dump: backup failed: disk full (exit code 4)\n',
  );
  expect(stderr).toContain('job: BackoffLimitExceeded');
  expect(stderr).toContain('kubectl describe -n school job/school-db-backup-manual-x7k2p');
});

test('verify of all shows the table of what it found and fails when one is bad', async () => {
  const failed = failedRun('verify --all', 'catalogue', LOG, '1 of 2 backups is damaged');
  const { code, stdout, stderr } = await project.run('verify --all', { runs: [failed] });
  expect(code).toBe(1);
  expect(stdout).toContain(`${NEWEST.name} `);
  expect(stderr).toContain('1 of 2 backups is damaged');
});

test('a Job that somebody deletes is no success', async () => {
  const gone = { args: 'template', job: [{}, null], pod: [null], logs: {} };
  const { code, stderr } = await project.run('create', { runs: [gone] });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('was deleted before it ended') });
});

test('the pod that a deadline deleted is told about as it was last seen', async () => {
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "postgres:nope"' };
  const late = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'Job was active too long' };
  const run = {
    args: 'template',
    job: [{}, {}, { conditions: [late] }],
    pod: [{ containerStatuses: [{ name: 'dump', state: { waiting } }] }, null],
    logs: {},
  };
  const { code, stderr } = await project.run('create', { runs: [run] });
  expect(code).toBe(1);
  expect(stderr).toContain('dump waiting (ImagePullBackOff: Back-off pulling image "postgres:nope")');
  expect(stderr).toContain('dump: never started: ImagePullBackOff');
  expect(stderr).toContain('job: DeadlineExceeded: Job was active too long');
});

test('a server that is away for a moment is asked again', async () => {
  const run = {
    ...completeRun('template', 'dump', 'published\n'),
    job: [{}, 'away', 'away', {}, {}, COMPLETE] as const,
  };
  const { code, stdout, stderr } = await project.run('create', { runs: [run] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'published\n' });
  expect(stderr).toContain('trying again: Unable to connect to the server');
});

test('every line is printed once, also when the log cannot be followed', async () => {
  const run = completeRun('template', 'dump', 'one\n\ntwo\n');
  expect((await project.run('create', { runs: [run] })).stdout).toBe('one\n\ntwo\n');
  expect((await project.run('create', { runs: [run], logsCannotBeFollowed: true })).stdout).toBe('one\n\ntwo\n');
});

test('a list that is cut off is no shorter list', async () => {
  const cut = completeRun('list', 'catalogue', LOG.slice(0, LOG.lastIndexOf('{')));
  const { code, stdout, stderr } = await project.run('list', { runs: [cut] });
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('cut off') });
});

test('Ctrl-C leaves the Job running and says how to follow and delete it', async () => {
  project.record({ runs: [endlessRun('template', 'dump')] });
  const running = project.start(['create']);
  let shown = '';
  running.process.stderr?.on('data', (text: string) => {
    shown += text;
  });
  await until('the Job runs', () => shown.includes('dump running'));
  running.process.kill('SIGINT');
  const { code, stderr } = await running.finished;
  expect(code).toBe(130);
  expect(stderr).toContain('Job school-db-backup-manual-x7k2p goes on');
  expect(stderr).toContain('kubectl logs -n school job/school-db-backup-manual-x7k2p --all-containers --follow');
  expect(stderr).toContain('kubectl delete -n school job/school-db-backup-manual-x7k2p');
  expect(project.calls().some((call) => call.includes(' delete '))).toBe(false);
});

describe('the wrong cluster is refused, and named', () => {
  test.each<[string, Partial<Recording>, string]>([
    ['one that does not answer', { down: true }, 'connection to the server 10.0.0.1:6443 was refused'],
    ['one without the CronJobs', { cronJobs: [] }, 'none of the CronJobs school-db-backup, '],
    [
      'one with another environment',
      { cronJobs: applied('school-platform-test-backup') },
      'school-platform-test-backup',
    ],
  ])('%s', async (_, recording, words) => {
    const { code, stderr } = await project.run('create', recording);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(words) });
    expect(stderr).toContain('context "school-cluster"');
  });
});

test('a platform that dist does not have is a wrong command line', async () => {
  project.record({});
  const { code, stderr } = await project.start(['list'], 'scool').finished;
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('there is school-platform') });
});

test('without kubectl the way out is said', async () => {
  rmSync(join(project.path, 'kubectl'));
  const { code, stderr } = await project.run('list');
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('install it') });
});
