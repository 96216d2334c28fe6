import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run } from '../support/process';
import { BackupRuns, backup, childOf, incomplete, nameOf, newestMetadata, ROWS, unfounded } from './backup-runs';

/** 03:00 in Perth. */
const NOW = Date.UTC(2026, 10, 20, 19);

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

test.each([
  ['plain', 'gunzip -c "$1" | psql -Xq -o /dev/null -v ON_ERROR_STOP=1 --single-transaction -d copy_plain'],
  ['custom', 'zstd -dc "$1" | pg_restore --exit-on-error -d copy_custom'],
])('a %s backup of more than 100,000 rows restores with the same rows in every table', async (FORMAT, load) => {
  const folder = runs.folder();
  const result = await runs.run({ folder, database: 'school', env: { FORMAT } });
  expect([result.code, result.stderr, runs.termination]).toEqual([0, '', '']);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(unfounded(folder)).toEqual([]);
  const archive = join(folder, newestMetadata(folder).file);

  await runs.server.query(`CREATE DATABASE copy_${FORMAT}`);
  const loaded = await run('bash', ['--norc', '-o', 'pipefail', '-c', load, 'load', archive], { env: runs.server.env });
  expect([loaded.code, loaded.stderr]).toEqual([0, '']);
  for (const table of ['student', 'evidence', 'recent']) {
    const sql = `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM ${table} t`;
    expect(await runs.server.query(sql, `copy_${FORMAT}`)).toEqual(await runs.server.query(sql, 'school'));
  }
  expect(await runs.server.query('SELECT count(*) FROM evidence', `copy_${FORMAT}`)).toEqual([[String(ROWS)]]);
});

test('a backup says each step with sizes and times, and ends with a line for programs', async () => {
  const folder = runs.folder();
  const result = await runs.run({ folder, now: NOW });
  const archive = join(folder, nameOf(NOW));
  const bytes = statSync(archive).size;
  const version = newestMetadata(folder).serverVersion;
  expect(result.stdout.replace(/\d+\.\d\d s|\d+\.\d\d$/gm, 'TIME')).toBe(
    [
      `server: PostgreSQL ${version}, database tiny at 127.0.0.1:${runs.server.port}`,
      'dump: in TIME',
      `read back: ${bytes} bytes are complete`,
      `published: ${archive}`,
      'removed: 0 that were too old',
      `backup complete: file=${archive} bytes=${bytes} seconds=TIME`,
      '',
    ].join('\n'),
  );
});

test.each([
  ['Australia/Perth', ' (2026-11-21 03:00:00 AWST)'],
  ['Europe/Berlin', ' (2026-11-20 20:00:00 CET)'],
  ['UTC', ''],
  ['Mars/Olympus', ''],
])('the reporter is told how it went, with the time of %s', async (TIME_ZONE, local) => {
  const folder = runs.folder();
  await runs.run({ folder, database: 'school', now: NOW, env: { TIME_ZONE } });
  const size = (statSync(join(folder, nameOf(NOW))).size / 1e6).toFixed(1);
  expect(runs.result.replace(/Duration: \d+\.\d\d s/, 'Duration: TIME')).toBe(
    [
      'ok',
      `Size: ${size} MB`,
      'Duration: TIME',
      'Tables: 2 (151,000 rows)',
      `File: ${nameOf(NOW)}`,
      `Time: 2026-11-20 19:00:00 UTC${local}`,
      '',
    ].join('\n'),
  );
});

test('the reporter sees by a pipe whether the run is alive', async () => {
  const folder = runs.folder();
  const script = runs.start({ folder, programs: runs.program('gzip', 'exec sleep 60') });
  await childOf(script, 'sleep');
  // Reading ends with the last writer.
  const reader = run('sh', ['-c', 'exec <"$1"; kill "$2"; cat', 'sh', runs.alive, String(script.process.pid)]);
  const [finished, read] = await Promise.all([script.finished, reader]);
  expect([finished.code, read.code, read.stdout]).toEqual([143, 0, '']);
  expect(runs.result).toMatch(/^failed\nTime: .*\nReason: stopped by SIGTERM\n$/);
});

test('a run without a reporter, or with one whose folder is gone, is a backup all the same', async () => {
  const [alone, forsaken] = [runs.folder(), runs.folder()];
  expect(await runs.run({ folder: alone, env: { RUN_DIR: '' } })).toMatchObject({ code: 0, stderr: '' });
  expect(await runs.run({ folder: forsaken, env: { RUN_DIR: '/nowhere' } })).toMatchObject({ code: 0 });
  expect([...unfounded(alone), ...unfounded(forsaken)]).toEqual([]);
});

