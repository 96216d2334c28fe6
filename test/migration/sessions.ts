import type { PostgresServer } from '../support/postgres';
import { start, until } from '../support/process';

/** A session that holds what its statements take, until it is released. */
export async function holding(server: PostgresServer, db: string, sql: string): Promise<{ release(): Promise<void> }> {
  const name = `holder-of-${db}`;
  const psql = ['-XAtq', '-c', `SET application_name = '${name}'`, '-c', `${sql}; SELECT pg_sleep(600)`];
  const session = start('psql', psql, { env: { ...server.env, PGDATABASE: db } });
  const its = `FROM pg_stat_activity WHERE application_name = '${name}'`;
  await until(`${name} holds its locks`, async () => {
    return (await server.query(`SELECT 1 ${its} AND wait_event = 'PgSleep'`)).length > 0;
  });
  return {
    release: async () => {
      await server.query(`SELECT pg_terminate_backend(pid) ${its}`);
      await session.finished;
    },
  };
}

/** Awaits that a session of a migration runs a statement. */
export function running(server: PostgresServer, db: string, what: string): Promise<void> {
  return until(`a migration of ${db} runs ${what}`, async () => {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = '${db}' AND query LIKE '%${what}%' AND state = 'active' AND pid <> pg_backend_pid()`;
    return (await server.query(sql)).length > 0;
  });
}
