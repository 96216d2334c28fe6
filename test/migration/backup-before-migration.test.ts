import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { run, until } from '../support/process';
import { gooseImage } from './images';
import { MigrationRuns } from './migration-runs';
import { holding } from './sessions';

describeWithGoProgram(GOOSE, 'a backup before a migration', () => {
  let runs: MigrationRuns;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
  }, 120_000);

  afterAll(async () => {
    await runs.end();
  });

  /** A database with the first migration and a row, the image with the second one, and an empty folder. */
  async function released() {
    const db = await runs.database();
    expect((await runs.job(gooseImage(runs, [1]), db)).code).toBe(0);
    await runs.server.query('INSERT INTO t1 VALUES (7)', db);
    const image = gooseImage(runs, [1, { number: 2, sql: 'DELETE FROM t1; CREATE TABLE t2 (id int);' }]);
    return { db, image, folder: runs.files({}) };
  }

  const versions = (db: string) =>
    runs.server.query('SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY 1', db);

  test('holds what was there before, read back and with its metadata', async () => {
    const { db, image, folder } = await released();
    const env = { JOB_NAME: 'shop-migrate-0123456789' };
    const { backup, migrate } = await runs.backedUpJob(image, db, folder, env);
    expect([backup.code, backup.message, migrate?.code]).toEqual([0, '', 0]);
    expect(await runs.server.query('SELECT * FROM t1', db)).toEqual([]);
    const [archive = '', metadata = '', ...rest] = readdirSync(folder).filter((name) => !name.includes('roles'));
    expect([archive, metadata, rest]).toEqual([
      expect.stringMatching(/^shop_\d{8}_\d{6}\.dump\.zst$/),
      archive.replace('.dump.zst', '.meta.json'),
      [],
    ]);
    expect(JSON.parse(readFileSync(join(folder, metadata), 'utf8'))).toMatchObject({
      file: archive,
      kind: 'safety',
      job: 'shop-migrate-0123456789',
    });
    const list = await run('sh', [
      '-c',
      'zstd -dqc "$0" | pg_restore --data-only --table=t1 -f -',
      join(folder, archive),
    ]);
    expect(list.stdout).toContain('\n7\n');
  });

  test('that fails leaves the database as it was, and its reason is the pod’s', async () => {
    const { db, image, folder } = await released();
    const { backup, migrate } = await runs.backedUpJob(image, db, join(folder, 'gone'));
    expect([backup.code, migrate]).toEqual([3, undefined]);
    expect(backup.message).toMatch(/^backup failed: .*gone/);
    expect(await versions(db)).toEqual([['20260101']]);
    expect(await runs.server.query('SELECT * FROM t1', db)).toEqual([['7']]);
  });

  test('is not made when nothing is to be migrated', async () => {
    const { db, folder } = await released();
    const { backup, migrate } = await runs.backedUpJob(gooseImage(runs, [1]), db, folder);
    expect([backup.code, migrate?.code, readdirSync(folder)]).toEqual([0, 0, []]);
    expect(backup.stdout).toBe('before-migration: nothing is to be migrated: current\n');
  });

  test('is not made when the migration cannot begin; the tool’s container tells why', async () => {
    const { db, image, folder } = await released();
    const { backup, migrate } = await runs.backedUpJob(image, db, folder, { PGPASSWORD: 'wrong' });
    expect([backup.code, migrate?.code, readdirSync(folder)]).toEqual([0, 4, []]);
    expect(migrate?.message).toContain('password authentication failed');
  });

  test('waits for a backup that is running, and says so when that takes too long', async () => {
    const { db, image, folder } = await released();
    const other = await holding(
      runs.server,
      db,
      "SELECT pg_advisory_lock(hashtext('mooring backup'), hashtext('shop'))",
    );
    const { backup } = await runs.backedUpJob(image, db, folder, { BACKUP_WAIT_SECONDS: '0' });
    expect(backup.code).toBe(14);
    expect(backup.message).toMatch(/^safety backup failed: another run is making a backup: .*; waited 0 s\n$/);
    const RUN_DIR = runs.files({});
    const waiting = runs.backedUpJob(image, db, folder, { RUN_DIR });
    const result = join(RUN_DIR, 'dump.result');
    await until('it found another backup', () => existsSync(result) && readFileSync(result, 'utf8').startsWith('skip'));
    await other.release();
    expect((await waiting).migrate?.code).toBe(0);
    expect(await versions(db)).toEqual([['20260101'], ['20260102']]);
  });

  test('a migration whose lock is lost while the backup is made does not begin', async () => {
    const state = runs.files({ verdict: 'run\nto be applied: 2\n', lost: '' });
    const script = join(__dirname, '../../lib/migration/scripts/run-migration.sh');
    const outcome = await run('sh', [script, 'touch', join(state, 'begun')], { env: { STATE_DIR: state } });
    expect(outcome.code).toBe(6);
    expect(outcome.stderr).toContain('the connection to the server was lost before the migration began');
    expect(readdirSync(state).sort()).toEqual(['lost', 'verdict']);
  });
});
