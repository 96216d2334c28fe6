import { type PostgresServer, startPostgres } from './postgres';

test.each(['debian', '18'] as const)(
  'the test server %s keeps its data when it is killed and started again',
  async (flavour) => {
    const server: PostgresServer = await startPostgres({ flavour });
    try {
      await server.query('CREATE TABLE t AS SELECT 42 AS n');
      await server.kill();
      await server.restart();
      expect(await server.query('SELECT n FROM t')).toEqual([['42']]);
    } finally {
      await server.stop();
    }
  },
);
