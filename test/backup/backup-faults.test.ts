import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, type Running, start, until } from '../support/process';
import { type BackupRuns, childOf, daily, halfWritten, incomplete, newestMetadata, unfounded } from './backup-runs';
import { type Fault, FaultRuns, LEVEL } from './fault-runs';

const isRoot = process.getuid?.() === 0;
const smallDisk = isRoot ? 'a 2 MB tmpfs' : 'ulimit -f';

let faults: FaultRuns;
let runs: BackupRuns;

beforeAll(async () => {
  faults = await FaultRuns.begin();
  runs = faults.runs;
});

afterAll(() => faults.end());

/** Starts a backup of `school`, does something when part of the dump is written, and lets it go on. */
async function inTheMiddle(
  folder: string,
  doThis: (script: Running) => unknown,
  slow: 'zstd' | 'pg_dump' = 'zstd',
): Promise<Finished> {
  const gate = runs.path('gate');
  const wait = `until [[ -e '${gate}' ]]; do sleep 0.02; done`;
  const programs =
    slow === 'zstd'
      ? faults.compressor(`{ head -c 1000000; ${wait}; cat; } | zstd "$@"`)
      : runs.program(
          'pg_dump',
          `[[ $1 != --version ]] || exec pg_dump "$@"; pg_dump "$@" | { head -c 9000000; ${wait}; cat; }`,
        );
  const script = runs.start({ folder, database: 'school', programs, env: LEVEL });
  await halfWritten(folder);
  await doThis(script);
  writeFileSync(gate, '');
  return script.finished;
}

