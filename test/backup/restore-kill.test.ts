import { readdirSync, readFileSync } from 'node:fs';
import { type Finished, killGroup, start, until } from '../support/process';
import { RestoreRuns } from './restore-runs';

const MOMENTS = 20;

let runs: RestoreRuns;
let name: string;
let restored: string[][];
let before: string[][];

beforeAll(async () => {
  runs = await RestoreRuns.begin();
  await runs.makeSchool(3000);
  name = await runs.backup('custom');
  restored = await runs.contents();
  await runs.server.query('DELETE FROM evidence WHERE id < 9', 'school');
  before = await runs.contents();
});

afterAll(() => runs.end());

/** Puts the database back to what it was before the first restore, and drops what restores have left. */
async function startOver(): Promise<void> {
  if ((await runs.databases()).includes('school_old_TIME')) {
    expect(await runs.run(['rollback'])).toMatchObject({ code: 0 });
  }
  await runs.run(['drop-old']);
  expect([await runs.contents(), await runs.databases()]).toEqual([before, ['school']]);
}

/** Restores, and sends a signal to the script and all it started after so many milliseconds. */
async function signalled(signal: NodeJS.Signals, milliseconds: number): Promise<Finished> {
  const running = runs.start(['restore', name]);
  // The moment is what is tried: it must not depend on what the script shows of itself.
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (signal === 'SIGKILL') {
    killGroup(running.process, signal);
  } else {
    running.process.kill(signal); // as the kubelet does: to process 1 alone
  }
  return running.finished;
}

/** Awaits the end of what the server still does for a killed restore: at most a swap, which it finishes. */
async function settled(): Promise<void> {
  const busy = `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'restore%' AND state = 'active'`;
  await until('the server is idle', async () => (await runs.server.query(busy)).length === 0);
}

test(`SIGKILL at ${MOMENTS} random moments leaves the old data or all of the new, and the next restore works`, async () => {
  const whole = (await runs.run(['restore', name])).milliseconds;
  await startOver();
  let untouched = 0;
  for (let i = 0; i < MOMENTS; i++) {
    const moment = (whole * (i + Math.random())) / MOMENTS;
    await signalled('SIGKILL', moment);
    await settled();
    const names = await runs.databases();
    const isSwapped = names.includes('school_old_TIME');
    expect([moment, await runs.contents()]).toEqual([moment, isSwapped ? restored : before]);
    expect(names.length).toBeLessThanOrEqual(2);
    untouched += isSwapped ? 0 : 1;
    if (isSwapped) {
      await startOver();
    }
  }
  // Not every run was killed too late.
  expect(untouched).toBeGreaterThan(MOMENTS / 2);
  expect(await runs.run(['restore', name])).toMatchObject({ code: 0 });
  expect(await runs.contents()).toEqual(restored);
  await startOver();
}, 180_000);

test('SIGTERM at any moment drops the half-loaded database at once and is told, or comes too late to matter', async () => {
  const whole = (await runs.run(['restore', name])).milliseconds;
  await startOver();
  for (const part of [0.4, 0.6, 0.75, 0.9]) {
    const finished = await signalled('SIGTERM', whole * part);
    const isDone = finished.code === 0;
    expect([part, finished.code]).toEqual([part, isDone ? 0 : 143]);
    expect(await runs.contents()).toEqual(isDone ? restored : before);
    expect(await runs.databases()).toEqual(isDone ? ['school', 'school_old_TIME'] : ['school']);
    expect(runs.left('restore.result')).toMatch(isDone ? /^ok\n/ : /^failed\n(.*\n)*Reason: stopped by SIGTERM\n/);
    await startOver();
  }
}, 120_000);

