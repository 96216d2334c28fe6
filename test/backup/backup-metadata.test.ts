import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { run } from '../support/process';
import { BackupRuns, metadata, newestMetadata, ROWS } from './backup-runs';

const SCRIPT = join(__dirname, '../../lib/backup/scripts/metadata.sh');
const SCHEMA = JSON.parse(readFileSync(join(__dirname, '../../lib/backup/metadata.schema.json'), 'utf8'));
const NOW = Date.UTC(2026, 10, 20, 19);

/** Shells that must agree. */
const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ['bash', ['--norc']],
  ['dash', []],
  ['busybox', ['sh']],
];

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

function problemsOf(document: unknown): unknown {
  const validate = new Ajv({ strict: true, formats: { 'date-time': true } }).compile(SCHEMA);
  return validate(document) ? [] : validate.errors;
}

/** What a call of metadata.sh prints, and its exit status, the same in every shell. */
async function ask(call: string, file: string): Promise<[number | null, string]> {
  const answers = await Promise.all(
    SHELLS.map(async ([shell, args]): Promise<[number | null, string]> => {
      const finished = await run(shell, [...args, '-uc', `. "$1"; ${call} "$2"`, shell, SCRIPT, file]);
      expect(finished.stderr).toBe('');
      return [finished.code, finished.stdout];
    }),
  );
  expect(answers).toEqual(answers.map(() => answers[0]));
  return answers[0] ?? [null, ''];
}

/** What metadata.sh says of a key. */
async function readValue(file: string, key: string): Promise<string> {
  const [code, text] = await ask(`value() { metadata_value "$1" '${key}'; }; value`, file);
  expect(code).toBe(0);
  return text.replace(/\n$/, '');
}

function fileWith(text: string): string {
  const file = runs.path('metadata');
  writeFileSync(file, text);
  return file;
}

test.each([{ FORMAT: 'plain' }, { FORMAT: 'custom' }])(
  'metadata is as its schema says, and complete: %p',
  async (env) => {
    const folder = runs.folder();
    expect(await runs.run({ folder, database: 'school', now: NOW, env })).toMatchObject({ code: 0 });
    const document = newestMetadata(folder);
    expect(problemsOf(document)).toEqual([]);
    expect(document).toMatchObject({
      name: 'school_platform_20261120_190000',
      time: '2026-11-20T19:00:00Z',
      timeZone: 'UTC',
      kind: 'manual',
      job: null,
      database: 'school',
      format: env.FORMAT,
      tables: 2,
      rows: ROWS + 1000,
      rowsOfTable: { 'public.evidence': ROWS, 'public.student': 1000 },
      encryptedTo: [],
      suddenDrop: null,
      verified: true,
    });
    expect(document.serverVersion).toBe((await runs.server.query('SHOW server_version'))[0]?.[0]?.split(' ')[0]);
    expect(document.seconds).toBeGreaterThan(0);
    // One key a line, two spaces: what `JSON.stringify` makes of it.
    const file = join(folder, `${document.name}.meta.json`);
    const text = readFileSync(file, 'utf8').replace(/"seconds": .*/, '');
    expect(text).toBe(`${JSON.stringify(document, null, 2)}\n`.replace(/"seconds": .*/, ''));
    expect(await ask('metadata_complete', file)).toEqual([0, '']);
  },
);

test.each([
  [{ JOB_NAME: 'db-backup-29391240', CRON_JOB: 'db-backup' }, 'scheduled'],
  [{ JOB_NAME: 'db-backup-by-hand', CRON_JOB: 'db-backup' }, 'manual'],
  [{ JOB_NAME: 'db-backup-2939124', CRON_JOB: 'db-backup' }, 'manual'],
  [{ JOB_NAME: 'dbxbackup-29391240', CRON_JOB: 'db.backup' }, 'manual'],
  [{ JOB_NAME: 'db-backup-29391240', CRON_JOB: 'db-backup', BACKUP_KIND: 'safety' }, 'safety'],
])('of %p the kind is %s', async (env, kind) => {
  const folder = runs.folder();
  await runs.run({ folder, env });
  expect(newestMetadata(folder)).toMatchObject({ kind, job: env.JOB_NAME });
});

test('a database with an odd name and no tables has metadata as well', async () => {
  const name = 'o"dd \\ näme';
  await runs.server.query(`CREATE DATABASE "o""dd \\ näme"`);
  const folder = runs.folder();
  expect(await runs.run({ folder, env: { PGDATABASE: name } })).toMatchObject({ code: 0, stderr: '' });
  const document = newestMetadata(folder);
  expect(problemsOf(document)).toEqual([]);
  expect(document).toMatchObject({ database: name, tables: 0, rows: 0, rowsOfTable: {} });
  expect(await readValue(join(folder, `${document.name}.meta.json`), 'database')).toBe(name);
});

test('a shell reads each value, and the rows of each table', async () => {
  const rowsOfTable = { 'public.a "b" \\ c': 5, 'public.sha256': 7 };
  const document = JSON.parse(metadata('shop_20261120_190000', { rowsOfTable, database: 'a "b" \\ c, d/e' }));
  const file = fileWith(`${JSON.stringify(document, null, 2)}\n`);
  for (const key of Object.keys(document).filter((each) => each !== 'rowsOfTable' && each !== 'encryptedTo')) {
    expect([key, await readValue(file, key)]).toEqual([key, String(document[key] ?? '')]);
  }
  const lines = Object.entries(rowsOfTable).map(([name, rows]) => `${JSON.stringify(name)}: ${rows}\n`);
  expect(await ask('row_counts_of', file)).toEqual([0, lines.join('')]);
  expect(await ask('row_counts_of', fileWith(metadata('x', { rowsOfTable: {} })))).toEqual([0, '']);
  expect(await ask(`value() { metadata_value "$1" nothing; }; value`, file)).toEqual([1, '']);
  expect(await ask(`value() { metadata_value "$1" name; }; value`, '/nowhere')).toEqual([1, '']);
});

test('metadata that was cut anywhere, or is not verified, is not complete', async () => {
  const whole = metadata('shop_20261120_190000');
  expect((await ask('metadata_complete', fileWith(whole)))[0]).toBe(0);
  const lines = whole.split('\n');
  const cuts = [0, 1, 2, 12, lines.length - 3, lines.length - 2].map((count) => lines.slice(0, count).join('\n'));
  const wrong = [...cuts, whole.slice(0, -2), metadata('x', { verified: false }), metadata('x', { version: 2 }), '{}'];
  for (const text of wrong) {
    expect([text, (await ask('metadata_complete', fileWith(text)))[0]]).toEqual([text, 1]);
  }
  expect((await ask('metadata_complete', '/nowhere'))[0]).toBe(1);
});
