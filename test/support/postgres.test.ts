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

test('a server begins empty, whatever another one of the run did', async () => {
  const one = await startPostgres();
  try {
    await one.query('CREATE TABLE t AS SELECT 42 AS n');
    const other = await startPostgres();
    expect(await other.query(`SELECT to_regclass('t') IS NULL`)).toEqual([['t']]);
    await other.stop();
  } finally {
    await one.stop();
  }
});
