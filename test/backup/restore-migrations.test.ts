import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameOf, prismaImage, type Version } from '../migration/images';
import { type Finished, killGroup, type Running, run, start, until } from '../support/process';
import { RestoreRuns } from './restore-runs';

const PRISMA = {
  MIGRATION_TOOL: 'prisma',
  MIGRATION_TABLE: 'public._prisma_migrations',
  MIGRATION_QUERY: 'SELECT migration_name FROM public._prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
};
const IN_CONTAINER = { ...PRISMA, MIGRATE: 'container' };

let runs: RestoreRuns;
let applets: string;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
  applets = join(runs.scratch, 'applets');
  mkdirSync(applets);
  await run('busybox', ['--install', '-s', applets]);
  await run('ln', ['-s', process.execPath, join(applets, 'node')]);
});

afterAll(() => runs.end());

/** The app's image as far as a container of it goes: a folder with Prisma's migrations. */
function image(versions: readonly Version[]): { readonly folder: string; readonly env?: Record<string, string> } {
  const files = (texts: Record<string, string>) => {
    const folder = mkdtempSync(join(runs.scratch, 'image-'));
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  };
  return prismaImage({ files }, versions);
}

const DEPLOY = ['node', join(__dirname, '../../node_modules/prisma/build/index.js'), 'migrate', 'deploy'];

/** Runs a command as the container `migrate` of the last run's pod, with nothing but busybox and Node in its PATH. */
function container(command: readonly string[], of: Partial<ReturnType<typeof image>> = {}, env = {}): Running {
  const script = join(runs.scratch, 'scripts/migrate-restored.sh');
  return start(join(applets, 'sh'), [script, ...command], {
    cwd: of.folder,
    env: {
      ...of.env,
      PATH: applets,
      HOME: runs.scratch,
      RUN_DIR: runs.runFolder,
      DATABASE_URL: `postgresql://postgres:correct-horse@127.0.0.1:${runs.server.port}/school?connect_timeout=9`,
      ...env,
    },
  });
}

/** Restores with a container beside it, and waits for both. */
async function restoreWith(name: string, command: readonly string[], of = {}): Promise<[Finished, Finished]> {
  const restore = runs.start(['restore', name], IN_CONTAINER);
  const migrate = container(command, of);
  return Promise.all([restore.finished, migrate.finished]);
}

/** Applies migrations to the live database, as the Job of a release does. */
async function release(versions: readonly Version[]): Promise<void> {
  const { folder, env } = image(versions);
  const [program = '', ...args] = DEPLOY;
  const DATABASE_URL = `postgresql://postgres:correct-horse@127.0.0.1:${runs.server.port}/school`;
  const finished = await run(program, args, { cwd: folder, env: { ...env, DATABASE_URL, HOME: runs.scratch } });
  expect(finished).toMatchObject({ code: 0 });
}

const applied = async () => (await runs.server.query(PRISMA.MIGRATION_QUERY, 'school')).flat();

describe('with migrations of Prisma', () => {
  let older: string;

  beforeAll(async () => {
    await runs.server.query('CREATE DATABASE school');
    await release([1]);
    await runs.server.query('INSERT INTO t1 VALUES (11)', 'school');
    older = await runs.backup('custom', PRISMA);
    await release([1, 2]);
    await runs.server.query('INSERT INTO t1 VALUES (12)', 'school');
  }, 60_000);

  test('an older backup gets the migrations of the app before it takes the place of the live database', async () => {
    const [restore, migrate] = await restoreWith(older, DEPLOY, image([1, 2]));
    expect([restore.code, migrate.code, restore.stderr]).toEqual([0, 0, '']);
    expect(await applied()).toEqual([nameOf(1), nameOf(2)]);
    expect(await runs.server.query('SELECT id FROM t1', 'school')).toEqual([['11']]);
    expect(runs.left('restore.result')).toMatch(/^ok\n(.*\n)*Migrations: run\n/);
    expect(migrate.stdout + migrate.stderr + restore.stdout).not.toContain('correct-horse');
    await runs.run(['rollback']);
    expect(await runs.server.query('SELECT id FROM t1', 'school')).toEqual([['11'], ['12']]);
  });

  test('a migration that fails on the restored data leaves the live database as it is', async () => {
    const bad = image([1, { number: 2, sql: 'ALTER TABLE t1 ADD CONSTRAINT c CHECK (id > 11);' }]);
    const [restore, migrate] = await restoreWith(older, DEPLOY, bad);
    expect([restore.code, migrate.code]).toEqual([12, 1]);
    expect(restore.stderr).toMatch(
      /restore failed: the migrations of the running app failed on the restored data: .*constraint "c"/,
    );
    expect(await runs.server.query('SELECT id FROM t1', 'school')).toEqual([['11'], ['12']]);
    expect(await runs.databases()).not.toContain('school_restore_TIME');
  });

  test('a backup of the app as it is needs none, and the container ends with the restore', async () => {
    const same = await runs.backup('custom', PRISMA);
    const [restore, migrate] = await restoreWith(same, ['false']);
    expect([restore.code, migrate.code, migrate.stdout]).toEqual([
      0,
      0,
      'no migrations: the restore has ended without asking for them\n',
    ]);
  });

  test('a container that is killed, or never comes, fails the restore in time', async () => {
    const restore = runs.start(['restore', older], IN_CONTAINER);
    const migrate = container(['sleep', '60']);
    await until('the migrations run', () => runs.left('migrate.request') !== '');
    await new Promise((resolve) => migrate.process.stdout?.once('data', resolve));
    killGroup(migrate.process, 'SIGKILL');
    expect((await restore.finished).stderr).toContain(
      'restore failed: the migrations have no result: the container migrate ended without a result\n',
    );
    const alone = await runs.run(['restore', older], { ...IN_CONTAINER, MIGRATE_SECONDS: '1' });
    expect(alone.stderr).toContain(
      'restore failed: the migrations have no result: the container migrate has none after 1 s\n',
    );
    expect(await runs.databases()).not.toContain('school_restore_TIME');
  });

  test('a command in the same container runs with the name of the new database', async () => {
    const MIGRATE = 'psql -XAtqc "CREATE TABLE by_command AS SELECT current_database() AS name"';
    expect(await runs.run(['restore', older], { ...PRISMA, MIGRATE })).toMatchObject({ code: 0 });
    const [[name] = []] = await runs.server.query('SELECT name FROM by_command', 'school');
    expect(name).toMatch(/^school_restore_\d{8}_\d{6}$/);
  });
});

