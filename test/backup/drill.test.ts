import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { freePort } from '../support/postgres';
import { start, until } from '../support/process';
import { BackupRuns, ROWS, type RunOptions } from './backup-runs';

let runs: BackupRuns;
let plain: string;
beforeAll(async () => {
  runs = await BackupRuns.begin();
  plain = await backedUp('plain');
}, 60_000);
afterAll(() => runs.end());

/** A folder with one backup of the database `school`. */
async function backedUp(format: 'plain' | 'custom'): Promise<string> {
  const folder = runs.folder();
  const { code, stderr } = await runs.run({ folder, database: 'school', env: { FORMAT: format } });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return folder;
}

/** A copy of the plain backup whose dump is another, with a sidecar that agrees with the file but for what it counted. */
function altered(change: (dump: string) => string): string {
  const folder = runs.folder();
  for (const name of readdirSync(plain)) {
    writeFileSync(join(folder, name), readFileSync(join(plain, name)));
  }
  const [archive = '', sidecar = ''] = ['sql.gz', 'meta.json'].map((end) =>
    readdirSync(folder).find((name) => name.endsWith(end) && !name.includes('roles')),
  );
  const before = gunzipSync(readFileSync(join(folder, archive))).toString();
  const after = change(before);
  expect(after).not.toBe(before);
  const bytes = gzipSync(after);
  writeFileSync(join(folder, archive), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const text = readFileSync(join(folder, sidecar), 'utf8');
  writeFileSync(join(folder, sidecar), text.replace(/"sha256": "[0-9a-f]{64}"/, `"sha256": "${sha256}"`));
  return folder;
}

async function startDrill(options: RunOptions) {
  const drillDir = runs.path('drill');
  const runDir = runs.path('run');
  for (const folder of [drillDir, runDir]) {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
  }
  const env = { DRILL_DIR: drillDir, DRILL_PORT: String(await freePort()), RUN_DIR: runDir, ...options.env };
  const running = runs.start({ ...options, script: 'drill.sh', env });
  const result = () =>
    existsSync(join(runDir, 'drill.result')) ? readFileSync(join(runDir, 'drill.result'), 'utf8') : '';
  return { running, drillDir, runDir, result, env };
}

async function drill(options: RunOptions) {
  const { running, drillDir, result } = await startDrill(options);
  const { code, stderr } = await running.finished;
  expect(readdirSync(drillDir)).toEqual([]);
  return { code, stderr, result: result() };
}

test.each(['plain', 'custom'] as const)('the newest %s backup is restored and compared', async (format) => {
  const folder = format === 'plain' ? plain : await backedUp(format);
  const { code, stderr, result } = await drill({ folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(result.split('\n')).toEqual([
    'ok',
    expect.stringMatching(/^Backup: school_platform_\d{8}_\d{6}$/),
    `Rows: ${(ROWS + 1000).toLocaleString('en')} in 2 tables, as they were backed up`,
    expect.stringMatching(/^Restored in: [\d.]+ s$/),
    expect.stringMatching(/^Duration: [\d.]+ s$/),
    '',
  ]);
});

test('one row that is missing in the archive fails it and names the table', async () => {
  const folder = altered((dump) => dump.replace(/^500\t.*\n/m, ''));
  const { code, result } = await drill({ folder });
  expect(code).toBe(11);
  expect(result).toMatch(
    /^failed\n.*Reason: rows are not as they were backed up: "public\.(student|evidence)" has \d+ and/s,
  );
});

test('an index that is missing in the archive fails it, though every row is there', async () => {
  const folder = altered((dump) => dump.replace(/^ALTER TABLE ONLY public\.evidence\n.*evidence_pkey.*\n/m, ''));
  const { code, result } = await drill({ folder });
  expect(code).toBe(11);
  expect(result).toContain('the schema is not as it was backed up');
});

test('a schema that nobody recorded, as of an adopted backup, is not told to be as it was', async () => {
  const folder = runs.folder();
  for (const name of readdirSync(plain)) {
    writeFileSync(join(folder, name), readFileSync(join(plain, name)));
  }
  const sidecar = join(folder, readdirSync(folder).find((name) => name.endsWith('.meta.json')) ?? '');
  writeFileSync(sidecar, readFileSync(sidecar, 'utf8').replace(/("schemaFingerprint": )"\w+"/, '$1null'));
  const { running, result } = await startDrill({ folder });
  const { code, stdout } = await running.finished;
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^restored: all rows are as they were backed up, in/m)]);
  expect(result()).toMatch(/^Warning: the schema was not compared: /m);
});

test('an archive that is not the one that was verified is not even loaded', async () => {
  const folder = altered((dump) => dump.replace(/^500\t.*\n/m, ''));
  const sidecar = readdirSync(folder).find((name) => name.endsWith('.meta.json')) ?? '';
  writeFileSync(join(folder, sidecar), readFileSync(join(plain, sidecar)));
  const { code, result } = await drill({ folder });
  expect(code).toBe(3);
  expect(result).toContain('is not the file that was verified');
});

test('a folder without a verified backup fails it', async () => {
  const { code, result } = await drill({ folder: runs.folder('school_platform_20260101_000000.sql.gz') });
  expect(code).toBe(3);
  expect(result).toContain('there is no verified backup of school_platform');
});