test('roles, memberships, settings and grants can be loaded from the file beside, without passwords', async () => {
  await runs.server.query(
    `CREATE ROLE app LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 7; CREATE ROLE "Read only"; GRANT "Read only" TO app;
     ALTER ROLE app SET statement_timeout = '5s'; ALTER ROLE app IN DATABASE tiny SET work_mem = '5MB';
     ALTER DATABASE tiny SET search_path = "$user", public, "Odd one"; ALTER DATABASE tiny SET "my.note" = 'it''s';
     REVOKE CONNECT ON DATABASE tiny FROM PUBLIC; GRANT CONNECT ON DATABASE tiny TO app WITH GRANT OPTION`,
  );
  const state = `SELECT (SELECT rolconnlimit FROM pg_roles WHERE rolname = 'app'),
    pg_has_role('app', 'Read only', 'member'), (SELECT rolconfig FROM pg_roles WHERE rolname = 'app'),
    (SELECT array_agg(setconfig::text ORDER BY setrole) FROM pg_db_role_setting r JOIN pg_database d ON d.oid = setdatabase
      WHERE datname = current_database()),
    (SELECT array_agg(a::text ORDER BY a::text) FROM pg_database, unnest(datacl) a WHERE datname = current_database())`;
  const before = await runs.server.query(state, 'tiny');
  const folder = runs.folder();
  await runs.run({ folder, now: NOW });
  const roles = gunzipSync(readFileSync(join(folder, backup(NOW)[1] ?? ''))).toString();
  expect(roles).not.toMatch(/hunter2|SCRAM/);
  await runs.server.query('DROP OWNED BY app; ALTER DATABASE tiny RESET ALL', 'tiny');
  await runs.server.query('ALTER ROLE app IN DATABASE tiny RESET ALL; DROP ROLE app; DROP ROLE "Read only"');
  await runs.server.query('CREATE DATABASE other_name');
  // Roles that exist already are the only errors.
  const loaded = await run('psql', ['-Xqd', 'other_name'], { env: runs.server.env, input: roles });
  expect(loaded.stderr.trim().split('\n')).toEqual([expect.stringContaining('role "postgres" already exists')]);
  expect(await runs.server.query(state, 'other_name')).toEqual(before);
});

test('a backup can be read by its group and by nobody else', async () => {
  const folder = runs.folder();
  await runs.run({ folder, now: NOW, shell: 'umask 0777; exec "$@"' });
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes).toEqual([0o640, 0o640, 0o640]);
});

test.each([
  ['with', ''],
  ['without', 'echo "ln: Operation not permitted" >&2; exit 1'],
])('a second that has a file is never taken but the next free one, %s hard links', async (_, ln) => {
  const folder = runs.folder();
  const taken = [nameOf(NOW), nameOf(NOW + 1000), nameOf(NOW + 2000).replace('.sql.gz', '.dump.zst.age')];
  for (const name of taken) {
    writeFileSync(join(folder, name), `this is ${name}`);
  }
  const programs = ln === '' ? undefined : runs.program('ln', ln);
  expect(await runs.run({ folder, now: NOW, programs })).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(folder)).toEqual([...taken, ...backup(NOW + 3000)]);
  expect(taken.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(taken.map((name) => `this is ${name}`));
  expect(newestMetadata(folder)).toMatchObject({ time: '2026-11-20T19:00:03Z', file: nameOf(NOW + 3000) });
  expect(unfounded(folder)).toEqual([]);
});

test('a name that is taken at the last moment is not replaced', async () => {
  const folder = runs.folder();
  const quicker = runs.program('ln', 'for path; do :; done; echo somebody >"$path"; exec ln "$@"');
  const result = await runs.run({ folder, now: NOW, programs: quicker });
  expect([result.code, readdirSync(folder)]).toEqual([8, [nameOf(NOW)]]);
  expect(readFileSync(join(folder, nameOf(NOW)), 'utf8')).toBe('somebody\n');
});

test.each(['plain', 'custom'])('the compression level of a %s backup is a setting', async (FORMAT) => {
  const [fast, small] = [runs.folder(), runs.folder()];
  await runs.run({ folder: fast, database: 'school', env: { FORMAT, COMPRESSION_LEVEL: '1' } });
  await runs.run({ folder: small, database: 'school', env: { FORMAT, COMPRESSION_LEVEL: '9' } });
  expect(newestMetadata(small).bytes).not.toBe(newestMetadata(fast).bytes);
});

test('a dump of an older pg_dump, without its last line, is complete as well', async () => {
  const folder = runs.folder();
  const programs = runs.program('pg_dump', `pg_dump "$@" | grep -v restrict; exit "\${PIPESTATUS[0]}"`);
  expect(await runs.run({ folder, programs, now: NOW })).toMatchObject({ code: 0, stderr: '' });
  expect(incomplete(folder)).toEqual([]);
});

test('what pg_dump warns of is in the log of a backup that succeeds', async () => {
  const folder = runs.folder();
  const programs = runs.program(
    'pg_dump',
    '[[ $1 == --version ]] || echo "pg_dump: warning: look out" >&2; pg_dump "$@"',
  );
  const result = await runs.run({ folder, programs, now: NOW });
  expect([result.code, result.stderr]).toEqual([0, 'pg_dump: warning: look out\n']);
});
