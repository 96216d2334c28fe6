import { join } from 'node:path';
import { MigrationTool } from '../../lib/migration/migration-tool';
import type { Image, MigrationRuns } from './migration-runs';

/** Where an image's files are put. */
type Files = Pick<MigrationRuns, 'files'>;

/** A migration: number 1 to 9, and what it does. @default - it makes the table t<number> */
export type Version = number | { readonly number: number; readonly sql: string };

/** Makes the image of an app with migrations, as people who use the tool write them. */
export type MakeImage = (runs: Files, versions: readonly Version[]) => Image;

const MODULES = join(__dirname, '../../node_modules');

function normalized(version: Version): { readonly number: number; readonly sql: string } {
  return typeof version === 'number' ? { number: version, sql: `CREATE TABLE t${version} (id int);` } : version;
}

/** What Prisma and Laravel call a migration, and goose with `.sql` behind it. */
export function nameOf(number: number): string {
  return `2026010${number}_add_t${number}`;
}

export const gooseImage: MakeImage = (runs, versions) => ({
  tool: MigrationTool.goose('migrations'),
  folder: runs.files({
    'migrations/README.md': 'no migration',
    ...Object.fromEntries(
      versions
        .map(normalized)
        .map(({ number, sql }) => [`migrations/${nameOf(number)}.sql`, `-- +goose Up\n${sql}\n-- +goose Down\n`]),
    ),
  }),
});

export const prismaImage: MakeImage = (runs, versions) => ({
  tool: MigrationTool.prisma('prisma/migrations', ['node', join(MODULES, 'prisma/build/index.js')]),
  // The engines are downloaded otherwise; with an adapter none is used.
  env: { PRISMA_QUERY_ENGINE_LIBRARY: '/bin/true', PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' },
  folder: runs.files({
    'prisma.config.js': `
      const { PrismaPg } = require(${JSON.stringify(join(MODULES, '@prisma/adapter-pg'))});
      // Two timers of ten seconds keep the process: the engine's wait for its lock, and the pool's idle client.
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (...args) => {
        const timer = setTimeout(...args);
        return args[1] >= 5000 ? timer.unref() : timer;
      };
      // The adapter does not know the type "name" of catalog columns (prisma/orm#27403): it is shown "text".
      const pg = require(${JSON.stringify(join(MODULES, 'pg'))});
      for (const { prototype } of [pg.Pool, pg.Client]) {
        const { query } = prototype;
        prototype.query = function (...args) {
          const answer = query.apply(this, args);
          return answer?.then?.((result) => {
            for (const field of [result].flat().flatMap(({ fields }) => fields ?? [])) {
              field.dataTypeID = field.dataTypeID === 19 ? 25 : field.dataTypeID;
            }
            return result;
          }) ?? answer;
        };
      }
      module.exports = {
        experimental: { adapter: true },
        engine: 'js',
        schema: 'prisma/schema.prisma',
        adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL, allowExitOnIdle: true }),
      };`,
    'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
    ...Object.fromEntries(
      versions.map(normalized).map(({ number, sql }) => [`prisma/migrations/${nameOf(number)}/migration.sql`, sql]),
    ),
  }),
});

/** Files only: PHP and Laravel are not there, so nothing can be migrated. */
export const artisanImage: MakeImage = (runs, versions) => ({
  tool: MigrationTool.artisan(),
  folder: runs.files(
    Object.fromEntries(versions.map(normalized).map(({ number }) => [`database/migrations/${nameOf(number)}.php`, ''])),
  ),
});

/** A tool of one's own: each version is a file, and a row of the table done. */
export const commandImage: MakeImage = (runs, versions) => ({
  tool: MigrationTool.command({
    migrate: ['sh', 'migrate.sh'],
    list: ['ls', 'versions'],
    table: 'done',
    applied: "SELECT name FROM done WHERE state = 'good'",
  }),
  folder: runs.files({
    'migrate.sh': 'echo "no psql here"; exit 7\n',
    ...Object.fromEntries(versions.map(normalized).map(({ number, sql }) => [`versions/${nameOf(number)}`, sql])),
  }),
});

export const alembicImage: MakeImage = (runs, versions) => alembicBranches(runs, [versions]);

/** Alembic with revisions in one or more branches that never meet. */
export function alembicBranches(runs: Files, branches: readonly (readonly Version[])[]): Image {
  const revisions = branches.flatMap((branch) =>
    branch.map(normalized).map(({ number, sql }, index) => {
      const before = branch[index - 1];
      const parent = before === undefined ? 'None' : `'rev${normalized(before).number}'`;
      return [
        `alembic/versions/rev${number}_add.py`,
        `"""add t${number}\n\nRev: not this one\n"""\nfrom alembic import op\nrevision = 'rev${number}'\ndown_revision = ${parent}\n` +
          `def upgrade():\n    op.execute("""${sql}""")\ndef downgrade():\n    pass\n`,
      ];
    }),
  );
  return {
    tool: MigrationTool.alembic(),
    folder: runs.files({
      'alembic.ini': '[alembic]\nscript_location = alembic\n',
      'alembic/script.py.mako': '',
      'alembic/env.py': `
from alembic import context
from sqlalchemy import create_engine
with create_engine("postgresql+psycopg2://").connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
`,
      ...Object.fromEntries(revisions),
    }),
  };
}
