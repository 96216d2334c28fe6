import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type Finished, type Running, run, start, until } from '../support/process';
import { archives, BackupRuns, childOf, daily, halfWritten } from './backup-runs';

const SECONDS_OF_HOLDING = 60;
const isRoot = process.getuid?.() === 0;
const smallDisk = isRoot ? 'a 2 MB tmpfs' : 'ulimit -f';

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

/** A compressor that stops after the first megabyte until the file `gate` exists. */
function compressorWithGate(gate: string): string {
  return runs.program('zstd', `{ head -c 1000000; until [[ -e '${gate}' ]]; do sleep 0.02; done; cat; } | zstd "$@"`);
}

/** Starts a backup of `school`, does something when part of the dump is written, and lets it go on. */
async function inTheMiddle(folder: string, doThis: (pid: number) => unknown): Promise<Finished> {
  const gate = runs.path('gate');
  const script = runs.start({ folder, database: 'school', programs: compressorWithGate(gate) });
  await halfWritten(folder);
  await doThis(script.process.pid ?? 0);
  writeFileSync(gate, '');
  return script.finished;
}

/** Starts a backup of `school` while a session holds a table, so that pg_dump waits before its first byte. */
async function whileHeld(
  folder: string,
  doThis: (script: Running) => unknown,
  LOCK_WAIT_SECONDS = '60',
): Promise<Finished> {
  const lock = `BEGIN; LOCK evidence; SELECT pg_sleep(${SECONDS_OF_HOLDING})`;
  const holder = start('psql', ['-XAtqd', 'school', '-c', lock], { env: runs.server.env });
  const waiting = (granted: boolean): Promise<boolean> =>
    runs.server
      .query(`SELECT 1 FROM pg_locks WHERE relation = 'evidence'::regclass AND granted = ${granted}`, 'school')
      .then((rows) => rows.length > 0);
  await until('the table is held', () => waiting(true));
  const script = runs.start({ folder, database: 'school', env: { LOCK_WAIT_SECONDS } });
  await until('pg_dump waits for the table', () => waiting(false));
  await doThis(script);
  await runs.server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'`);
  await holder.finished;
  return script.finished;
}

/** A backup of `school` into a disk that is too small for it. */
async function onSmallDisk(folder: string): Promise<Finished> {
  if (!isRoot) {
    return runs.run({ folder, database: 'school', shell: 'ulimit -f 2000; exec "$@"' });
  }
  const before = readdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=777', 'tmpfs', folder], { encoding: 'utf8' });
  expect(mounted.stderr).toBe('');
  try {
    for (const name of before) {
      writeFileSync(join(folder, name), '');
    }
    const finished = await runs.run({ folder, database: 'school' });
    expect(readdirSync(folder)).toEqual(before);
    expect(Number((await run('df', ['--output=pcent', folder])).stdout.replace(/\D/g, ''))).toBe(0);
    return finished;
  } finally {
    spawnSync('umount', [folder]);
  }
}

/** A run whose compressor's output is changed on its way to the disk. */
function damaged(folder: string, filter: string): Promise<Finished> {
  return runs.run({ folder, programs: runs.program('zstd', `zstd "$@" | ${filter}`) });
}