const URLS: readonly [string, string, string | undefined][] = [
  [
    'postgresql://u:p%2F@db:5432/school?schema=public',
    'school_restore_1',
    'postgresql://u:p%2F@db:5432/school_restore_1?schema=public',
  ],
  ['postgres://u:p@db', 'new', 'postgres://u:p@db/new'],
  ['postgres://u@db/', 'Zoë "1"', 'postgres://u@db/Zo%c3%ab%20%221%22'],
  ['postgres://db?sslmode=require', 'new', 'postgres://db/new?sslmode=require'],
  ['postgres://db/school?dbname=school&a=b', 'the new', 'postgres://db/the%20new?dbname=the%20new&a=b'],
  ['postgresql://?host=/run&dbname=school', 'new', 'postgresql:///new?host=/run&dbname=new'],
  ['host=db dbname=x dbname=school', 'new', undefined],
  ['host=db dbname=school user=u', 'new', 'host=db dbname=new user=u'],
  ['host=db dbname=school', 'new', 'host=db dbname=new'],
  ['school', 'new', undefined],
];

test.each(URLS)('%s with the database %s', async (url, database, expected) => {
  runs.runFolder = mkdtempSync(join(runs.scratch, 'pod-'));
  writeFileSync(join(runs.runFolder, 'migrate.request'), `${database}\n`);
  const show = ['sh', '-c', 'echo "$OTHER_URL|$DATABASE_NAME"'];
  const names = { URL_VARIABLES: 'OTHER_URL ABSENT_URL', NAME_VARIABLES: 'DATABASE_NAME', OTHER_URL: url };
  const finished = await container(show, {}, names).finished;
  if (expected === undefined) {
    expect([finished.code, runs.left('migrate.result')]).toEqual([
      2,
      expect.stringMatching(/^failed\nOTHER_URL is neither a URL nor /),
    ]);
  } else {
    expect([finished.code, runs.left('migrate.result')]).toEqual([0, `ok\n${expected}|${database}\n`]);
  }
});

test.each([
  ['path', 'postgresql://HOST/school?dbname=school'],
  ['list', 'postgresql://?host=127.0.0.1&port=PORT&user=postgres&password=correct-horse&dbname=school'],
])('a URL whose query names the database (%s) does not lead the migrations to the live one', async (_, url) => {
  await runs.makeSchool(10);
  await runs.server.query('CREATE DATABASE school_restore_1');
  runs.runFolder = mkdtempSync(join(runs.scratch, 'pod-'));
  writeFileSync(join(runs.runFolder, 'migrate.request'), 'school_restore_1\n');
  const port = String(runs.server.port);
  const OTHER_URL = url.replace('HOST', `postgres:correct-horse@127.0.0.1:${port}`).replace('PORT', port);
  const command = ['sh', '-c', 'psql -XAtc "SELECT current_database()" "$OTHER_URL"'];
  const PATH = `${applets}:${runs.server.binFolder}`;
  await container(command, {}, { PATH, URL_VARIABLES: 'OTHER_URL', OTHER_URL }).finished;
  expect(runs.left('migrate.result')).toBe('ok\nschool_restore_1\n');
  await runs.tidy();
});

test('a container that is stopped stops its command and says so', async () => {
  runs.runFolder = mkdtempSync(join(runs.scratch, 'pod-'));
  writeFileSync(join(runs.runFolder, 'migrate.request'), 'new\n');
  const migrate = container(['sleep', '60']);
  await new Promise((resolve) => migrate.process.stdout?.once('data', resolve));
  migrate.process.kill('SIGTERM');
  const finished = await migrate.finished;
  expect([finished.code, runs.left('migrate.result')]).toEqual([
    143,
    expect.stringMatching(/^failed\nstopped by a signal; /),
  ]);
  expect(finished.milliseconds).toBeLessThan(20_000);
});
