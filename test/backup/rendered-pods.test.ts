import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Size } from 'cdk8s';
import { AppliedMigrations } from '../../lib/backup/applied-migrations';
import { BackupCronJob } from '../../lib/backup/backup-cron-job';
import { BackupTools } from '../../lib/backup/backup-tools';
import { RestoreDrill } from '../../lib/backup/restore-drill';
import { RestoreMigration } from '../../lib/backup/restore-migration';
import { RestoreTemplate } from '../../lib/backup/restore-template';
import type { Database } from '../../lib/database/database';
import { Schedule } from '../../lib/platform/schedule';
import { loadSqlGrammar, SchemaFile } from '../../lib/workload/schema/schema-file';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { removeFolder, run, scratchFolder } from '../support/process';
import { FakeDatabase, testPlatform } from '../support/test-platform';
import { minimalBackup } from './support/backup-props';
import { RenderedPod } from './support/rendered-pod';

// What is rendered must be what the scripts want: their files, their environment, their arguments.

const FIRST = 'CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY);';
const SECOND = `${FIRST}\nALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;`;

let server: PostgresServer;
let root: string;
let pod: RenderedPod;

beforeAll(async () => {
  await loadSqlGrammar();
  root = await scratchFolder();
  chmodSync(root, 0o755);
  server = await startPostgres();
  await server.query('CREATE DATABASE shop');
  pod = new RenderedPod(platformWith(SECOND), root);
  await sync(FIRST);
  await server.query('INSERT INTO orders SELECT generate_series(1, 1000)', 'shop');
});

afterAll(async () => {
  await server.stop();
  removeFolder(root);
});

function platformWith(schema: string) {
  const platform = testPlatform();
  const { backup } = platform.layers;
  const env = { ...server.env, PGDATABASE: 'shop' };
  const connection = Object.entries(env).map(([name, value]) => ({ name, value }));
  const database: Database = Object.assign(new FakeDatabase(), { connection, direct: connection, major: server.major });
  const backups = new BackupCronJob(backup, 'Backup', {
    ...minimalBackup,
    database,
    migrations: AppliedMigrations.schemaSync('shop'),
  });
  new BackupTools(backup, 'Tools', { name: 'shop-db-backups', backups });
  new RestoreDrill(backup, 'Drill', {
    name: 'shop-db-drill',
    backups,
    schedule: Schedule.weekly('sunday', '05:00', 'Etc/UTC'),
    space: Size.gibibytes(1),
    checks: "SELECT 'there are orders', count(*) > 0 FROM orders",
  });
  new RestoreTemplate(backup, 'Restore', {
    name: 'shop-db-restore',
    backups,
    migration: RestoreMigration.schemaSync('shop', SchemaFile.fromText(schema, 'schema.sql')),
  });
  return platform;
}

/** Applies a schema file as the app's init container does. */
async function sync(schema: string): Promise<void> {
  const files = SchemaFile.fromText(schema, 'schema.sql').configMapData();
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(root, file), text);
  }
  const env = { ...server.env, PGDATABASE: 'shop', SYNC_NAME: 'shop' };
  expect(await run('bash', [join(root, 'schema-sync.sh')], { env })).toMatchObject({ code: 0 });
}

const list = async () => {
  const { code, stdout, stderr } = await pod.run('shop-db-backups', 'catalogue', { jobName: 'shop-db-backups-manual' });
  expect({ code, said: stderr }).toEqual({ code: 0, said: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

let name: string;

test('a rendered backup makes a verified backup and knows that it is scheduled', async () => {
  const dump = await pod.run('shop-backup', 'dump', { jobName: 'shop-backup-29391234' });
  expect(dump).toMatchObject({ code: 0 });
  const [sidecar = ''] = readdirSync(join(root, 'backups')).filter((file) => file.endsWith('.meta.json'));
  const metadata = JSON.parse(readFileSync(join(root, 'backups', sidecar), 'utf8'));
  expect(metadata).toMatchObject({
    verified: true,
    kind: 'scheduled',
    job: 'shop-backup-29391234',
    timeZone: 'Australia/Perth',
    format: 'custom',
    migrationTool: 'schema-sync',
    migrationCount: 1,
    rowsOfTable: { 'public.orders': 1000 },
  });
  name = metadata.name;
});

test('rendered tools list it as compatible, and as older once the app has another schema', async () => {
  expect(await list()).toContainEqual(expect.objectContaining({ name, compatibility: 'compatible' }));
  await sync(SECOND);
  expect(await list()).toContainEqual(expect.objectContaining({ name, compatibility: 'needs-migration' }));
});

test('a rendered drill restores it and runs the checks', async () => {
  const drill = await pod.run('shop-db-drill', 'drill', { jobName: 'shop-db-drill-29391235' });
  expect(drill).toMatchObject({ code: 0, stdout: expect.stringContaining('checks: 1 hold') });
});

test('a rendered restore brings it back with the schema of the app that runs now', async () => {
  await server.query('DELETE FROM orders', 'shop');
  const jobName = 'shop-db-restore-manual-x7f3k';
  const restore = await pod.run('shop-db-restore', 'restore', { jobName, args: ['restore', name] });
  expect(restore).toMatchObject({ code: 0 });
  expect(await server.query('SELECT count(*), count(note) FROM orders', 'shop')).toEqual([['1000', '0']]);
  const applied = await server.query('SELECT name FROM mooring.schema_sync ORDER BY id', 'shop');
  expect(applied).toEqual([['shop'], ['shop']]);
});

test('the same Job does not restore twice', async () => {
  await server.query("INSERT INTO orders VALUES (2000, 'after')", 'shop');
  const jobName = 'shop-db-restore-manual-x7f3k';
  const again = await pod.run('shop-db-restore', 'restore', { jobName, args: ['restore', name] });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('restored before') });
  expect(await server.query('SELECT count(*) FROM orders', 'shop')).toEqual([['1001']]);
});

test('a restore without arguments does nothing', async () => {
  const refused = await pod.run('shop-db-restore', 'restore', { jobName: 'shop-db-restore-29391236' });
  expect(refused.code).toBe(2);
  expect(await server.query('SELECT count(*) FROM orders', 'shop')).toEqual([['1001']]);
});
