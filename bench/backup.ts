import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../test/support/postgres';
import { readableCopy, removeFolder, scratchFolder, start } from '../test/support/process';
import { median, table } from './table';

const ROUNDS = 3;
const SAMPLE_EVERY = 20;

/** Rows of the table of notes; the log has five times as many. A million make a database of 1.3 GB. */
const ROWS = Number(process.env.MOORING_BENCH_ROWS ?? 1_000_000);

/** Phrases of which notes are made: people write much the same again and again, with other names and numbers. */
const PHRASES = [
  'has shown evidence of reading with care',
  'could explain the results to others in class',
  'needs more time for the written part',
  'met the goal of this term in full',
  'was away on the day of the test and will sit it again',
  'worked well in the group and helped those who were behind',
  'should hand in the missing pages before the end of the week',
  'asked good questions about the experiment',
  'has improved a lot since the last report',
  'reads fluently but does not yet check the spelling',
  'solved every exercise of the chapter without help',
  'the parents were told about the next steps by mail',
];

/**
 * An app's tables: people, notes with JSON (400 bytes a row), and a log of requests with ids, addresses, amounts and
 * times, which is half of the bytes, as it is in most databases that run for some years.
 */
const DATA = `
  CREATE TABLE person AS SELECT i AS id, md5(i::text) || '@example.com' AS email, 'Person ' || i AS name,
    now() - i * interval '7 minutes' AS created FROM generate_series(1, ${ROWS} / 20) i;
  ALTER TABLE person ADD PRIMARY KEY (id);
  CREATE TABLE evidence AS SELECT i AS id, 1 + i % (${ROWS} / 20) AS person, gen_random_uuid() AS reference,
    (random() * 100000)::int AS points, now() - i * interval '13 seconds' AS at,
    jsonb_build_object('kind', (ARRAY['essay', 'photo', 'test', 'talk'])[1 + i % 4], 'mark', i % 7, 'tags', ARRAY[i % 11, i % 13]) AS details,
    (SELECT string_agg('Pupil ' || (hashint8(i + w) & 4095) || ' ' ||
        (ARRAY[${PHRASES.map((phrase) => `'${phrase}'`).join(', ')}])[1 + (hashint8(i * 31 + w) & 1023) % ${PHRASES.length}], '. ')
      FROM generate_series(1, 4) w) AS note
    FROM generate_series(1, ${ROWS}::bigint) i;
  ALTER TABLE evidence ADD PRIMARY KEY (id);
  CREATE INDEX ON evidence (person, at);
  CREATE TABLE request AS SELECT i AS id, gen_random_uuid() AS session, 1 + (random() * ${ROWS} / 20)::int AS person,
    format('10.%s.%s.%s', (random() * 255)::int, (random() * 255)::int, (random() * 255)::int) AS address,
    (random() * 10000)::numeric(9, 2) AS milliseconds, now() - random() * interval '900 days' AS at,
    (ARRAY['/evidence', '/students', '/reports/term', '/login'])[1 + i % 4] AS path
    FROM generate_series(1, ${ROWS}::bigint * 5) i;
  ALTER TABLE request ADD PRIMARY KEY (id);
  ANALYZE;`;

/** What one run took. */
interface Cost {
  readonly seconds: number;
  readonly bytes: number;
  readonly peakMiB: number;
}

/** Runs a command and adds up, all the time, the memory of its own that every process of it holds. */
async function measured(server: PostgresServer, folder: string, command: string, env: Record<string, string>) {
  const running = start('bash', ['-c', command], {
    unprivileged: true,
    env: { ...server.env, PGDATABASE: 'school', PATH: `${server.binFolder}:${process.env.PATH}`, ...env },
  });
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, ownMemory(running.process.pid));
  }, SAMPLE_EVERY);
  const finished = await running.finished;
  clearInterval(timer);
  if (finished.code !== 0) {
    throw new Error(`${command} failed: ${finished.stderr}`);
  }
  const archive = readdirSync(folder).find(
    (name) => /\.(dump|dump\.zst|sql\.gz)$/.test(name) && !name.includes('roles'),
  );
  const bytes = statSync(join(folder, archive ?? '')).size;
  return { seconds: finished.milliseconds / 1000, bytes, peakMiB: peak / 1024 };
}

/** Memory that no file holds, of all processes of a group, in KiB: what a container's limit cannot take back. */
function ownMemory(group: number | undefined): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === group) {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        sum +=
          Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) + Number(/^RssShmem:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      }
    } catch {
      // It ended while we looked.
    }
  }
  return sum;
}

async function main(): Promise<void> {
  const scratch = await scratchFolder();
  const server = await startPostgres();
  try {
    readableCopy(join(__dirname, '../lib/backup/scripts'), scratch, 'scripts');
    process.stderr.write(`making ${ROWS} rows\n`);
    await server.query('CREATE DATABASE school');
    await server.query(DATA, 'school');
    const [[size = '0'] = []] = await server.query(`SELECT pg_database_size('school')`);
    const script = `bash ${join(scratch, 'scripts/backup.sh')}`;
    const kept = {
      FILE_PREFIX: 'school',
      KEEP_ALL_DAYS: '30',
      KEEP_DAILY_DAYS: '0',
      KEEP_MONTHLY_DAYS: '0',
      TMPDIR: scratch,
    };
    const ways: readonly {
      readonly name: string;
      command(folder: string): string;
      readonly env: Record<string, string>;
    }[] = [
      { name: 'pg_dump -Fc', command: (folder) => `pg_dump -Fc -f ${folder}/school.dump`, env: {} },
      { name: 'backup.sh custom', command: () => script, env: { ...kept, FORMAT: 'custom' } },
      { name: 'backup.sh plain', command: () => script, env: { ...kept, FORMAT: 'plain' } },
    ];
    const costs = new Map<string, Cost[]>(ways.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, command, env } of ways) {
        const folder = join(scratch, 'backups');
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        chmodSync(folder, 0o777);
        process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${name}\n`);
        costs.get(name)?.push(await measured(server, folder, command(folder), { BACKUP_DIR: folder, ...env }));
      }
    }
    report(Number(size), costs);
  } finally {
    await server.stop();
    removeFolder(scratch);
  }
}

function report(size: number, costs: ReadonlyMap<string, readonly Cost[]>): void {
  const middle = (name: string, of: (cost: Cost) => number) => median((costs.get(name) ?? []).map(of));
  const base = 'pg_dump -Fc';
  const rows = [...costs.keys()].map((name) => [
    name,
    middle(name, ({ seconds }) => seconds).toFixed(1),
    (size / 1e6 / middle(name, ({ seconds }) => seconds)).toFixed(0),
    (middle(base, ({ seconds }) => seconds) / middle(name, ({ seconds }) => seconds)).toFixed(2),
    (middle(name, ({ bytes }) => bytes) / 1e6).toFixed(0),
    (middle(name, ({ bytes }) => bytes) / middle(base, ({ bytes }) => bytes)).toFixed(3),
    middle(name, ({ peakMiB }) => peakMiB).toFixed(0),
  ]);
  process.stdout.write(
    `a database of ${(size / 1e9).toFixed(2)} GB; medians of ${ROUNDS} rounds, in turn; ${cpus().length} cores\n` +
      'backup.sh: roles, dump, sha256, exact rows, whole archive read back from disk, published; pg_dump: the dump alone\n' +
      table(['', 'seconds', 'MB/s', 'throughput', 'MB', 'size', 'peak MiB'], rows),
  );
}

void main();
