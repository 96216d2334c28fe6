import { join } from 'node:path';
import { longestSilence, ReconnectingClients, timeOfRefusals } from '../test/backup/reconnecting-clients';
import { type PostgresServer, startPostgres } from '../test/support/postgres';
import { run, until } from '../test/support/process';
import { median, table } from './table';

const CLIENTS = 20;
const ROUNDS = 5;
const SCRIPT = join(__dirname, '../lib/backup/scripts/restore.sh');

/** What clients saw of one swap, in milliseconds. */
interface Swap {
  /** From the first refused or lost connection to the last. */
  readonly refusals: number;
  /** The longest that one client was without an answer. */
  readonly silence: number;
  /** The whole rollback: lock, checks, swap. */
  readonly whole: number;
}

/** Swaps a database while clients connect to it again and again, forwards and backwards. */
async function measure(server: PostgresServer): Promise<Swap> {
  await server.query(`CREATE DATABASE school_old_20260101_000000 TEMPLATE template0`);
  await server.query('CREATE TABLE mark AS SELECT 2 AS n; GRANT SELECT ON mark TO app', 'school_old_20260101_000000');
  const clients = new ReconnectingClients(CLIENTS, server.port, 'school', 'SELECT n FROM mark');
  try {
    await until('every client has an answer', () => new Set(answered(clients)).size === CLIENTS);
    const finished = await run('bash', [SCRIPT, 'rollback'], { env: { ...server.env, PGDATABASE: 'school' } });
    if (finished.code !== 0) {
      throw new Error(`the swap failed: ${finished.stderr}`);
    }
    const seen = clients.answers.length;
    await until('every client has another', () => new Set(answered(clients, seen)).size === CLIENTS);
    const { answers } = clients;
    return { refusals: timeOfRefusals(answers), silence: longestSilence(answers), whole: finished.milliseconds };
  } finally {
    await clients.stop();
    await run('bash', [SCRIPT, 'drop-old'], { env: { ...server.env, PGDATABASE: 'school' } });
  }
}

function answered(clients: ReconnectingClients, from = 0): number[] {
  return clients.answers.slice(from).flatMap(({ client, value }) => (value === undefined ? [] : [client]));
}

async function main(): Promise<void> {
  const server = await startPostgres();
  try {
    await ReconnectingClients.admit(server);
    await server.query('CREATE DATABASE school');
    await server.query('CREATE TABLE mark AS SELECT 1 AS n; GRANT SELECT ON mark TO app', 'school');
    const swaps: Swap[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      swaps.push(await measure(server));
    }
    const row = (name: string, of: (swap: Swap) => number) => [
      name,
      median(swaps.map(of)).toFixed(0),
      Math.max(...swaps.map(of)).toFixed(0),
    ];
    process.stdout.write(
      `swap of a database under ${CLIENTS} reconnecting clients, PostgreSQL ${server.major}, ${ROUNDS} rounds, milliseconds\n` +
        table(
          ['', 'median', 'worst'],
          [
            row('connections refused', ({ refusals }) => refusals),
            row('longest wait of a client', ({ silence }) => silence),
            row('whole rollback', ({ whole }) => whole),
          ],
        ),
    );
  } finally {
    await server.stop();
  }
}

void main();
