import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { freePort } from '../support/postgres';
import { killGroup, type Running, removeFolder, run, scratchFolder, start, until } from '../support/process';
import { alembicImage, gooseImage, type MakeImage } from './images';
import { MigrationRuns } from './migration-runs';

describeWithGoProgram(GOOSE, 'a pooler', () => {
  const DIRECT_HOST = join(__dirname, '../../lib/migration/scripts/direct-host.sh');

  let runs: MigrationRuns;
  let pgbouncer: Running;
  let folder: string;
  /** libpq's variables of the way through PgBouncer. */
  let pooled: Record<string, string>;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
    folder = await scratchFolder();
    const port = await freePort();
    pooled = { ...runs.server.env, PGPORT: String(port) };
    const { PGPORT, PGUSER, PGPASSWORD } = runs.server.env;
    writeFileSync(join(folder, 'users'), `"${PGUSER}" "${PGPASSWORD}"\n`);
    writeFileSync(
      join(folder, 'pgbouncer.ini'),
      `[databases]
* = host=127.0.0.1 port=${PGPORT}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users')}
pool_mode = transaction
default_pool_size = 1
`,
    );
    pgbouncer = start('pgbouncer', [join(folder, 'pgbouncer.ini')], { unprivileged: true });
    await until('PgBouncer answers', async () => {
      return (await run('psql', ['-XAtqc', 'SELECT 1'], { env: pooled })).code === 0;
    });
  }, 120_000);

  afterAll(async () => {
    killGroup(pgbouncer.process, 'SIGKILL');
    await pgbouncer.finished;
    await runs.end();
    removeFolder(folder);
  });

  test('PgBouncer lets two clients hold one session lock: why a migration must pass it by', async () => {
    const both = await Promise.all(
      [1, 2].map(() =>
        run('psql', ['-XAtq', '-c', 'SELECT pg_try_advisory_lock(1)', '-c', 'SELECT pg_sleep(0.3)'], { env: pooled }),
      ),
    );
    expect(both.map(({ stdout }) => stdout.trim())).toEqual(['t', 't']);
  });

  // "127-pooler.0.0.1" is no address; without its "-pooler" it is this machine's.
  test.each<[string, MakeImage]>([
    ['goose', gooseImage],
    ['alembic', alembicImage],
  ])('a Job of %s with a pooler’s host name of Neon’s kind migrates on the server itself', async (_, make) => {
    const db = await runs.database();
    const image = make(runs, [1, 2]);
    const outcome = await runs.job(image, db, { PGHOST: '127-pooler.0.0.1' });
    expect([outcome.code, outcome.message]).toEqual([0, '']);
    expect((await runs.gate(image, db, undefined, { PGHOST: '127-pooler.0.0.1' })).code).toBe(0);
  });

  test('a Job that is sent through a transaction pooler does not begin', async () => {
    const db = await runs.database();
    const outcome = await runs.job(gooseImage(runs, [1]), db, { PGPORT: pooled.PGPORT as string });
    expect(outcome.code).toBe(4);
    expect(outcome.message).toContain('a connection pooler answers there; name the server behind it');
    expect(await runs.server.query("SELECT 1 FROM pg_class WHERE relname = 't1'", db)).toEqual([]);
  });

  describe.each(['busybox sh', 'dash', 'bash --norc'])('under %s', (shell) => {
    const [program = '', ...args] = shell.split(' ');

    test.each([
      ['PGHOST', 'ep-a-b-1-pooler.eu.aws.neon.tech', 'ep-a-b-1.eu.aws.neon.tech'],
      ['PGHOST', 'ep-a-b-1.eu.aws.neon.tech', 'ep-a-b-1.eu.aws.neon.tech'],
      ['PGHOST', 'pooler.example.com', 'pooler.example.com'],
      ['PGHOST', 'a.b-pooler.c', 'a.b-pooler.c'],
      ['DB_HOST', 'db', 'db'],
      ['DATABASE_URL', 'postgres://u:p@a-pooler.b.c/d?sslmode=require', 'postgres://u:p@a.b.c/d?sslmode=require'],
      ['DATABASE_URL', 'postgresql://a-pooler.b.c:5432', 'postgresql://a.b.c:5432'],
      ['DATABASE_URL', 'postgresql+psycopg://u:x-pooler.y@a.b/d', 'postgresql+psycopg://u:x-pooler.y@a.b/d'],
      ['DATABASE_URL', 'postgres://u:p@q@a-pooler.b.c/d', 'postgres://u:p@q@a.b.c/d'],
      ['DATABASE_URL', 'postgres://u@a.b/d?x=y-pooler.z', 'postgres://u@a.b/d?x=y-pooler.z'],
      ['DSN', 'user=u host=a-pooler.b.c port=5432', 'user=u host=a.b.c port=5432'],
      ['DSN', 'host=a-pooler.b.c', 'host=a.b.c'],
      ['PGPASSWORD', 'x-pooler.y', 'x-pooler.y'],
      ['MULTI', 'a *\n"$(b)"', 'a *\n"$(b)"'],
    ])('%s %j becomes %j', async (name, before, after) => {
      const script = '. "$1"; connect_directly "$2" NOT_SET; eval "printf %s \\"\\$$2\\""';
      const { stdout, stderr } = await run(program, [...args, '-c', script, 'sh', DIRECT_HOST, name], {
        env: { [name]: before },
      });
      expect([stdout, stderr]).toEqual([after, '']);
    });
  });
});
