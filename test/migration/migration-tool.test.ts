import { type CommandProps, MigrationTool } from '../../lib/migration/migration-tool';

const OPTIONS =
  '-c lock_timeout=3s -c statement_timeout=0 -c client_connection_check_interval=2s -c tcp_keepalives_idle=10 ' +
  '-c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

const own: CommandProps = {
  migrate: ['./migrate', '--all'],
  list: ['ls', 'versions'],
  table: 'tool.done',
  applied: 'SELECT name FROM tool.done',
};

// What each tool's own documentation says to run in production, and where it records what it did.
test.each([
  [
    MigrationTool.goose('/app/migrations'),
    ['sh', '/mooring/scripts/goose-up.sh', '/app/migrations', 'goose_db_version'],
    ['sh', '/mooring/scripts/list-goose.sh', '/app/migrations'],
    'goose_db_version',
  ],
  [
    MigrationTool.prisma(),
    ['sh', '/mooring/scripts/prisma-deploy.sh', 'prisma/migrations', 'npx', '--no-install', 'prisma'],
    ['sh', '/mooring/scripts/list-prisma.sh', 'prisma/migrations'],
    '_prisma_migrations',
  ],
  [
    MigrationTool.alembic(),
    ['alembic', '-c', 'alembic.ini', 'upgrade', 'heads'],
    ['sh', '/mooring/scripts/list-alembic.sh', 'alembic', '-c', 'alembic.ini'],
    'alembic_version',
  ],
  [
    MigrationTool.artisan(),
    ['php', 'artisan', 'migrate', '--force', '--no-interaction'],
    ['sh', '/mooring/scripts/list-artisan.sh', 'database/migrations'],
    'migrations',
  ],
  [MigrationTool.command(own), ['./migrate', '--all'], ['ls', 'versions'], 'tool.done'],
])('$name', (tool, migrate, list, table) => {
  expect(tool.migratesAtStart).toBe(false);
  expect(tool.gatedSteps()).toMatchObject({ migrate, list, table });
});

test('folders, configuration, command line and tables can be others', () => {
  expect(MigrationTool.goose('db', 'app.versions').gatedSteps()).toMatchObject({
    migrate: ['sh', '/mooring/scripts/goose-up.sh', 'db', 'app.versions'],
    table: 'app.versions',
  });
  expect(MigrationTool.prisma('db', ['node', 'prisma.js']).gatedSteps().migrate.slice(2)).toEqual([
    'db',
    'node',
    'prisma.js',
  ]);
  expect(MigrationTool.alembic('db/alembic.ini', 'versions').gatedSteps()).toMatchObject({
    migrate: ['alembic', '-c', 'db/alembic.ini', 'upgrade', 'heads'],
    table: 'versions',
  });
  expect(MigrationTool.artisan(['a', 'b'], 'done').gatedSteps()).toMatchObject({
    list: ['sh', '/mooring/scripts/list-artisan.sh', 'a', 'b'],
    table: 'done',
  });
});

test('Prisma, which reads no PGOPTIONS, finds them in its URL', () => {
  const { URL_PARAMETERS } = MigrationTool.prisma().gatedSteps().env;
  expect(Object.fromEntries(new URLSearchParams(URL_PARAMETERS))).toEqual({
    options: OPTIONS,
    application_name: 'migration-job',
  });
});

test('ent migrates at the start of the app: no Job can, and no gate need be', () => {
  expect(MigrationTool.ent().migratesAtStart).toBe(true);
  expect(() => MigrationTool.ent().gatedSteps()).toThrow(
    'ent migrates when the app starts; leave MigrationJob and MigrationGate out, ' +
      'or give the image a command that migrates and name it with MigrationTool.command',
  );
});

test('empty commands, which would start the app itself, are refused together', () => {
  expect(() => MigrationTool.command({ ...own, migrate: [], list: [] })).toThrow(
    'the command "migrate" of a migration tool is empty; name a program and its arguments\n' +
      'the command "list" of a migration tool is empty; name a program and its arguments',
  );
});

test.each(['', 'Versions', 'a.b.c', 'x; DROP TABLE t', '"v"'])(
  'table %j is refused: it becomes part of a query',
  (table) => {
    expect(() => MigrationTool.command({ ...own, table })).toThrow(
      `table "${table}" of command is no plain name; write table or schema.table, in lower case without quotes`,
    );
  },
);
