import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/process';
import { archives, BackupRuns, daily, incomplete, nameOf, ROWS } from './backup-runs';

/** 03:00 in Perth. */
const NOW = Date.UTC(2026, 10, 20, 19);

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

test('a backup of more than 100,000 rows restores with the same rows in every table', async () => {
  const folder = runs.folder();
  const result = await runs.run({ folder, database: 'school' });
  expect([result.code, result.stderr, runs.termination]).toEqual([0, '', '']);
  expect(readdirSync(folder)).toEqual(archives(folder));
  const archive = join(folder, archives(folder)[0] ?? '');

  await runs.server.query('CREATE DATABASE copy');
  const load = 'gunzip -c "$1" | psql -Xq -v ON_ERROR_STOP=1 --single-transaction -d copy';
  const loaded = await run('bash', ['--norc', '-o', 'pipefail', '-c', load, 'load', archive], { env: runs.server.env });
  expect([loaded.code, loaded.stderr]).toEqual([0, '']);
  for (const table of ['student', 'evidence', 'recent']) {
    const sql = `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM ${table} t`;
    expect(await runs.server.query(sql, 'copy')).toEqual(await runs.server.query(sql, 'school'));
  }
  expect(await runs.server.query('SELECT count(*) FROM evidence', 'copy')).toEqual([[String(ROWS)]]);
});

test('a backup says each step with sizes and times, and ends with a line for programs', async () => {
  const folder = runs.folder();
  const result = await runs.run({ folder, now: NOW });
  const archive = join(folder, nameOf(NOW));
  const bytes = statSync(archive).size;
  expect(result.stdout.replace(/\d+\.\d\d s|\d+\.\d\d$/gm, 'TIME')).toBe(
    [
      `server: PostgreSQL ${runs.server.major}, database tiny at 127.0.0.1:${runs.server.port}`,
      `dump: ${bytes} bytes in TIME`,
      'read back: complete in TIME',
      `published: ${archive}`,
      'removed: 0 older than 30 days',
      `backup complete: file=${archive} bytes=${bytes} seconds=TIME`,
      '',
    ].join('\n'),
  );
});

test('a backup can be read by its group and by nobody else', async () => {
  const folder = runs.folder();
  await runs.run({ folder, now: NOW, shell: 'umask 0777; exec "$@"' });
  expect(statSync(join(folder, nameOf(NOW))).mode & 0o777).toBe(0o640);
});

test.each([
  ['with', ''],
  ['without', 'echo "ln: Operation not permitted" >&2; exit 1'],
])('a name that exists is never taken but the next free second, %s hard links', async (_, ln) => {
  const folder = runs.folder();
  const taken = [nameOf(NOW), nameOf(NOW + 1000)];
  for (const name of taken) {
    writeFileSync(join(folder, name), `this is ${name}`);
  }
  const programs = ln === '' ? undefined : runs.program('ln', ln);
  expect(await runs.run({ folder, now: NOW, programs })).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(folder)).toEqual([...taken, nameOf(NOW + 2000)]);
  expect(taken.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(taken.map((name) => `this is ${name}`));
  expect(incomplete(folder)).toEqual(taken);
});

test('two runs of the same second both make their backup, and remove old ones side by side', async () => {
  const folder = runs.folder(...daily(40, 1, NOW));
  const results = await Promise.all([1, 2].map(() => runs.run({ folder, now: NOW })));
  expect(results.map((result) => [result.code, result.stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(readdirSync(folder)).toEqual([...daily(30, 0, NOW), nameOf(NOW + 1000)]);
  expect(incomplete(folder)).toEqual(daily(30, 1, NOW));
});

test('the compression level is a setting', async () => {
  const [fast, small] = [runs.folder(), runs.folder()];
  await runs.run({ folder: fast, database: 'school', now: NOW });
  await runs.run({ folder: small, database: 'school', now: NOW, env: { COMPRESSION_LEVEL: '9' } });
  const size = (folder: string): number => statSync(join(folder, nameOf(NOW))).size;
  expect(size(small)).toBeLessThan(0.98 * size(fast));
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
