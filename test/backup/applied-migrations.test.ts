import { AppliedMigrations } from '../../lib/backup/applied-migrations';
import { type PostgresServer, startPostgres } from '../support/postgres';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

function variables(migrations: AppliedMigrations): Record<string, string | undefined> {
  return Object.fromEntries(migrations.env.map(({ name, value }) => [name, value]));
}

/** What the query of a backup returns on tables as the tool makes them. */
async function idsOf(migrations: AppliedMigrations, sql: string): Promise<string[]> {
  const { MIGRATION_TABLE = '', MIGRATION_QUERY = '' } = variables(migrations);
  await server.query(`CREATE DATABASE tool`);
  try {
    expect(await server.query(`SELECT to_regclass('${MIGRATION_TABLE}') IS NULL`, 'tool')).toEqual([['t']]);
    await server.query(sql, 'tool');
    expect(await server.query(`SELECT to_regclass('${MIGRATION_TABLE}') IS NULL`, 'tool')).toEqual([['f']]);
    return (await server.query(`SELECT id FROM (${MIGRATION_QUERY}) AS applied`, 'tool')).map(([id]) => id ?? '');
  } finally {
    await server.query('DROP DATABASE tool WITH (FORCE)');
  }
}

test.each<[string, AppliedMigrations, string, string[]]>([
  [
    'prisma: finished and not rolled back, by name',
    AppliedMigrations.prisma(),
    `CREATE TABLE _prisma_migrations (migration_name text, started_at timestamptz, finished_at timestamptz, rolled_back_at timestamptz);
     INSERT INTO _prisma_migrations VALUES ('20260201_b', now(), now(), NULL), ('20260101_a', now(), now() + '1s', NULL),
       ('20260301_failed', now(), NULL, NULL), ('20260401_gone', now(), now(), now())`,
    ['20260101_a', '20260201_b'],
  ],
  [
    'goose: the newest row of each version, as a number, without version 0',
    AppliedMigrations.goose(),
    `CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied bool);
     INSERT INTO goose_db_version (version_id, is_applied)
       VALUES (0, true), (10, true), (9, true), (11, true), (11, false)`,
    ['9', '10'],
  ],
  [
    'alembic: the revision',
    AppliedMigrations.alembic(),
    `CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('ae1027a6acf')`,
    ['ae1027a6acf'],
  ],
  [
    'artisan: all, by name',
    AppliedMigrations.artisan('laravel'),
    `CREATE SCHEMA laravel; CREATE TABLE laravel.migrations (id serial, migration varchar, batch int);
     INSERT INTO laravel.migrations (migration, batch) VALUES ('2026_02_01_b', 1), ('2026_01_01_a', 2)`,
    ['2026_01_01_a', '2026_02_01_b'],
  ],
  [
    'a schema file: those of one app, in the order in which they were applied',
    AppliedMigrations.schemaSync('shop'),
    `CREATE SCHEMA mooring; CREATE TABLE mooring.schema_sync (id serial, name text, sha256 text, applied_at timestamptz);
     INSERT INTO mooring.schema_sync (name, sha256) VALUES ('shop', 'ffff'), ('other', 'eeee'), ('shop', '0000')`,
    ['ffff', '0000'],
  ],
])('%s', async (_, migrations, sql, ids) => {
  expect(await idsOf(migrations, sql)).toEqual(ids);
});

test('any other tool is what was given', () => {
  expect(variables(AppliedMigrations.query({ tool: 'own', table: 'public.v', query: 'SELECT 1::text AS id' }))).toEqual(
    {
      MIGRATION_TOOL: 'own',
      MIGRATION_TABLE: 'public.v',
      MIGRATION_QUERY: 'SELECT 1::text AS id',
    },
  );
});

test.each(['Public', 'a b', 'x;', "'", ''])('schema "%s", which would need quotes, is refused', (schema) => {
  for (const factory of ['prisma', 'goose', 'alembic', 'artisan'] as const) {
    expect(() => AppliedMigrations[factory](schema)).toThrow(
      `schema "${schema}" needs quotes in SQL; name one of lower-case letters, digits and underscores`,
    );
  }
});

test("an app's name cannot leave its quotes", () => {
  expect(() => AppliedMigrations.schemaSync("x' OR true --")).toThrow('is not a name');
});