const FAULTS: readonly [string, number, string | RegExp, (folder: string) => Promise<Finished>][] = [
  [
    'settings are missing or wrong',
    2,
    'PGDATABASE is not set; FILE_PREFIX "a b" must be at most 100 letters, digits, dots, hyphens and underscores; ' +
      'RETENTION_DAYS "0" must be a whole number from 1 to 99999; COMPRESSION_LEVEL "fast" must be a whole number ' +
      'from 1 to 9; LOCK_WAIT_SECONDS "-1" must be a whole number from 1 to 99999',
    (folder) => {
      const numbers = { RETENTION_DAYS: '0', COMPRESSION_LEVEL: 'fast', LOCK_WAIT_SECONDS: '-1' };
      return runs.run({ folder, env: { PGDATABASE: '', FILE_PREFIX: 'a b', ...numbers } });
    },
  ],
  [
    'the folder is not there',
    3,
    '/nowhere is not a folder; mount the backup volume there',
    (folder) => runs.run({ folder, env: { BACKUP_DIR: '/nowhere' } }),
  ],
  [
    'the folder is read-only',
    3,
    /^uid \d+, groups \d+, cannot create a file in \S+: Permission denied; it belongs to \d+:\d+ with mode 555; on the machine that holds the disk, run: chown \d+:\d+ <folder> && chmod 750 <folder>$/,
    async (folder) => {
      chmodSync(folder, 0o555);
      return runs.run({ folder }).finally(() => chmodSync(folder, 0o777));
    },
  ],
  [
    'nothing can be written to /tmp',
    3,
    /^no folder for temporary files: failed to create directory .*; mount an emptyDir at \/tmp$/,
    (folder) => runs.run({ folder, env: { TMPDIR: '/nowhere' } }),
  ],
  [
    'the password is wrong',
    4,
    /^cannot connect to database tiny at 127.0.0.1:\d+ as postgres: .*password authentication failed for user "postgres"$/,
    (folder) => runs.run({ folder, env: { PGPASSWORD: 'wrong-battery' } }),
  ],
  ['there is no password', 4, /no password supplied$/, (folder) => runs.run({ folder, env: { PGPASSWORD: '' } })],
  [
    'no server listens',
    4,
    /^cannot connect to database tiny at 127.0.0.1:1 as postgres: .*Connection refused/,
    (folder) => runs.run({ folder, env: { PGPORT: '1' } }),
  ],
  [
    'the database does not exist',
    4,
    /database "nothing" does not exist$/,
    (folder) => runs.run({ folder, env: { PGDATABASE: 'nothing' } }),
  ],
  [
    'a migration holds a table for longer than pg_dump waits',
    6,
    /^pg_dump ended with status 1: pg_dump: error: .*canceling statement due to statement timeout .* LOCK TABLE public.evidence /,
    (folder) => whileHeld(folder, (script) => script.finished, '1'),
  ],
  [
    'pg_dump alone is killed',
    6,
    'pg_dump was killed by signal 9',
    (folder) => whileHeld(folder, async (script) => process.kill(await childOf(script, 'pg_dump'), 'SIGKILL')),
  ],
  [
    'the compressor alone is killed',
    6,
    'zstd was killed by signal 9',
    (folder) => whileHeld(folder, async (script) => process.kill(await childOf(script, 'zstd'), 'SIGKILL')),
  ],
  [
    'the server is killed in the middle',
    6,
    /^pg_dump ended with status 1: pg_dump: error: Dumping the contents of table "evidence" failed/,
    async (folder) => {
      const finished = await inTheMiddle(folder, () => runs.server.kill());
      await runs.server.restart();
      return finished;
    },
  ],
  [
    'SIGTERM comes in the middle',
    143,
    'stopped by SIGTERM',
    (folder) => inTheMiddle(folder, (pid) => process.kill(pid)),
  ],
  [
    'SIGTERM comes while pg_dump waits',
    143,
    'stopped by SIGTERM',
    (folder) =>
      whileHeld(folder, async (script) => {
        await childOf(script, 'zstd');
        script.process.kill('SIGTERM');
        await script.finished;
        const sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump'";
        await until('pg_dump is gone too', async () => (await runs.server.query(sessions)).length === 0, 2_000);
      }),
  ],
  [
    'SIGTERM comes during the reading back',
    143,
    'stopped by SIGTERM',
    async (folder) => {
      const script = runs.start({ folder, programs: runs.program('gzip', 'exec sleep 60') });
      await childOf(script, 'sleep');
      script.process.kill('SIGTERM');
      return script.finished;
    },
  ],
  [
    'the reader of its output goes away',
    141,
    'stopped by SIGPIPE',
    (folder) => runs.run({ folder, database: 'school', shell: 'set -o pipefail; "$@" | head -n 1' }),
  ],
  [
    `the disk is full (${smallDisk})`,
    6,
    /^zstd (ended with status 70: .*No space left on device|was killed by signal 25)$/,
    onSmallDisk,
  ],
  [
    'the archive loses its end',
    7,
    /^the archive cannot be read back: gzip ended with status 1: .*end of file/,
    (folder) => damaged(folder, 'head -c 400'),
  ],
  [
    'a bit of the archive flips',
    7,
    /^the archive cannot be read back: gzip ended with status 1: /,
    (folder) => damaged(folder, `{ head -c 300; head -c 1 | tr '\\000-\\377' '\\001-\\377\\000'; cat; }`),
  ],
  [
    'something is written behind the archive',
    7,
    /^the archive cannot be read back: gzip ended with status 2: .*trailing garbage/,
    (folder) => damaged(folder, '{ cat; echo more; }'),
  ],
  [
    'pg_dump ends early and says it did well',
    7,
    'the archive cannot be read back: the dump has no end marker, so a part of it is missing',
    (folder) => runs.run({ folder, programs: runs.program('pg_dump', 'pg_dump "$@" | head -n 20') }),
  ],
  [
    'pg_dump writes nothing and says it did well',
    7,
    /the dump has no end marker/,
    (folder) => runs.run({ folder, programs: runs.program('pg_dump', '[[ $1 != --version ]] || pg_dump "$@"') }),
  ],
  [
    'the end marker stands in the last row, and nothing follows',
    7,
    /the dump has no end marker/,
    (folder) => {
      const text = '[[ $1 == --version ]] && exec pg_dump "$@"; echo "-- PostgreSQL database dump complete"';
      return runs.run({ folder, programs: runs.program('pg_dump', text) });
    },
  ],
  [
    'the archive cannot be written out',
    7,
    'sync: Input/output error',
    (folder) => runs.run({ folder, programs: runs.program('sync', 'echo "sync: Input/output error" >&2; exit 1') }),
  ],
  [
    'the archive cannot get its name',
    8,
    /cannot be given its name: mv: Input\/output error$/,
    (folder) => {
      const programs = runs.program('ln', 'exit 1');
      writeFileSync(join(programs, 'mv'), '#!/bin/sh\necho "mv: Input/output error" >&2\nexit 1\n', { mode: 0o755 });
      return runs.run({ folder, programs });
    },
  ],
  [
    'a program is missing from the image',
    1,
    /^line \d+ ended with status 127: /,
    (folder) => runs.run({ folder, programs: runs.program('pg_dump', 'exit 127') }),
  ],
];

