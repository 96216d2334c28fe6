import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, start, until } from '../support/process';
import { PREFIX, RestoreRuns } from './restore-runs';

const isRoot = process.getuid?.() === 0;
const QUERY = {
  MIGRATION_TOOL: 'own',
  MIGRATION_TABLE: 'public.migration',
  MIGRATION_QUERY: 'SELECT id FROM public.migration ORDER BY id',
};

let runs: RestoreRuns;
let plain: string;
let custom: string;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
  await runs.makeSchool();
  await runs.server.query(`CREATE TABLE migration AS SELECT unnest('{m1,m2}'::text[]) AS id`, 'school');
  custom = await runs.backup('custom', QUERY);
  plain = await runs.backup('plain', QUERY);
  await runs.server.query(`DELETE FROM evidence WHERE id < 9`, 'school');
});

afterAll(() => runs.end());

/** Half of the bytes; the CRC and the end are gone. */
const truncated = (archive: Buffer) => archive.subarray(0, archive.length >> 1);
const flipped = (archive: Buffer) =>
  Buffer.from(archive.map((byte, i) => (i === archive.length >> 1 ? byte ^ 4 : byte)));

/** Changes the metadata of a copy of a backup. */
function withMetadata(change: (text: string) => string, archive = (bytes: Buffer) => bytes): string {
  const name = runs.damaged(custom, archive);
  const file = join(runs.folder, `${name}.meta.json`);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return name;
}

/** Restores while a psql session has run the statement and still waits. */
async function beside(statement: string, database: string, restore: () => Promise<Finished>): Promise<Finished> {
  const holder = start(
    'psql',
    ['-XAtqd', database, '-c', `SET application_name = 'the other'; ${statement}; SELECT pg_sleep(60)`],
    { env: runs.server.env },
  );
  const asleep = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'the other' AND wait_event = 'PgSleep'`;
  await until('the other session waits', async () => (await runs.server.query(asleep)).length > 0);
  const finished = await restore();
  await runs.server.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'the other'`,
  );
  await holder.finished;
  return finished;
}

