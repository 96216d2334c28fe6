import { MigrationTool } from '../../lib/migration/migration-tool';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { alembicImage, commandImage, gooseImage, type MakeImage, prismaImage } from './images';
import { MigrationRuns } from './migration-runs';
import { SHELLS } from './pod-processes';
import { holding } from './sessions';

describeWithGoProgram(GOOSE, 'runs of the Job', () => {
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

  /** Prisma with a driver adapter, the only one that is here, sends each statement by itself. */
  const TRANSACTIONAL = TOOLS.slice(0, 2);

  // CREATE TABLE fails when it runs a second time, so each version ran exactly once when all Jobs succeeded.
  test.each(TOOLS)('three Jobs of %s at once apply each version once', async (_, make) => {
    const db = await runs.database();
    const image = make(runs, [1, { number: 2, sql: 'CREATE TABLE t2 (id int); SELECT pg_sleep(0.5);' }, 3]);
    const outcomes = await Promise.all([runs.job(image, db), runs.job(image, db), runs.job(image, db)]);
    expect(outcomes.map(({ code, message }) => [code, message])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    expect(outcomes.filter(({ stdout }) => stdout.includes('nothing to do'))).toHaveLength(2);
    expect(await runs.server.query("SELECT relname FROM pg_class WHERE relname ~ '^t[0-9]$' ORDER BY 1", db)).toEqual([
      ['t1'],
      ['t2'],
      ['t3'],
    ]);
  });

  test.each(TRANSACTIONAL)(
    'the older image of %s does nothing on the newer schema and passes the gate',
    async (_, make) => {
      const db = await runs.database();
      expect((await runs.job(make(runs, [1, 2]), db)).code).toBe(0);
      const older = make(runs, [1]);
      const outcome = await runs.job(older, db);
      expect(outcome).toMatchObject({ code: 0, message: '' });
      expect(outcome.stdout).toBe('run-migration: every migration of this image is applied; nothing to do\n');
      expect((await runs.gate(older, db)).code).toBe(0);
    },
  );

  test.each(TRANSACTIONAL)(
    'a failing migration of %s changes nothing and is reported with its own text',
    async (_, make) => {
      const db = await runs.database();
      await runs.job(make(runs, [1]), db);
      const outcome = await runs.job(
        make(runs, [1, { number: 2, sql: 'CREATE TABLE t2 (id int); SELECT 1 / 0;' }]),
        db,
      );
      expect(outcome.code).toBe(1);
      expect(outcome.message).toMatch(/^the migration failed with exit code 1: [\s\S]*division by zero/);
      expect(outcome.message.length).toBeLessThan(4096);
      expect(await runs.server.query("SELECT 1 FROM pg_class WHERE relname = 't2'", db)).toEqual([]);
      // The next version of the image puts it right.
      expect((await runs.job(make(runs, [1, 2, 3]), db)).code).toBe(0);
    },
  );

  test.each(SHELLS)('the scripts of the app’s image run under %s', async (shell) => {
    const db = await runs.database();
    const { outcome } = await runs.startJob(gooseImage(runs, [1]), db, {}, shell);
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  });

  test('passwords in URLs and in connection strings are left out of the message', async () => {
    const db = await runs.database();
    const sql = `DO $$ BEGIN RAISE 'cannot use postgres://me:s3cret@host/db?password=s3cret and postgres://me:s3@cret@host host=a password=''s3 cret'' user=me'; END $$;`;
    const image = gooseImage(runs, [{ number: 1, sql: `-- +goose StatementBegin\n${sql}\n-- +goose StatementEnd` }]);
    const { message } = await runs.job(image, db);
    expect(message).toContain(
      'cannot use postgres://***@host/db?password=*** and postgres://***@host host=a password=*** user=me',
    );
    expect(message).not.toMatch(/s3|cret/);
  });

  test('a process that a tool leaves behind does not hold the Job', async () => {
    const db = await runs.database();
    const image = {
      ...commandImage(runs, [1]),
      folder: runs.files({ 'versions/1': '', 'migrate.sh': 'sleep 45 &\necho migrated\n' }),
    };
    const outcome = await runs.job(image, db);
    expect(outcome).toMatchObject({ code: 0, message: '', stdout: expect.stringContaining('migrated') });
    expect(outcome.milliseconds).toBeLessThan(30_000);
  });

  describe('a Job tells why it could not begin', () => {
    test('the server does not answer', async () => {
      const db = await runs.database();
      const outcome = await runs.job(gooseImage(runs, [1]), db, { PGPORT: '1', WAIT_SECONDS: '1' });
      expect([outcome.code, outcome.message]).toEqual([3, '127.0.0.1:1 does not answer; waited 1 s\n']);
    });

    test('the server refuses the password', async () => {
      const db = await runs.database();
      const outcome = await runs.job(gooseImage(runs, [1]), db, { PGPASSWORD: 'wrong' });
      expect(outcome.code).toBe(4);
      expect(outcome.message).toMatch(/refuses user "postgres", database "db\d+": .*password authentication failed/);
    });

    test('another migration runs for too long', async () => {
      const db = await runs.database();
      const other = await holding(runs.server, db, "SELECT pg_advisory_lock(hashtextextended('mooring.migration', 0))");
      const outcome = await runs.job(gooseImage(runs, [1]), db, { PEER_SECONDS: '1' });
      await other.release();
      expect([outcome.code, outcome.message]).toEqual([5, 'another migration runs in this database; waited 1 s\n']);
    });

    test('the image has no migrations', async () => {
      const db = await runs.database();
      const image = { ...gooseImage(runs, [1]), folder: runs.files({ 'migrations/README.md': '' }) };
      await expect(runs.job(image, db)).rejects.toThrow('the image has no migrations where they were looked for');
    });

    test('the image has no migrations, of which its command makes an empty line', async () => {
      const db = await runs.database();
      const list = ['node', '-e', 'console.log([].join("\\n"))'];
      const tool = MigrationTool.command({ migrate: ['true'], list, table: 'done', applied: 'SELECT name FROM done' });
      const image = { ...gooseImage(runs, [1]), tool };
      const refused = 'the image has no migrations where they were looked for';
      await expect(runs.gate(image, db)).rejects.toThrow(refused);
      await expect(runs.job(image, db)).rejects.toThrow(refused);
    });
  });
});
