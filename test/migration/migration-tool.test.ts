import { MigrationTool } from '../../lib/migration/migration-tool';

// What each tool's own documentation says to run in production.
test.each([
  ['prisma', MigrationTool.prisma(), ['npx', '--no-install', 'prisma', 'migrate', 'deploy']],
  ['goose', MigrationTool.goose('/app/migrations'), ['goose', '-dir', '/app/migrations', 'postgres', '', 'up']],
  ['alembic', MigrationTool.alembic(), ['alembic', 'upgrade', 'head']],
  ['artisan', MigrationTool.artisan(), ['php', 'artisan', 'migrate', '--force']],
  ['command', MigrationTool.command(['./migrate', '--all']), ['./migrate', '--all']],
])('%s', (name, tool, command) => {
  expect({ ...tool }).toEqual({ name, command });
});

test('an empty command, which would start the app itself, is refused', () => {
  expect(() => MigrationTool.command([])).toThrow('a migration command is empty; name the program and its arguments');
});
