import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BreakableNetwork } from '../support/breakable-network';
import { startPostgres } from '../support/postgres';
import { start, until } from '../support/process';
import { BackupRuns, backup, daily, metadata, newestMetadata, PREFIX, stampOf, unfounded } from './backup-runs';

const NOW = Date.UTC(2026, 10, 20, 19);
const FROZEN = `${PREFIX}.pruning-frozen`;

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

/** A folder with forty verified backups, of which the last has the metadata given. */
function folderAfter(changes: Readonly<Record<string, unknown>>): string {
  const folder = runs.folder(...daily(40, 1, NOW));
  const name = `${PREFIX}_${stampOf(NOW - 24 * 3_600_000)}`;
  writeFileSync(join(folder, `${name}.meta.json`), metadata(name, changes));
  return folder;
}

test('a server of another major version is refused, naming both', async () => {
  const other = await startPostgres({ flavour: '18' });
  try {
    const folder = runs.folder(...daily(40, 1, NOW));
    const finished = await runs.run({ folder, env: { ...other.env } });
    expect(finished.code).toBe(5);
    expect(runs.termination).toBe(
      `backup failed: pg_dump is of PostgreSQL ${runs.server.major}, the server of 18; ` +
        "run the backup with the image of the server's major version, postgres:18\n",
    );
    expect(readdirSync(folder)).toEqual(daily(40, 1, NOW));
  } finally {
    await other.stop();
  }
});

test('all that a role may not read is listed at once, and with it granted the backup is made', async () => {
  await runs.server.query('CREATE DATABASE guarded');
  await runs.server.query(
    `CREATE ROLE clerk LOGIN PASSWORD 'correct-horse';
     CREATE SCHEMA "Back office"; CREATE TABLE "Back office".salary (id serial, amount int);
     CREATE TABLE open_table (id int); GRANT SELECT ON open_table TO clerk;
     CREATE TABLE closed_table (id int); CREATE TABLE parts (id int) PARTITION BY LIST (id);
     CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
     CREATE SEQUENCE numbers;
     CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secret TO clerk;
     CREATE TABLE own (id int); ALTER TABLE own OWNER TO clerk; ALTER TABLE own ENABLE ROW LEVEL SECURITY;
     CREATE VIEW nobody_reads AS SELECT 1; INSERT INTO own VALUES (1)`,
    'guarded',
  );
  const folder = runs.folder(...daily(40, 1, NOW));
  const env = { PGUSER: 'clerk', PGDATABASE: 'guarded' };
  expect(await runs.run({ folder, env })).toMatchObject({ code: 11 });
  expect(runs.termination).toBe(
    'backup failed: role "clerk" cannot read everything; it lacks USAGE on schema "Back office", ' +
      'SELECT on sequence "Back office".salary_id_seq, SELECT on sequence public.numbers, ' +
      'SELECT on table public.parts, SELECT on table "Back office".salary, SELECT on table public.closed_table, ' +
      'SELECT on table public.part_1, the rows of public.secret that row-level security hides; ' +
      'run: GRANT pg_read_all_data TO "clerk"; ALTER ROLE "clerk" BYPASSRLS\n',
  );
  expect(readdirSync(folder)).toEqual(daily(40, 1, NOW));
  await runs.server.query('GRANT pg_read_all_data TO "clerk"; ALTER ROLE "clerk" BYPASSRLS');
  expect(await runs.run({ folder, env })).toMatchObject({ code: 0, stderr: '' });
  expect(newestMetadata(folder)).toMatchObject({ tables: 6 });
});