const REFUSALS: readonly [string, number, RegExp, () => Promise<Finished>][] = [
  ['nothing is asked for', 2, /^call "restore.sh restore NAME", /, () => runs.run([])],
  ['no backup is named', 2, /^call "restore.sh restore NAME", /, () => runs.run(['restore'])],
  [
    'settings are missing',
    2,
    /^PGUSER is not set; PGDATABASE is not set; FILE_PREFIX is not set; BACKUP_WAIT_SECONDS "soon" must be a whole number; RUN_DIR is not set, /,
    () =>
      runs.run(['restore', custom], {
        PGUSER: '',
        PGDATABASE: '',
        FILE_PREFIX: '',
        BACKUP_WAIT_SECONDS: 'soon',
        RUN_DIR: '',
        MIGRATE: 'container',
      }),
  ],
  [
    'the password is wrong',
    4,
    /^cannot connect to database postgres at .*password authentication failed/,
    () => runs.run(['restore', custom], { PGPASSWORD: 'wrong-battery' }),
  ],
  [
    'the name is a path',
    3,
    /^"\.\.\/x" is not the name of a backup; they are called school_platform_YYYYMMDD_HHMMSS$/,
    () => runs.run(['restore', '../x']),
  ],
  [
    'the name is of another database',
    3,
    /^"shop_20260101_000000" is not the name of a backup; /,
    () => runs.run(['restore', 'shop_20260101_000000']),
  ],
  [
    'there is no such backup',
    3,
    /^there is no backup school_platform_19990101_000000 in \S+; (there|the newest) are school_platform_/,
    () => runs.run(['restore', `${PREFIX}_19990101_000000`]),
  ],
  [
    'the backup is unverified',
    3,
    /^school_platform_20200101_000000.sql.gz is unverified: .*; run "verify school_platform_20200101_000000" first/,
    () => {
      writeFileSync(join(runs.folder, `${PREFIX}_20200101_000000.sql.gz`), 'x');
      return runs.run(['restore', `${PREFIX}_20200101_000000`]);
    },
  ],
  [
    'a plain archive is truncated',
    3,
    /cannot be restored: .*(gzip|unexpected end)/,
    () => runs.run(['restore', runs.damaged(plain, truncated)]),
  ],
  [
    'a custom archive is truncated',
    3,
    /cannot be restored: .*zstd/,
    () => runs.run(['restore', runs.damaged(custom, truncated)]),
  ],
  [
    'one bit of an archive is another',
    3,
    /cannot be restored: |is not the file that was verified/,
    () => runs.run(['restore', runs.damaged(custom, flipped)]),
  ],
  [
    'a whole archive is not the one that was verified',
    3,
    /\.dump\.zst is not the file that was verified: its sha256 is \w{64} and should be 0{64}$/,
    () =>
      runs.run(['restore', withMetadata((text) => text.replace(/"sha256": "\w+"/, `"sha256": "${'0'.repeat(64)}"`))]),
  ],
  [
    'a table has not the rows that were counted',
    11,
    /^rows are not as they were backed up: "public.evidence" has 1000 and should have 999; "public.lost" has none and should have 5$/,
    () =>
      runs.run([
        'restore',
        withMetadata((text) => text.replace('evidence": 1000', 'evidence": 999,\n    "public.lost": 5')),
      ]),
  ],
  [
    'the schema is another one',
    11,
    /^the schema is not as it was backed up: its fingerprint differs, though each row is there$/,
    () => runs.run(['restore', withMetadata((text) => text.replace(/(schemaFingerprint": ")\w{4}/, '$1dead'))]),
  ],
  [
    'the database can be backed up, but the restore is told not to',
    2,
    /^SAFETY_BACKUP is "no", but school can be backed up; that is only for a database that is missing or cannot be connected to$/,
    () => runs.run(['restore', custom], { SAFETY_BACKUP: 'no' }),
  ],
  [
    'the safety backup fails',
    6,
    /^the safety backup failed, so nothing was restored: backup failed: LOCK_WAIT_SECONDS "x" must be .*; if school is damaged, rename it by hand and restore with SAFETY_BACKUP=no$/,
    () => runs.run(['restore', custom], { LOCK_WAIT_SECONDS: 'x' }),
  ],
  [
    'the backup is newer than the app',
    10,
    /^the backup is NEWER than the running app: its last migration, m9, is not applied in school; deploy .* first, or choose an older backup\. ACCEPT_NEWER=yes /,
    () => runs.run(['restore', withMetadata((text) => text.replace('"m2"', '"m9"'))], QUERY),
  ],
  [
    'another restore is running',
    5,
    /^another restore of school is running: the other, pid \d+, since \S+ \S+ UTC$/,
    () =>
      beside(`SELECT pg_advisory_lock(hashtext('mooring restore'), hashtext('school'))`, 'postgres', () =>
        runs.run(['restore', custom]),
      ),
  ],
  [
    'a backup runs for too long',
    5,
    /^a backup has been running for more than 0 s: another run is making a backup: the other since /,
    () =>
      beside(`SELECT pg_advisory_lock(hashtext('mooring backup'), hashtext('${PREFIX}'))`, 'school', () =>
        runs.run(['restore', custom], { BACKUP_WAIT_SECONDS: '0' }),
      ),
  ],
  [
    'migrations fail',
    12,
    /^the migrations of the running app failed on the restored data: the command ended with status 3: no such column$/,
    () => runs.run(['restore', custom], { MIGRATE: 'echo no such column; exit 3' }),
  ],
  [
    'a session cannot be ended',
    13,
    /^school could not be replaced and is as it was: sessions do not end: must be a superuser to terminate superuser process: pid \d+ \(the other\) of postgres$/,
    async () => {
      await runs.server.query(
        `ALTER ROLE teacher CREATEDB PASSWORD 'correct-horse'; CREATE DATABASE school_old_20200101_000000 OWNER teacher`,
      );
      const rollback = () => runs.run(['rollback'], { PGUSER: 'teacher', SWAP_ATTEMPTS: '2' });
      const finished = await beside('SELECT 1', 'school', rollback);
      await runs.server.query('DROP DATABASE school_old_20200101_000000');
      return finished;
    },
  ],
];

