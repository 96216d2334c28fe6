import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Running, removeFolder, run, scratchFolder, start, until } from '../support/process';
import { curlImage } from './curl-image';
import { ReportRuns } from './report-runs';

// A container whose image cannot be pulled keeps a pod waiting; the others start all the same, and must say so.

const SCRIPTS = join(__dirname, '../../lib/backup/scripts');
const TITLE = '[Cron] School Platform -- Backup FAILED\n';
const NEVER = (name: string) =>
  `the container ${name} never started within 1 s (image cannot be pulled, Secret missing), or ended at once`;

let runs: ReportRuns;
let scratch: string;
/** Folder with busybox' applets. */
let applets: string;

beforeAll(async () => {
  runs = await ReportRuns.begin();
  scratch = await scratchFolder();
  applets = await curlImage(scratch);
});
afterEach(() => runs.clear());
afterAll(async () => {
  await runs.end();
  removeFolder(scratch);
});

function dump(folder: string, env: Record<string, string>): Running {
  return start('bash', [join(SCRIPTS, 'backup.sh')], {
    env: {
      RUN_DIR: folder,
      PGHOST: '127.0.0.1',
      PGPORT: '1',
      PGUSER: 'nobody',
      PGDATABASE: 'none',
      FILE_PREFIX: 'school',
      BACKUP_DIR: scratch,
      PRUNE: 'no',
      CONNECT_TRIES: '1',
      START_SECONDS: '1',
      TERMINATION_LOG: '/dev/null',
      ...env,
    },
  });
}

test.each([
  ['age', { AGE: 'container' }, 2, `Reason: the program age is not there: ${NEVER('age')}`],
  ['store', { STORE: 'archives' }, 3, `Reason: the store cannot be reached: ${NEVER('store')}`],
])('a dump that waits for %s in vain is told, and the pod is ended', async (name, env, code, told) => {
  const pod = runs.pod();
  const report = pod.report({ EVICT_BYTES: '1048576' });
  expect((await dump(pod.folder, env).finished).code).toBe(code);
  await until('the pod is filled', () => existsSync(join(pod.folder, 'report.evict')));
  expect(runs.slack.messages).toEqual([expect.stringContaining(TITLE)]);
  expect(runs.slack.messages[0]).toContain(told);
  expect(pod.read(`${name}.missing`)).toContain('never started');
  report.process.kill('SIGTERM');
  await report.finished;
});

test('a container that began late ends no pod', async () => {
  const pod = runs.pod({ 'dump.result': 'ok\n', 'store.missing': 'late\n', 'store.result': 'ok\n' });
  expect((await pod.reported({ EVICT_BYTES: '1048576' })).code).toBe(0);
  expect(existsSync(join(pod.folder, 'report.evict'))).toBe(false);
});

test('a container that failed is told with its own reason', async () => {
  const pod = runs.pod({ 'age.result': 'failed\nReason: /usr/bin/age cannot be copied: no such file\n' });
  expect((await dump(pod.folder, { AGE: 'container' }).finished).stderr).toContain(
    'backup failed: the program age is not there: /usr/bin/age cannot be copied: no such file\n',
  );
});

test('a store that cannot be read now keeps nobody from dumping', async () => {
  const pod = runs.pod({ 'store.result': 'failed\nReason: cannot list s3 x: 503\n' });
  const { code, stderr } = await dump(pod.folder, { STORE: 'archives' }).finished;
  expect([code, stderr]).toEqual([
    4,
    expect.stringContaining(
      'warning: the last backup is not known, so this one was compared with none: cannot list s3 x: 503\n',
    ),
  ]);
});

// A session ends when nobody holds the pipe to it any more.
test('waiting for a container that never begins keeps nothing else open', async () => {
  const script = `
    . "$0/common.sh"; begin_run dump; make_scratch; mkfifo "$scratch/pipe"; cat "$scratch/pipe" & session=$!
    exec {pipe}>"$scratch/pipe"; private_fds+=("$pipe"); watch_worker age; exec {pipe}>&-; wait "$session"; echo ended`;
  const env = { RUN_DIR: runs.pod().folder };
  const { stdout } = await run('timeout', ['10', 'bash', '-euo', 'pipefail', '-c', script, SCRIPTS], { env });
  expect(stdout).toBe('ended\n');
});

describe('the container that provides a program', () => {
  async function provide(program: string): Promise<{ code: number | null; result: string; tools: string }> {
    const [folder, tools] = [join(scratch, `run-${program.length}`), join(scratch, `tools-${program.length}`)];
    for (const each of [folder, tools]) {
      mkdirSync(each);
      chmodSync(each, 0o777);
    }
    const args = [join(SCRIPTS, 'provide.sh'), 'age', program, tools];
    const { code } = await run(join(applets, 'sh'), args, { env: { RUN_DIR: folder, PATH: applets } });
    return { code, result: readFileSync(join(folder, 'age.result'), 'utf8'), tools };
  }

  test('copies it and says so', async () => {
    const program = join(scratch, 'program');
    writeFileSync(program, '#!/bin/sh\necho works\n', { mode: 0o755 });
    const { code, result, tools } = await provide(program);
    expect([code, result, (await run(join(tools, 'age'), [])).stdout]).toEqual([0, 'ok\n', 'works\n']);
  });

  test('says when it is not there', async () => {
    const { code, result } = await provide('/nowhere/age');
    expect([code, result]).toEqual([1, expect.stringMatching(/^failed\nReason: \/nowhere\/age cannot be copied: /)]);
  });
});