test('a server that is killed while a backup is loaded comes back with the old data, and the next restore works', async () => {
  const running = runs.start(['restore', name], { MIGRATE: 'sleep 60' });
  const loaded = async () => (await runs.databases()).includes('school_restore_TIME');
  await until('the new database is there', loaded);
  await runs.server.kill();
  await runs.server.restart();
  // Migrations do not notice; what comes after them does.
  running.process.kill('SIGTERM');
  expect((await running.finished).code).not.toBe(0);
  expect(await runs.contents()).toEqual(before);
  const next = await runs.run(['restore', name]);
  expect([next.code, await runs.contents()]).toEqual([0, restored]);
  await startOver();
});

/** The process of a session in `school` that cannot end, since it is stopped. */
async function frozenSession(): Promise<number> {
  start('psql', ['-XAtqd', 'school', '-c', `SET application_name = 'frozen'; SELECT pg_sleep(600)`], {
    env: runs.server.env,
  }).finished.catch(() => undefined);
  const find = () =>
    runs.server.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'frozen' AND wait_event = 'PgSleep'`);
  await until('the session waits', async () => (await find()).length === 1);
  const pid = Number((await find())[0]?.[0]);
  process.kill(pid, 'SIGSTOP');
  return pid;
}

const closed = async () =>
  (await runs.server.query(`SELECT datallowconn FROM pg_database WHERE datname = 'school'`))[0]?.[0] === 'f';

test('a swap whose script is killed while the database is closed is brought to its end by the server', async () => {
  await runs.server.query('CREATE DATABASE school_old_20200101_000000');
  const frozen = await frozenSession();
  const running = runs.start(['rollback'], { SWAP_ATTEMPTS: '1' });
  await until('the database is closed', closed);
  killGroup(running.process, 'SIGKILL');
  await running.finished;
  await until('the database is open again', async () => !(await closed()), 10_000);
  process.kill(frozen, 'SIGCONT');
  await settled();
  expect([await runs.contents(), await runs.databases()]).toEqual([before, ['school', 'school_old_TIME']]);
  await runs.server.query('DROP DATABASE school_old_20200101_000000');
});

test.each([['rollback'], ['restore']])(
  'a database that a crash of the server left closed is opened by the next %s',
  async (next) => {
    const properties = await runs.properties();
    await runs.server.query('CREATE DATABASE school_old_20200101_000000');
    const frozen = await frozenSession();
    const running = runs.start(['rollback']);
    await until('the database is closed', closed);
    const killed = runs.server.kill();
    process.kill(frozen, 'SIGKILL');
    await killed;
    running.process.kill('SIGKILL');
    await runs.server.restart();
    expect(await closed()).toBe(true);
    const finished = await runs.run(next === 'restore' ? ['restore', name] : [next]);
    expect([finished.code, finished.stdout]).toEqual([
      0,
      expect.stringMatching(/^opened: connections to school are allowed again; a swap of it had been cut short\n/),
    ]);
    if (next === 'rollback') {
      // An older database is not what somebody wants who repairs a swap.
      expect([await runs.contents(), await runs.properties()]).toEqual([before, properties]);
      expect(runs.left('restore.result')).toMatch(/^ok\nDatabase: school is open again; a swap had been cut short/);
      await runs.server.query('DROP DATABASE school_old_20200101_000000');
    } else {
      expect(await runs.contents()).toEqual(restored);
      await startOver();
    }
  },
);

test('a database that somebody else has closed stays closed', async () => {
  await runs.server.query('ALTER DATABASE school ALLOW_CONNECTIONS false');
  const finished = await runs.run(['restore', name]);
  expect([finished.code, await closed()]).toEqual([6, true]);
  expect(finished.stderr).toMatch(
    /no safety backup can be made: school cannot be connected to: .*; SAFETY_BACKUP=no restores without one\n$/,
  );
  expect((await runs.run(['restore', name], { SAFETY_BACKUP: 'no' })).code).toBe(0);
  expect(await runs.contents()).toEqual(restored);
});

test('nothing of the killed runs is left but scratch folders of the killed scripts', () => {
  const left = readdirSync(runs.scratch).filter(
    (entry) => !/^(run-\d+|scripts|backups|data|password|tmp\.\w+)$/.test(entry),
  );
  expect(left).toEqual([]);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(runs.scratch);
});