describe('the platform’s own checks', () => {
  function checks(sql: string): string {
    const file = runs.path('checks.sql');
    writeFileSync(file, sql);
    return file;
  }

  const everyStudent =
    "SELECT 'every evidence has a student', NOT EXISTS (SELECT FROM evidence WHERE student IS NULL);\n";

  test('are counted when they hold', async () => {
    const { code, result } = await drill({ folder: plain, env: { CHECKS: checks(everyStudent) } });
    expect(code).toBe(0);
    expect(result).toContain('\nChecks: 1 hold\n');
  });

  test.each([
    [
      "SELECT 'there is a head', EXISTS (SELECT FROM student WHERE id < 0);",
      '1 of 2 checks do not hold: there is a head',
    ],
    ["SELECT 'nobody knows', NULL::boolean;", '1 of 2 checks do not hold: nobody knows'],
    ['SELECT broken;', 'the checks cannot be run'],
  ])('%s fails it', async (sql, reason) => {
    const { code, result } = await drill({ folder: plain, env: { CHECKS: checks(everyStudent + sql) } });
    expect(code).toBe(15);
    expect(result).toContain(reason);
  });

  test('a file that checks nothing fails it', async () => {
    const { code, result } = await drill({ folder: plain, env: { CHECKS: checks('-- later\n') } });
    expect(code).toBe(15);
    expect(result).toContain('the checks returned no row');
  });
});

describe('a rehearsal of the next release’s migrations', () => {
  const migrate = join(__dirname, '../../lib/backup/scripts/migrate-restored.sh');

  async function rehearse(sql: string) {
    const { running, runDir, result, env } = await startDrill({ folder: plain, env: { MIGRATE: 'container' } });
    const migration = start('sh', [migrate, 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
      unprivileged: true,
      env: {
        PATH: `${runs.server.binFolder}:${process.env.PATH}`,
        RUN_DIR: runDir,
        WORKER: 'drill',
        PGHOST: '127.0.0.1',
        PGPORT: env.DRILL_PORT,
        PGUSER: 'postgres',
      },
    });
    const [{ code }] = await Promise.all([running.finished, migration.finished]);
    return { code, result: result() };
  }

  test('tells how long they took, and what they locked for how long', async () => {
    const { code, result } = await rehearse('BEGIN; ALTER TABLE evidence ADD mark int; SELECT pg_sleep(1); COMMIT');
    expect(code).toBe(0);
    expect(result).toMatch(
      /^Migrations of the next release: [\d.]+ s, evidence was locked exclusively for (0\.[89]|1\.\d) s$/m,
    );
  });

  test('tells a table whose name has a blank, too', async () => {
    const { code, result } = await rehearse(
      'CREATE TABLE "my notes" (); COMMIT; BEGIN; ALTER TABLE "my notes" ADD mark int; SELECT pg_sleep(1); COMMIT',
    );
    expect(code).toBe(0);
    expect(result).toMatch(/, "my notes" was locked exclusively for (0\.[89]|1\.\d) s$/m);
  });

  test('fails with the words of the tool', async () => {
    const { code, result } = await rehearse('ALTER TABLE nowhere ADD mark int');
    expect(code).toBe(12);
    expect(result).toMatch(/^failed\n.*relation "nowhere" does not exist/s);
  });

  test('ends the other container when the drill fails before it asks', async () => {
    const { running, runDir } = await startDrill({ folder: runs.folder(), env: { MIGRATE: 'container' } });
    const migration = start('sh', [migrate, 'true'], { unprivileged: true, env: { RUN_DIR: runDir, WORKER: 'drill' } });
    expect(await running.finished).toMatchObject({ code: 3 });
    expect(await migration.finished).toMatchObject({ code: 0 });
  });
});

test('too little space is said before anything is loaded', async () => {
  const programs = runs.program(
    'df',
    "printf 'Filesystem 1-blocks Used Available Use%% Mounted\\nx 1 1 1000000 1%% /\\n'",
  );
  const { code, result } = await drill({ folder: plain, programs });
  expect(code).toBe(9);
  expect(result).toMatch(/has 1\.0 MB free and .* are needed, 1\.5 times the database/);
});

test('SIGTERM ends the throwaway server, leaves nothing and is told', async () => {
  const { running, drillDir, result } = await startDrill({ folder: plain });
  await until('the server runs', () => existsSync(join(drillDir, 'data/postmaster.pid')));
  const server = Number(readFileSync(join(drillDir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  running.process.kill('SIGTERM');
  expect(await running.finished).toMatchObject({ code: 143 });
  expect(result()).toMatch(/^failed\n.*stopped by SIGTERM/s);
  expect(readdirSync(drillDir)).toEqual([]);
  expect(existsSync(`/proc/${server}`)).toBe(false);
});

test('all settings that are wrong are named', async () => {
  const { code, result } = await drill({
    folder: plain,
    env: { FILE_PREFIX: '', CHECKS: '/nowhere.sql', MIGRATE: 'psql', MIGRATE_SECONDS: 'long' },
  });
  expect(code).toBe(2);
  for (const name of ['FILE_PREFIX', '/nowhere.sql', '"psql"', '"long"']) {
    expect(result).toContain(name);
  }
});
