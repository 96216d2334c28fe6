import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { killGroup, run, until } from '../support/process';
import { alembicImage, gooseImage, type MakeImage, prismaImage } from './images';
import { MigrationRuns } from './migration-runs';
import { holding, running } from './sessions';

describeWithGoProgram(GOOSE, 'locks of the Job', () => {
  let runs: MigrationRuns;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
  }, 120_000);

  afterAll(async () => {
    await runs.end();
  });

  const TOOLS: readonly [string, MakeImage][] = [
    ['goose', gooseImage],
    ['alembic', alembicImage],
    ['prisma', prismaImage],
  ];

  const advisoryLocks = (db: string) =>
    runs.server.query(
      `SELECT 1 FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE locktype = 'advisory' AND datname = '${db}'`,
    );

  /** Awaits the end of every session of a database, the migration's among them. */
  const noSession = (db: string) =>
    until(`every session of ${db} has ended`, async () => {
      return (await runs.server.query(`SELECT 1 FROM pg_stat_activity WHERE datname = '${db}'`)).length === 0;
    });

  test('a migration outside a transaction is not begun again when its second statement finds a table in use', async () => {
    const db = await runs.database();
    await runs.job(gooseImage(runs, [1]), db);
    const dump = await holding(runs.server, db, 'BEGIN; LOCK TABLE t1 IN ACCESS SHARE MODE');
    const sql = 'CREATE TABLE IF NOT EXISTS log (id int);\nINSERT INTO log VALUES (1);\nALTER TABLE t1 ADD name text;';
    const image = gooseImage(runs, [1, { number: 2, sql: `-- +goose NO TRANSACTION\n${sql}` }]);
    const outcome = await runs.job(image, db, { LOCK_ATTEMPTS: '2' });
    await dump.release();
    expect(await runs.server.query('SELECT id FROM log', db)).toEqual([['1']]);
    expect([outcome.code, outcome.message]).toEqual([1, expect.stringContaining('may be applied in part')]);
  });

  describe('a lock on a table', () => {
    const alter = { number: 2, sql: 'ALTER TABLE t1 ADD COLUMN name text;' };

    test.each(TOOLS)('a migration of %s goes on when a dump has ended; no reader waits for 5 s', async (_, make) => {
      const db = await runs.database();
      await runs.job(make(runs, [1]), db);
      const dump = await holding(
        runs.server,
        db,
        'BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE t1 IN ACCESS SHARE MODE',
      );
      const job = await runs.startJob(make(runs, [1, alter]), db);
      await running(runs.server, db, 'ALTER TABLE');
      const reader = await run('psql', ['-XAtqc', 'SELECT count(*) FROM t1'], {
        env: { ...runs.server.env, PGDATABASE: db },
      });
      expect(reader.code).toBe(0);
      expect(reader.milliseconds).toBeLessThan(10_000);
      await dump.release();
      const outcome = await job.outcome;
      expect([outcome.code, outcome.message]).toEqual([0, '']);
      expect(outcome.stdout).toContain('attempt 1 of 8 found a table in use');
      expect(await runs.server.query('SELECT name FROM t1', db)).toEqual([]);
    });

    test('the Job gives up after its attempts and says why', async () => {
      const db = await runs.database();
      await runs.job(gooseImage(runs, [1]), db);
      const dump = await holding(runs.server, db, 'BEGIN; LOCK TABLE t1 IN ACCESS SHARE MODE');
      const outcome = await runs.job(gooseImage(runs, [1, alter]), db, { LOCK_ATTEMPTS: '2' });
      await dump.release();
      expect(outcome.code).toBe(5);
      expect(outcome.message).toMatch(
        /^the tables were in use at each of 2 attempts, e\.g\. by a dump: [\s\S]*lock timeout/,
      );
    });
  });

  test('a Job that was killed leaves nothing locked: its statement is ended within seconds', async () => {
    const db = await runs.database();
    const slow = { number: 1, sql: 'CREATE TABLE t1 (id int); SELECT pg_sleep(60);' };
    const job = await runs.startJob(gooseImage(runs, [slow]), db);
    await running(runs.server, db, 'pg_sleep');
    expect(await advisoryLocks(db)).toHaveLength(1);
    const killed = performance.now();
    await job.kill();
    const outcome = await runs.job(gooseImage(runs, [1]), db);
    expect([outcome.code, outcome.message]).toEqual([0, '']);
    expect(performance.now() - killed).toBeLessThan(30_000);
    expect(await runs.server.query('SELECT version_id FROM goose_db_version ORDER BY id', db)).toEqual([
      ['0'],
      ['20260101'],
    ]);
  });

  test('the next Job waits for the end of a killed one’s statement, when that cannot be ended', async () => {
    const db = await runs.database();
    const deaf = { number: 1, sql: 'SET LOCAL client_connection_check_interval = 0; SELECT pg_sleep(4);' };
    const job = await runs.startJob(gooseImage(runs, [deaf]), db);
    await running(runs.server, db, 'pg_sleep');
    await job.kill();
    const next = await runs.startJob(gooseImage(runs, [1]), db);
    expect((await next.outcome).code).toBe(0);
    expect((await next.lock.finished).stdout).toContain('waiting: a session of an earlier migration is still there');
  });

  test('a migration that loses the lock is ended, and the Job tries again', async () => {
    const db = await runs.database();
    const job = await runs.startJob(gooseImage(runs, [{ number: 1, sql: 'SELECT pg_sleep(60);' }]), db);
    await running(runs.server, db, 'pg_sleep');
    await runs.server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'migration-lock' AND datname = '${db}'`,
    );
    const outcome = await job.outcome;
    expect(outcome.code).toBe(6);
    expect(outcome.message).toMatch(/^the connection to the server was lost/);
    await noSession(db);
  });

  test('a migration that loses the lock while it pauses does not begin again', async () => {
    const db = await runs.database();
    await runs.job(gooseImage(runs, [1]), db);
    const dump = await holding(runs.server, db, 'BEGIN; LOCK TABLE t1 IN ACCESS SHARE MODE');
    const job = await runs.startJob(gooseImage(runs, [1, { number: 2, sql: 'ALTER TABLE t1 ADD name text;' }]), db);
    let printed = '';
    job.migrate.process.stdout?.on('data', (text) => {
      printed += text;
    });
    await until('the Job pauses for four seconds', () => printed.includes('attempt 3 of 8'));
    await runs.server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'migration-lock' AND datname = '${db}'`,
    );
    await dump.release();
    const outcome = await job.outcome;
    expect([outcome.code, outcome.message]).toEqual([
      6,
      expect.stringMatching(/^the connection to the server was lost/),
    ]);
    expect(
      await runs.server.query("SELECT 1 FROM pg_attribute WHERE attname = 'name' AND attrelid = 't1'::regclass", db),
    ).toEqual([]);
  });

  test('a sidecar that the kubelet starts again tells that the lock was lost', async () => {
    const db = await runs.database();
    const job = await runs.startJob(gooseImage(runs, [{ number: 1, sql: 'SELECT pg_sleep(60);' }]), db);
    await running(runs.server, db, 'pg_sleep');
    killGroup(job.lock.process, 'SIGKILL');
    await job.lock.finished;
    const again = job.restartLock();
    expect((await job.outcome).code).toBe(6);
    killGroup(again.process, 'SIGTERM');
    expect(await again.finished).toMatchObject({ code: 0 });
  });

  test('a Job that is stopped ends its tool and says so', async () => {
    const db = await runs.database();
    const job = await runs.startJob(gooseImage(runs, [{ number: 1, sql: 'SELECT pg_sleep(60);' }]), db);
    await running(runs.server, db, 'pg_sleep');
    job.migrate.process.kill('SIGTERM');
    const outcome = await job.outcome;
    expect([outcome.code, outcome.message]).toEqual([
      143,
      'ended by a signal; the server rolls back what was not finished\n',
    ]);
    await noSession(db);
  });

  test('a table that somebody locks before the migration begins is another try', async () => {
    const db = await runs.database();
    await runs.job(gooseImage(runs, [1]), db);
    const holder = await holding(runs.server, db, 'BEGIN; LOCK TABLE goose_db_version');
    const outcome = await runs.job(gooseImage(runs, [1, 2]), db);
    await holder.release();
    expect(outcome.code).toBe(5);
    expect(outcome.message).toMatch(/^the table goose_db_version is in use: .*lock timeout/);
  });

  // The last test: it takes the server away from the others.
  test('a server that is lost meanwhile is no bad migration', async () => {
    const db = await runs.database();
    const job = await runs.startJob(gooseImage(runs, [{ number: 1, sql: 'SELECT pg_sleep(60);' }]), db);
    await running(runs.server, db, 'pg_sleep');
    await runs.server.kill();
    const outcome = await job.outcome;
    await runs.server.restart();
    expect(outcome.code).toBe(6);
  });
});