test.each(REFUSALS)(
  'when %s, the exit code is %d, the reason is told, and the database is as it was',
  async (_, code, reason, refuse) => {
    const before = [await runs.contents(), await runs.properties(), await runs.databases()];
    const finished = await refuse();
    const said = /(?:restore|rollback) failed: (.*)\n/s.exec(
      finished.stderr
        .split('\n')
        .filter((line) => !line.startsWith('backup failed'))
        .join('\n'),
    )?.[1];
    expect([finished.code, said]).toEqual([code, expect.stringMatching(reason)]);
    expect(finished.stdout + finished.stderr).not.toMatch(/correct-horse|wrong-battery/);
    expect([await runs.contents(), await runs.properties(), await runs.databases()]).toEqual(before);
  },
);

test('a newer backup is restored when that is said to be wanted, with a warning', async () => {
  const name = withMetadata((text) => text.replace('"m2"', '"m9"'));
  expect(await runs.run(['restore', name], { ...QUERY, ACCEPT_NEWER: 'yes' })).toMatchObject({ code: 0 });
  expect(runs.left('restore.result')).toMatch(/^Warning: the backup is NEWER than the running app: /m);
});

// Only root mounts a disk of a few megabytes; CI runs as root.
const onSmallDisk = isRoot ? test : test.skip;
if (!isRoot) {
  process.stderr.write('skipped: a server on a small disk needs root, which mounts a tmpfs\n');
}

/** Moves the data of a server to a disk on which so many bytes are free. */
async function moveToSmallDisk({ server }: RestoreRuns, free: number): Promise<void> {
  await server.query('CHECKPOINT');
  await server.kill();
  const script = `mv "$1" "$1.moved" && mkdir "$1" &&
    mount -t tmpfs -o size=$(($(du -sk "$1.moved" | cut -f 1) * 1024 + ${free})) tmpfs "$1" &&
    cp -a "$1.moved/." "$1" && chown --reference="$1.moved" "$1" && chmod 700 "$1" && rm -r "$1.moved"`;
  expect(spawnSync('sh', ['-c', script, 'sh', server.dataFolder], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
  await server.restart();
}

onSmallDisk(
  'a server whose disk is too small for two is left alone, and the live database never lacks space',
  async () => {
    const small = await RestoreRuns.begin();
    try {
      await small.makeSchool();
      await small.server.query(
        'CREATE TABLE large AS SELECT i, repeat(md5(i::text), 30) AS text FROM generate_series(1, 30000) i',
        'school',
      );
      const name = await small.backup('custom');
      await moveToSmallDisk(small, 30_000_000);
      const writes = small.server.query(
        `DO $$ BEGIN FOR i IN 1..40 LOOP
           INSERT INTO student (name) VALUES ('x'); COMMIT; PERFORM pg_sleep(0.05);
         END LOOP; END $$`,
        'school',
      );
      const finished = await small.run(['restore', name]);
      await writes;
      expect([finished.code, finished.stderr]).toEqual([
        9,
        expect.stringMatching(
          /restore failed: the server has \S+ MB free and \S+ MB are needed: 1\.5 times the \S+ MB of the database, and the write-ahead log/,
        ),
      ]);
      expect(await small.databases()).toEqual(['school']);
    } finally {
      await small.server.kill();
      spawnSync('umount', [small.server.dataFolder]);
      await small.end();
    }
  },
);