test('less free space than 1.3 times the last backup is refused', async () => {
  const folder = folderAfter({ bytes: 900_000, rolesBytes: 100_000 });
  const df = (bytes: number): string => runs.program('df', `printf ' Avail\\n${bytes}\\n'`);
  expect(await runs.run({ folder, now: NOW, programs: df(1_299_999) })).toMatchObject({ code: 12 });
  expect(runs.termination).toBe(
    `backup failed: 1.3 MB are free in ${folder}, and the last backup has 1.0 MB: at least 1.3 MB must be free; ` +
      'enlarge the volume or keep fewer backups\n',
  );
  expect(readdirSync(folder)).toEqual(daily(40, 1, NOW));
  expect(await runs.run({ folder, now: NOW, programs: df(1_300_000) })).toMatchObject({ code: 0 });
});

test('a volume that is really too small is refused before the dump', async () => {
  const folder = folderAfter({ bytes: 1e15 });
  expect(await runs.run({ folder, now: NOW })).toMatchObject({ code: 12 });
});

describe('one run at a time', () => {
  const gate = (): string => runs.program('pg_dump', '[[ $1 != --version ]] || exec pg_dump "$@"; sleep 600');

  test('a second run ends well and says who is at work; killed runs block nobody', async () => {
    const folder = runs.folder();
    const first = runs.start({ folder, programs: gate(), env: { JOB_NAME: 'nightly-29391240' } });
    const locks = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted`;
    await until('the first has the lock', async () => (await runs.server.query(locks)).length > 0);
    const second = await runs.run({ folder, env: { JOB_NAME: 'by-hand' } });
    expect([second.code, second.stderr]).toEqual([0, '']);
    const said =
      /skipped: another run is making a backup: backup nightly-29391240 since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n$/;
    expect(second.stdout).toMatch(said);
    expect(runs.result).toMatch(
      /^skipped\nTime: .*\nReason: another run is making a backup: backup nightly-29391240 since /,
    );
    expect(readdirSync(folder).filter((name) => !name.endsWith('.partial'))).toEqual([]);
    // Another database, or another prefix, is no business of the first.
    expect(await runs.run({ folder: runs.folder(), env: { FILE_PREFIX: 'other' } })).toMatchObject({ code: 0 });
    expect(runs.result).toMatch(/^ok\n/);
    const third = runs.folder();
    expect(await runs.run({ folder: third, database: 'school' })).toMatchObject({ code: 0 });
    expect(unfounded(third)).toEqual([]);

    process.kill(-(first.process.pid ?? 0), 'SIGKILL');
    await first.finished;
    await until('the lock is free', async () => (await runs.server.query(locks)).length === 0);
    expect(await runs.run({ folder })).toMatchObject({ code: 0 });
    expect(runs.result).toMatch(/^ok\n/);
  });

  test('the server soon asks whether a session with the lock is still there', async () => {
    const script = runs.start({ folder: runs.folder(), programs: gate() });
    const session = `SELECT client_port FROM pg_stat_activity WHERE application_name ~ '^backup' AND xact_start IS NOT NULL`;
    let port = Number.NaN;
    await until('it has its snapshot', async () => {
      port = Number((await runs.server.query(session))[0]?.[0]);
      return port > 0;
    });
    // The timer of the server's socket: 02 is keepalive, with the hundredths of a second that are left.
    const [here, there] = [runs.server.port, port].map((each) => each.toString(16).toUpperCase().padStart(4, '0'));
    const timer = new RegExp(`:${here} \\w+:${there} 01 \\S+ 02:(\\w+) `);
    let left = Number.NaN;
    await until('only that timer runs', () => {
      left = Number.parseInt(timer.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1] ?? '', 16);
      return !Number.isNaN(left);
    });
    script.process.kill('SIGTERM');
    await script.finished;
    expect(left).toBeLessThanOrEqual(6_000);
  });

  test('of two that begin at once, one makes the backup', async () => {
    const folder = runs.folder(...daily(40, 1, NOW));
    const results = await Promise.all([1, 2].map(() => runs.run({ folder, now: NOW })));
    expect(results.map((result) => [result.code, result.stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const made = results.filter((result) => result.stdout.includes('backup complete')).length;
    expect(readdirSync(folder)).toEqual([
      ...daily(30, 0, NOW),
      // Unless the one was done before the other began.
      ...(made === 2 ? backup(NOW + 1000) : []),
    ]);
  });
});

describe('a sudden drop', () => {
  test.each([
    ['rows', { rows: 3, rowsOfTable: {} }, '1 rows, and the last backup has 3'],
    ['bytes', { plainBytes: 100_000 }, / bytes, and the last backup has 100.0 kB/],
  ])('of %s keeps the backup, fails, and freezes pruning', async (_, changes, reason) => {
    const folder = folderAfter(changes);
    expect(await runs.run({ folder, now: NOW })).toMatchObject({ code: 10 });
    const said = expect.stringMatching(reason);
    expect(runs.termination).toEqual(said);
    expect(runs.termination).toMatch(
      /; nothing old is removed until somebody confirms that this is right; \S+ is complete\n$/,
    );
    expect(runs.result).toMatch(
      /^failed\nSize: .*\nDuration: .*\nTables: .*\nFile: .*\nTime: .*\nPruning: frozen .*\nReason: the backup has /,
    );
    expect(readFileSync(join(folder, FROZEN), 'utf8')).toEqual(said);
    expect(newestMetadata(folder)).toMatchObject({ suddenDrop: said, verified: true });
    expect(unfounded(folder)).toEqual([]);
    const all = [...daily(40, 0, NOW), FROZEN].sort();
    expect(readdirSync(folder)).toEqual(all);

    // The next run has nothing to complain about, but removes nothing either, and says so.
    expect(await runs.run({ folder, now: NOW + 1000 })).toMatchObject({ code: 0 });
    expect(runs.result).toMatch(/^ok\n(.*\n)*Pruning: frozen since school_platform_20261120_190000: /);
    expect(readdirSync(folder)).toEqual([...all, ...backup(NOW + 1000)].sort());
  });

  test.each(['scheduled', 'safety'])(
    'that a safety backup froze nothing for is told by the next %s one',
    async (kind) => {
      const folder = folderAfter({ rows: 100 });
      const safety = { BACKUP_KIND: 'safety', PRUNE: 'no' };
      expect(await runs.run({ folder, now: NOW, env: safety })).toMatchObject({ code: 0 });
      const said = '1 rows, and the last backup has 100';
      expect(newestMetadata(folder)).toMatchObject({ kind: 'safety', suddenDrop: said });
      const env = kind === 'safety' ? safety : {};
      const next = await runs.run({ folder, now: NOW + 1000, env });
      const told = `1 rows, and ${PREFIX}_${stampOf(NOW - 24 * 3_600_000)} has 100`;
      expect([next.code, next.stderr]).toEqual([kind === 'safety' ? 0 : 10, expect.stringContaining(told)]);
      expect(newestMetadata(folder)).toMatchObject({ suddenDrop: told });
      // Nothing is removed.
      expect(readdirSync(folder)).toEqual(
        [...daily(40, 0, NOW), ...backup(NOW + 1000), ...(kind === 'safety' ? [] : [FROZEN])].sort(),
      );
    },
  );

  test('that a safety backup in a store froze nothing for is told by the next one', async () => {
    const folder = runs.folder();
    const name = (days: number): string => `${PREFIX}_${stampOf(NOW - days * 24 * 3_600_000)}`;
    const safety = metadata(name(1), { kind: 'safety', rows: 1, suddenDrop: '1 rows, and the last backup has 100' });
    for (const path of [join(folder, 'previous.meta.json'), join(folder, `${name(1)}.meta.json`)]) {
      writeFileSync(path, safety);
    }
    writeFileSync(join(folder, `${name(2)}.meta.json`), metadata(name(2), { rows: 100 }));
    const env = { PREVIOUS_METADATA: join(folder, 'previous.meta.json'), PRUNE: 'no' };
    expect(await runs.run({ folder, now: NOW, env })).toMatchObject({ code: 10 });
    expect(newestMetadata(folder)).toMatchObject({ suddenDrop: `1 rows, and ${name(2)} has 100` });
  });

  test('is no drop of exactly a half, nor of bytes in another format', async () => {
    const folder = folderAfter({ rows: 2, plainBytes: 100_000, format: 'custom' });
    expect(await runs.run({ folder, now: NOW })).toMatchObject({ code: 0, stderr: '' });
    expect(newestMetadata(folder)).toMatchObject({ suddenDrop: null });
  });

  test('is seen against metadata from elsewhere, when the folder is only a staging place', async () => {
    const folder = runs.folder();
    const previous = runs.path('previous');
    writeFileSync(previous, metadata(`${PREFIX}_20261119_190000`, { rows: 100 }));
    const env = { PREVIOUS_METADATA: previous, PRUNE: 'no' };
    expect(await runs.run({ folder, now: NOW, env })).toMatchObject({ code: 10 });
    expect(readdirSync(folder)).toEqual([FROZEN, ...backup(NOW)].sort());
    // Half of it is no metadata.
    writeFileSync(previous, metadata('x', { rows: 100 }).slice(0, 300));
    expect(await runs.run({ folder: runs.folder(), now: NOW, env })).toMatchObject({ code: 0 });
  });

  test('that is not told by a run killed before its metadata is told by the next', async () => {
    const folder = folderAfter({ rows: 3 });
    const counter = runs.path('names');
    const text = `echo >>'${counter}'; [[ $(wc -l <'${counter}') -lt 3 ]] || kill -KILL 0; exec ln "$@"`;
    expect(await runs.run({ folder, now: NOW, programs: runs.program('ln', text) })).toMatchObject({
      signal: 'SIGKILL',
    });
    expect(readdirSync(folder)).toContain(FROZEN);
    expect(await runs.run({ folder, now: NOW + 1000 })).toMatchObject({ code: 10 });
  });
});

test('a server that is starting is awaited', async () => {
  const folder = runs.folder();
  await runs.server.kill();
  const env = { CONNECT_TRIES: '30' };
  const script = runs.start({ folder, env });
  let said = '';
  script.process.stderr?.on('data', (text: string) => {
    said += text;
  });
  await until('it was tried once', () => said.includes('no connection yet: '));
  await runs.server.restart();
  expect(await script.finished).toMatchObject({ code: 0 });
  expect(unfounded(folder)).toEqual([]);
});

test('a server that restarts in the middle costs a second dump, not the backup', async () => {
  const folder = runs.folder();
  const [gate, counter] = [runs.path('gate'), runs.path('tries')];
  const text = `[[ $1 != --version ]] || exec pg_dump "$@"; echo >>'${counter}'
    pg_dump "$@" | { head -c 1000000; until [[ -e '${gate}' ]]; do sleep 0.02; done; cat; }; exit "\${PIPESTATUS[0]}"`;
  const programs = runs.program('pg_dump', `${text}`);
  const script = runs.start({ folder, database: 'school', programs, env: { CONNECT_TRIES: '30' } });
  await until('pg_dump runs', () => readdirSync(join(counter, '..')).some((name) => counter.endsWith(name)));
  const dumping = `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY %'`;
  await until('it copies', async () => (await runs.server.query(dumping)).length > 0);
  await runs.server.kill();
  await runs.server.restart();
  writeFileSync(gate, '');
  const finished = await script.finished;
  expect([finished.code, finished.stderr]).toEqual([0, expect.stringContaining('trying again from the beginning: ')]);
  expect(readFileSync(counter, 'utf8')).toBe('\n\n');
  expect(readdirSync(folder)).toHaveLength(3);
  expect(unfounded(folder)).toEqual([]);
  expect(newestMetadata(folder)).toMatchObject({ rows: 151_000 });
});

test.each([
  ['before pg_dump uses its snapshot', '1'],
  ['while the rows are counted', 'pg_sleep(1)'],
])('a session that ends %s costs a second dump, not the backup', async (_, slow) => {
  const folder = runs.folder();
  const ended = runs.path('ended');
  const counting = `query ~ 'pg_database_size' AND state ${slow === '1' ? '~' : '!~'} 'idle'`;
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^backup' AND ${counting}`;
  const programs = runs.program(
    'pg_dump',
    `[[ $1 == --version || -e '${ended}' ]] || until [[ $(psql -XAtqc "${end}") == t ]]; do sleep 0.02; done
     [[ $1 == --version ]] || : >'${ended}'; exec pg_dump "$@"`,
  );
  const text = `exec psql "$@" < <(exec sed -u 's|^SELECT pg_database_size(.*);$|SELECT pg_database_size(current_database()) FROM (SELECT ${slow}) s;|')`;
  writeFileSync(join(programs, 'psql'), `#!/usr/bin/env bash\nPATH=\${PATH#*:}\n${text}\n`, { mode: 0o755 });
  const finished = await runs.run({ folder, programs });
  const again = /^trying again from the beginning: the session that holds the snapshot ended: .*terminating connection/;
  expect([finished.code, finished.stderr]).toEqual([0, expect.stringMatching(again)]);
  expect(unfounded(folder)).toEqual([]);
});

test('a session that is lost without the knowledge of the server is ended, not taken for another run', async () => {
  const network = await BreakableNetwork.to(runs.server.port);
  try {
    const folder = runs.folder();
    const gate = runs.path('gate');
    const text = `[[ $1 != --version ]] || exec pg_dump "$@"
      pg_dump "$@" | { head -c 1000000; until [[ -e '${gate}' ]]; do sleep 0.02; done; cat; }; exit "\${PIPESTATUS[0]}"`;
    const env = { PGPORT: String(network.port) };
    const script = runs.start({ folder, database: 'school', programs: runs.program('pg_dump', text), env });
    const dumping = `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY %'`;
    await until('it copies', async () => (await runs.server.query(dumping)).length > 0);
    network.break();
    writeFileSync(gate, '');
    const finished = await script.finished;
    expect(finished.stdout).not.toContain('skipped');
    expect([finished.code, finished.stderr]).toEqual([0, expect.stringContaining('trying again from the beginning: ')]);
    expect(readdirSync(folder)).toHaveLength(3);
    expect(unfounded(folder)).toEqual([]);
  } finally {
    network.close();
  }
});

test('a holder that comes and goes delays the backup, and stops nobody', async () => {
  const env = { ...runs.server.env, PGAPPNAME: 'migration' };
  const holder = start('psql', ['-XAtqd', 'school', '-c', 'BEGIN; LOCK evidence; SELECT pg_sleep(5)'], { env });
  const held = `SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'evidence'::regclass`;
  await until('the table is held', async () => (await runs.server.query(held, 'school')).length > 0);
  const folder = runs.folder();
  const finished = await runs.run({ folder, database: 'school' });
  expect(finished.stderr).toMatch(/^trying again: public.evidence is held by migration \(process \d+\)\n/);
  expect(finished.code).toBe(0);
  await holder.finished;
  expect(unfounded(folder)).toEqual([]);
});

test('a table that is dropped while the backup waits for it costs another try', async () => {
  const env = { ...runs.server.env, PGAPPNAME: 'migration' };
  await runs.server.query('CREATE TABLE obsolete (id int)', 'school');
  const drop = 'BEGIN; LOCK obsolete; SELECT pg_sleep(1.5); DROP TABLE obsolete; COMMIT';
  const holder = start('psql', ['-XAtqd', 'school', ...drop.split('; ').flatMap((each) => ['-c', each])], { env });
  const held = `SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'obsolete'::regclass`;
  await until('the table is held', async () => (await runs.server.query(held, 'school')).length > 0);
  const folder = runs.folder();
  const finished = await runs.run({ folder, database: 'school' });
  expect(await holder.finished).toMatchObject({ code: 0 });
  expect(finished).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('relation "public.obsolete" does not exist'),
  });
  expect(unfounded(folder)).toEqual([]);
});