test.each(FAULTS)(
  'when %s, the exit code is %d, the reason is told, and no file is touched',
  async (_, code, reason, fault) => {
    const old = daily(40, 1, Date.now());
    const folder = runs.folder(...old);
    const finished = await fault(folder);
    expect([finished.code, finished.stderr]).toEqual([code, expect.stringContaining('backup failed: ')]);
    expect(runs.termination).toMatch(/^backup failed: [^\n]*\n$/);
    const said = runs.termination.slice('backup failed: '.length).trimEnd();
    expect(said).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
    expect(finished.stderr).toContain(said);
    for (const text of [finished.stdout, finished.stderr, said]) {
      expect(text).not.toMatch(/correct-horse|wrong-battery/);
    }
    expect(readdirSync(folder)).toEqual(old);
  },
);

test('a server of another major version is refused, naming both', async () => {
  const other: PostgresServer = await startPostgres({ flavour: '18' });
  try {
    const old = daily(40, 1, Date.now());
    const folder = runs.folder(...old);
    const finished = await runs.run({ folder, env: { ...other.env } });
    expect(finished.code).toBe(5);
    expect(runs.termination).toBe(
      `backup failed: pg_dump is of PostgreSQL ${runs.server.major}, the server of 18; ` +
        "run the backup with the image of the server's major version, postgres:18\n",
    );
    expect(readdirSync(folder)).toEqual(old);
  } finally {
    await other.stop();
  }
});

test('a run that is stopped after its backup has a name says so, and keeps it', async () => {
  const old = daily(40, 1, Date.now());
  const folder = runs.folder(...old);
  const programs = runs.program('sync', `[[ -d $2 ]] || exec sync "$@"; kill -TERM "$PPID"; exec sleep 60`);
  const finished = await runs.run({ folder, programs });
  expect(finished.code).toBe(143);
  expect(archives(folder)).toHaveLength(41);
  expect(readdirSync(folder)).toEqual(archives(folder));
  expect(runs.termination).toMatch(/^backup failed: stopped by SIGTERM; \S+\.sql\.gz is complete\n$/);
});

test('a script that removes old backups before it has a new one is caught by such a fault', async () => {
  const old = daily(40, 1, Date.now());
  const folder = runs.folder(...old);
  const script = runs.sabotaged('  dump\n  read_back\n', '  prune\n  dump\n  read_back\n');
  const finished = await damagedBy(script, folder);
  expect(finished.code).toBe(7);
  expect(readdirSync(folder)).not.toEqual(old);
});

function damagedBy(script: string, folder: string): Promise<Finished> {
  return runs.run({ folder, script, programs: runs.program('zstd', 'zstd "$@" | head -c 400') });
}
