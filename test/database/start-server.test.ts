import { existsSync, readFileSync } from 'node:fs';
import { killGroup, run, until } from '../support/process';
import { TestPod, usePods } from './support/pod';

const newPod = usePods();

let shared: TestPod;

beforeAll(async () => {
  shared = await TestPod.create();
  await shared.prepare();
});

afterAll(() => shared.remove());

async function preparedPod(subPath = 'postgres'): Promise<TestPod> {
  const pod = await newPod({ subPath });
  await pod.putCluster(shared.pgdata, subPath);
  return pod;
}

const FIRST = { POD_NAME: 'first-pod', NODE_NAME: 'node-a' };
const SECOND = { POD_NAME: 'second-pod', NODE_NAME: 'node-b' };

test('a second pod on the volume ends at once and says who holds the lock; the first goes on', async () => {
  const pod = await preparedPod();
  await pod.startServer([], FIRST);
  const second = await (await pod.sibling().beginServer([], SECOND)).finished;
  expect(second.code).toBe(1);
  expect(second.milliseconds).toBeLessThan(30_000);
  expect(second.stderr).toMatch(
    /the data directory is in use: \S+\.postgres\.lock is locked by start-server in pod first-pod on node node-a since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\npod second-pod does not start/,
  );
  expect(await pod.sql('SELECT 1')).toMatchObject({ code: 0 });
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'after %s to the first server the next one starts',
  async (signal) => {
    const pod = await preparedPod();
    const first = await pod.startServer([], FIRST);
    killGroup(first.process, signal);
    await pod.startServer([], { ...SECOND, LOCK_WAIT_SECONDS: '10' });
    expect(readFileSync(pod.lockFile, 'utf8').trim()).toMatch(/^start-server in pod second-pod on node node-b since /);
  },
);

test('a child of a killed server still holds the lock', async () => {
  const pod = await preparedPod();
  const first = await pod.startServer([], FIRST);
  const pid = (await pod.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")).stdout.trim();
  try {
    await pod.inVolume(`kill -STOP ${pid}`);
    killGroup(first.process, 'SIGKILL');
    const second = await (await pod.beginServer([], SECOND)).finished;
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('locked by start-server in pod first-pod'),
    });
  } finally {
    await pod.inVolume(`kill -KILL ${pid}`);
  }
  await pod.startServer([], { ...SECOND, LOCK_WAIT_SECONDS: '10' });
});

test('it waits for a container that is just ending, no longer than it should', async () => {
  const pod = await preparedPod();
  const blocker = pod.sibling();
  await blocker.replaceProgram('docker-entrypoint.sh', 'exec sleep 60');
  const first = await blocker.beginServer([], FIRST);
  await until(
    'the first one holds the lock',
    () => existsSync(pod.lockFile) && readFileSync(pod.lockFile, 'utf8').includes('first-pod'),
  );
  await pod.replaceProgram('docker-entrypoint.sh', 'exit 42');
  const waiting = await pod.beginServer([], { ...SECOND, LOCK_WAIT_SECONDS: '20' });
  expect((await (await pod.beginServer([], SECOND)).finished).code).toBe(1);
  expect(waiting.process.exitCode).toBe(null);
  killGroup(first.process, 'SIGKILL');
  expect((await waiting.finished).code).toBe(42);
});

test('databases in two sub-paths of one volume run side by side', async () => {
  const pod = await preparedPod('school/db');
  const other = pod.sibling({ subPath: 'school-db' });
  await pod.putCluster(shared.pgdata, 'school-db');
  await pod.startServer();
  await other.startServer();
  expect(await other.sql('SELECT 1')).toMatchObject({ code: 0 });
  expect(await pod.sql('SELECT 1')).toMatchObject({ code: 0 });
});

test('an init container of a second pod that would write is refused too', async () => {
  const pod = await preparedPod();
  await pod.startServer([], FIRST);
  for (const script of ['initialise.sh', 'apply-password.sh']) {
    expect(await pod.sibling().run(script, [], SECOND)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('locked by start-server in pod first-pod'),
    });
  }
});

test('without a cluster at PGDATA nothing is made there', async () => {
  const pod = await newPod();
  await pod.inVolume('mkdir -m 0700 postgres');
  const refused = await (await pod.beginServer()).finished;
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('check the mounts and PGDATA') });
  expect(await pod.inVolume('ls -A postgres')).toBe('');
});

test('a lock file that cannot be written is refused with its owner and the fix', async () => {
  const pod = await preparedPod();
  await pod.inVolume(`touch '${pod.lockFile}' && chmod 0400 '${pod.lockFile}'`);
  const refused = await (await pod.beginServer()).finished;
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/it belongs to \d+:\d+ mode 400/) });
  expect(refused.stderr).toMatch(/\n {4}chown \d+:\d+ \S+\.postgres\.lock && chmod 0600 \S+\.postgres\.lock\n/);
});

test('a file system without locks is refused', async () => {
  const pod = await preparedPod();
  await pod.replaceProgram('flock', 'exit 71');
  expect(await (await pod.beginServer()).finished).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('flock ended with 71; mount the volume with NFSv4'),
  });
});

test('the record of the holder never grows', async () => {
  const pod = await preparedPod();
  await pod.replaceProgram('docker-entrypoint.sh', 'exit 0');
  for (const name of ['a'.repeat(253), 'b']) {
    await (await pod.beginServer([], { POD_NAME: name })).finished;
  }
  expect(readFileSync(pod.lockFile, 'utf8')).toHaveLength(601);
  expect((await run('grep', ['-c', 'aaa', pod.lockFile], { unprivileged: true })).stdout).toBe('0\n');
});