/** Starts a backup of `school` while a session holds a faults.table. */
async function whileHeld(folder: string, doThis: (script: Running) => unknown): Promise<Finished> {
  const env = { ...runs.server.env, PGAPPNAME: 'migration' };
  const holder = start('psql', ['-XAtqd', 'school', '-c', 'BEGIN; LOCK evidence; SELECT pg_sleep(60)'], { env });
  const waiting = (granted: boolean): Promise<boolean> =>
    runs.server
      .query(`SELECT 1 FROM pg_locks WHERE relation = 'evidence'::regclass AND granted = ${granted}`, 'school')
      .then((rows) => rows.length > 0);
  await until('the table is held', () => waiting(true));
  const script = runs.start({ folder, database: 'school', env: { LOCK_WAIT_SECONDS: '1' } });
  await until('the backup waits for the table', () => waiting(false));
  await doThis(script);
  await runs.server.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'migration'`,
  );
  await holder.finished;
  return script.finished;
}

/** A backup of `school` into a disk that is too small for it. */
async function onSmallDisk(folder: string): Promise<Finished> {
  if (!isRoot) {
    return runs.run({ folder, database: 'school', shell: 'ulimit -f 2000; exec "$@"' });
  }
  const before = readdirSync(folder).filter((name) => !name.endsWith('.meta.json'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=777', 'tmpfs', folder], { encoding: 'utf8' });
  expect(mounted.stderr).toBe('');
  try {
    for (const name of before) {
      writeFileSync(join(folder, name), '');
    }
    const finished = await runs.run({ folder, database: 'school' });
    expect(readdirSync(folder)).toEqual(before);
    return finished;
  } finally {
    spawnSync('umount', [folder]);
  }
}

const FAULTS: readonly Fault[] = [
  [
    'settings are missing or wrong',
    2,
    'PGDATABASE is not set; FILE_PREFIX "a b" must be at most 100 letters, digits, dots, hyphens and underscores; ' +
      'COMPRESSION_LEVEL "fast" must be a whole number from 1 to 9; LOCK_WAIT_SECONDS "-1" must be a whole number ' +
      'from 1 to 99999; TIME_ZONE "$HOME" must be the name of a time zone; ' +
      'AGE_RECIPIENTS has "me@example.com", which is no public key of age; ' +
      'KEEP_ALL_DAYS "-1" must be 0, a number of days up to 99999, or forever',
    (folder) =>
      runs.run({
        folder,
        env: {
          PGDATABASE: '',
          FILE_PREFIX: 'a b',
          COMPRESSION_LEVEL: 'fast',
          LOCK_WAIT_SECONDS: '-1',
          TIME_ZONE: '$HOME',
          AGE_RECIPIENTS: 'me@example.com',
          KEEP_ALL_DAYS: '-1',
        },
      }),
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
    (folder) => runs.run({ folder, env: { PGPASSWORD: 'wrong-battery', CONNECT_PAUSE_SECONDS: '600' } }),
  ],
  ['there is no password', 4, /no password supplied$/, (folder) => runs.run({ folder, env: { PGPASSWORD: '' } })],
  [
    'no server listens, tried as often as it should',
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
    'a migration holds a table for longer than the backup waits',
    6,
    /^a table could not be read for 1 s, public.evidence is held by migration \(process \d+\): .*canceling statement due to statement timeout/,
    (folder) => whileHeld(folder, (script) => script.finished),
  ],
  [
    'pg_dump alone is killed',
    6,
    'pg_dump was killed by signal 9',
    (folder) => inTheMiddle(folder, async (script) => process.kill(await childOf(script, 'pg_dump'), 'SIGKILL')),
  ],
  [
    'the compressor alone is killed',
    6,
    'zstd was killed by signal 9',
    (folder) =>
      inTheMiddle(folder, async (script) => process.kill(await childOf(script, 'zstd'), 'SIGKILL'), 'pg_dump'),
  ],
  [
    'the server is killed in the middle and does not come back',
    4,
    /^cannot connect to database school at \S+ as postgres: .*Connection refused/,
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
    (folder) => inTheMiddle(folder, (script) => script.process.kill('SIGTERM')),
  ],
  [
    'SIGTERM comes while the backup waits for a table',
    143,
    'stopped by SIGTERM',
    (folder) =>
      whileHeld(folder, async (script) => {
        script.process.kill('SIGTERM');
        await script.finished;
        const sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^(backup|pg_dump)'";
        await until('its sessions are gone too', async () => (await runs.server.query(sessions)).length === 0, 4_000);
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
    /^writer (ended with status 1: .*No space left on device|was killed by signal 25)$/,
    onSmallDisk,
  ],
  [
    'the roles cannot be dumped',
    6,
    'pg_dumpall ended with status 1: no roles for you',
    (folder) => runs.run({ folder, programs: runs.program('pg_dumpall', 'echo "no roles for you" >&2; exit 1') }),
  ],
  [
    'the rows cannot be counted',
    6,
    /^the rows could not be counted: .*division by zero/,
    (folder) => {
      const text = `sed -u 's|^SELECT pg_database_size.*|SELECT 1 / 0;|' | psql "$@"`;
      return runs.run({ folder, programs: runs.program('psql', text) });
    },
  ],
  [
    'a program is missing from the image',
    1,
    /^line \d+ ended with status 127: /,
    (folder) => runs.run({ folder, programs: runs.program('pg_dump', 'exit 127') }),
  ],
];

test.each(FAULTS)('when %s, the exit code is %d, the reason is told, and no file is touched', (...fault) =>
  faults.expectRefusal(fault),
);

test('what is told about a dump is true also when there is little space for temporary files', async () => {
  await runs.server.query('CREATE DATABASE wide');
  const create = `DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t_%s (id int)', i); END LOOP; END $$`;
  await runs.server.query(create, 'wide');
  const fingerprint = async (env: Record<string, string>): Promise<unknown> => {
    const folder = runs.folder();
    const finished = await runs.run({ folder, env: { PGDATABASE: 'wide', ...env } });
    return finished.code === 0 ? newestMetadata(folder).schemaFingerprint : finished.stderr;
  };
  const right = await fingerprint({});
  expect(right).toMatch(/^[0-9a-f]{64}$/);
  const TMPDIR = runs.path('tmp');
  mkdirSync(TMPDIR);
  chmodSync(TMPDIR, 0o777);
  const told: unknown[] = [];
  for (const size of ['20k', '64k', '72k', '80k', '96k']) {
    if (isRoot) {
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=777`, 'tmpfs', TMPDIR]).status).toBe(0);
    }
    try {
      told.push(await fingerprint({ TMPDIR }));
    } finally {
      spawnSync('umount', [TMPDIR]);
    }
  }
  // Right, or loud.
  expect(told.filter((each) => each !== right && !/^backup failed: .+\n$/.test(String(each)))).toEqual([]);
  expect(told[0] === right).toBe(!isRoot);
});

test('a run that is stopped before its backup has metadata keeps the archive, and says so', async () => {
  const old = daily(40, 1, Date.now());
  const folder = runs.folder(...old);
  const programs = runs.program('sync', `[[ -d $2 ]] || exec sync "$@"; kill -TERM "$PPID"; exec sleep 60`);
  const finished = await runs.run({ folder, programs });
  expect(finished.code).toBe(143);
  expect(readdirSync(folder).filter((name) => !old.includes(name))).toHaveLength(2);
  expect([...incomplete(folder).filter((name) => !old.includes(name)), ...unfounded(folder)]).toEqual([]);
  expect(runs.termination).toMatch(
    /^backup failed: stopped by SIGTERM; \S+\.sql\.gz is complete, but counts only when verify has adopted it\n$/,
  );
});

test('a script that writes under the final name from byte 0 is caught by the loss of its process', async () => {
  const folder = runs.folder();
  const script = runs.start({ folder, database: 'school', script: runs.withoutPartial() });
  await until('a part is written', () => readdirSync(folder).some((name) => name.endsWith('.sql.gz')));
  script.process.kill('SIGKILL');
  await script.finished;
  faults.table.count('final name from byte 0', folder, { kept: [], expired: [] }, false);
  expect(faults.table.of('final name from byte 0').wrong).toBeGreaterThan(0);
});
