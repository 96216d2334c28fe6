import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogueRuns } from './catalogue-runs';

let runs: CatalogueRuns;
beforeAll(async () => {
  runs = await CatalogueRuns.begin();
}, 60_000);
afterAll(() => runs.end());

const DROP = 'school_platform_20261121_190000: 3 rows, and the last backup has "1,000"';

test('list prints each backup, the newest first, and whether pruning is frozen', async () => {
  const folder = runs.folder();
  runs.put(folder, '20261117_190000', { metadata: null });
  runs.put(folder, '20261118_190000', { archive: () => null });
  runs.put(folder, '20261119_190000', { format: 'custom', archive: (bytes) => bytes.subarray(1) });
  runs.put(folder, '20261121_190000', { metadata: (text) => text.replace('Drop": null', 'Drop": "a \\"reason\\""') });
  runs.put(folder, '20261120_190000', { format: 'custom' });
  runs.put(folder, '20261116_190000', { metadata: () => 'nothing', archive: () => null });
  writeFileSync(join(folder, 'school_platform.pruning-frozen'), `${DROP}\n`, { mode: 0o644 });
  const { code, entries, stdout, stderr } = await runs.run(folder, ['list']);
  expect([code, stderr]).toEqual([0, '']);
  expect(entries[0]).toEqual({
    name: 'school_platform_20261121_190000',
    time: '2026-11-21T19:00:00Z',
    kind: 'manual',
    bytes: runs.archive('plain').length,
    rows: 314,
    tables: 5,
    format: 'plain',
    encrypted: false,
    suddenDrop: 'a "reason"',
    migrationTool: 'goose',
    migrationId: '002',
    compatibility: 'compatible',
    verification: 'verified',
  });
  expect(entries.slice(1, -1).map(({ name, verification, format }) => [name.slice(16), verification, format])).toEqual([
    ['20261120_190000', 'verified', 'custom'],
    ['20261119_190000', 'damaged-size', 'custom'],
    ['20261118_190000', 'missing', 'plain'],
    ['20261117_190000', 'unverified', 'plain'],
    ['20261116_190000', 'missing', null],
  ]);
  expect(entries.at(-1)).toEqual({ pruningFrozen: DROP });
  expect(stdout.split('\n')).toHaveLength(8);
});

test('what is not ours is neither listed nor verified nor deleted', async () => {
  const folder = runs.folder();
  const foreign = [
    'school_platform_old_20261120_190000.sql.gz',
    'school_20261120_190000.sql.gz',
    'xschool_platform_20261120_190000.sql.gz',
    'school_platform_20261120_190000.sql',
    'school_platform_20261120_190000.sql.gz.bak',
    'school_platform_20261320_190000.sql.gz',
    'school_platform_20261120_1900.dump.zst',
    '.school_platform_20261120_190000.archive.pod-1.partial',
    'school_platform_20261120_190000.sql.gz\n20261120',
    'school platform_20261120_190000.sql.gz',
  ];
  for (const name of foreign) {
    writeFileSync(join(folder, name), '');
  }
  symlinkSync('/etc/passwd', join(folder, 'school_platform_20261119_190000.sql.gz'));
  const list = await runs.run(folder, ['list']);
  expect([list.code, list.stdout, list.stderr]).toEqual([0, '{"pruningFrozen":null}\n', '']);
  const verify = await runs.run(folder, ['verify', '--all']);
  expect([verify.code, verify.stderr]).toEqual([
    1,
    `verify failed: there is no backup of school_platform in ${folder}\n`,
  ]);
  expect(readdirSync(folder)).toHaveLength(foreign.length + 1);
});

test.each([
  ['../x'],
  ['/etc/passwd'],
  [''],
  ['--'],
  ['-rf'],
  ['school_platform_20261120_190000.sql.gz'],
  ['school_platform_20260230_190000'],
  ['school_platform_20261120_190000/../../x'],
  ['school_platform_old_20261120_190000'],
  ['school_platform_20261120_190000\nx'],
])('%j is not the name of a backup', async (name) => {
  const folder = runs.folder();
  runs.put(folder, '20261120_190000');
  const files = readdirSync(folder);
  for (const command of ['verify', 'delete']) {
    const { code, stderr, stdout } = await runs.run(folder, [command, name]);
    expect([code, stderr, stdout]).toEqual([
      2,
      `${command} failed: "${name}" is not the name of a backup; give school_platform_YYYYMMDD_HHMMSS, as "list" prints it\n`,
      '',
    ]);
  }
  expect(readdirSync(folder)).toEqual(files);
});

test.each<[readonly string[], Record<string, string>, number, string]>([
  [[], {}, 2, 'catalogue failed: "" is not a command; give list, verify NAME…|--all, delete NAME or confirm'],
  [
    ['prune'],
    {},
    2,
    'catalogue failed: "prune" is not a command; give list, verify NAME…|--all, delete NAME or confirm',
  ],
  [['verify'], {}, 2, 'verify failed: nothing to verify; give names of backups, or --all'],
  [['delete'], {}, 2, 'delete failed: give the name of one backup'],
  [
    ['list'],
    { FILE_PREFIX: '../x' },
    2,
    'list failed: FILE_PREFIX "../x" must be 1 to 100 letters, digits, dots, hyphens and underscores',
  ],
  [['list'], { BACKUP_DIR: '/nowhere' }, 3, 'list failed: /nowhere is not a folder; mount the backup volume there'],
  [
    ['delete', 'school_platform_20261120_190000'],
    {},
    2,
    'delete failed: there is no school_platform_20261120_190000 in ',
  ],
  [
    ['verify', 'school_platform_20261120_190000'],
    {},
    1,
    'verify failed: there is no school_platform_20261120_190000 in ',
  ],
])('%j with %j is refused', async (args, env, code, message) => {
  const answer = await runs.run(runs.folder(), args, env);
  expect(answer.stderr.slice(0, message.length)).toBe(message);
  expect([answer.code, answer.stdout]).toEqual([code, '']);
});

test.each([
  ['compatible', '002', 2, "('001'), ('002')"],
  ['needs-migration', '002', 2, "('001'), ('002'), ('003')"],
  // A migration from a branch came in between.
  ['needs-migration', '002', 2, "('001'), ('0015'), ('002')"],
  ['newer', '002', 2, "('001')"],
  ['newer', '002', 3, "('001'), ('002')"],
  ['newer', '002', 2, "('001'), ('003')"],
  ['newer', '002', 1, "('001'), ('003')"],
  ['needs-migration', null, 0, "('001')"],
  ['unknown', null, null, "('001')"],
  ['unknown', '002', 2, ''],
])('compatibility is %s: newest %s of %s, the live database has %s', async (answer, id, count, live) => {
  const folder = runs.folder();
  runs.put(folder, '20261120_190000', {
    metadata: (text) =>
      text
        .replace('"migrationId": "002"', `"migrationId": ${JSON.stringify(id)}`)
        .replace('Count": 2', `Count": ${count}`),
  });
  const env = {
    MIGRATION_QUERY:
      live === '' ? "SELECT '' AS id WHERE false" : `SELECT id FROM (VALUES ${live}) AS applied (id) ORDER BY 1`,
  };
  const list = await runs.run(folder, ['list'], env);
  expect(list.entries[0]?.compatibility).toBe(answer);
  // An older or a newer backup is no less whole.
  expect((await runs.run(folder, ['verify', '--all'], env)).code).toBe(0);
});

test.each([
  ['a server that does not answer', { PGPORT: '1' }, /^compatibility is unknown: .*refused/],
  ['another tool', { MIGRATION_TOOL: 'prisma' }, /^$/],
  ['no query', { MIGRATION_QUERY: '' }, /^$/],
  ['a table that is not there', { MIGRATION_TABLE: 'public.nothing' }, /^$/],
  ['a query that fails', { MIGRATION_QUERY: 'SELECT nonsense' }, /^compatibility is unknown: .*nonsense/],
  ['a query that writes', { MIGRATION_QUERY: 'DELETE FROM public.applied RETURNING id' }, /read-only transaction/],
  // It records the newest alone.
  ['another revision of Alembic', { MIGRATION_TOOL: 'alembic', MIGRATION_QUERY: "SELECT '003' AS id" }, /^$/],
])('compatibility is unknown with %s', async (_, env, message) => {
  const folder = runs.folder();
  runs.put(folder, '20261120_190000', {
    metadata: (text) =>
      text.replace('goose', 'MIGRATION_TOOL' in env && env.MIGRATION_TOOL === 'alembic' ? 'alembic' : 'goose'),
  });
  const { code, entries, stderr } = await runs.run(folder, ['list'], env);
  expect(entries[0]?.compatibility).toBe('unknown');
  expect(stderr).toMatch(message);
  expect(code).toBe(0);
});

test('delete removes every file of a backup, but never the last verified one', async () => {
  const folder = runs.folder();
  const [old, middle, unverified, last] = [
    runs.put(folder, '20261118_190000'),
    runs.put(folder, '20261119_190000', { format: 'custom' }),
    runs.put(folder, '20261120_190000', { metadata: null }),
    runs.put(folder, '20261121_190000', { archive: (bytes) => bytes.subarray(1) }),
  ];
  const gone = await runs.run(folder, ['delete', old]);
  expect([gone.code, gone.stdout]).toEqual([0, `deleted: ${old}, which was verified\n`]);
  expect(readdirSync(folder).filter((file) => file.startsWith(old))).toEqual([]);
  const files = readdirSync(folder);
  // Neither an archive that nobody has read nor one of a wrong size is a backup that could stay alone.
  const refused = await runs.run(folder, ['delete', middle]);
  expect([refused.code, refused.stderr]).toEqual([
    4,
    'delete failed: no other backup of school_platform is verified; make a new one first, or verify the others\n',
  ]);
  expect(readdirSync(folder)).toEqual(files);
  expect((await runs.run(folder, ['delete', unverified])).stdout).toBe(
    `deleted: ${unverified}, which was unverified\n`,
  );
  expect((await runs.run(folder, ['delete', last])).stdout).toBe(`deleted: ${last}, which was damaged-size\n`);
  expect(readdirSync(folder).every((file) => file.startsWith(middle))).toBe(true);
});

test('where nothing is verified, an archive that nobody has read stays, and metadata without one go', async () => {
  const folder = runs.folder();
  const legacy = runs.put(folder, '20261118_190000', { metadata: null });
  const torn = runs.put(folder, '20261119_190000', { archive: () => null });
  expect((await runs.run(folder, ['delete', legacy])).code).toBe(4);
  expect((await runs.run(folder, ['delete', torn])).code).toBe(0);
  expect(readdirSync(folder).filter((file) => file.startsWith(torn))).toEqual([]);
});

test('two deletes at once leave one backup', async () => {
  for (let round = 0; round < 3; round += 1) {
    const folder = runs.folder();
    const names = [runs.put(folder, '20261118_190000'), runs.put(folder, '20261119_190000')];
    const answers = await Promise.all(names.map((name) => runs.run(folder, ['delete', name])));
    expect(answers.map(({ code }) => code).sort()).toEqual([0, 4]);
    expect((await runs.run(folder, ['list'])).entries).toHaveLength(2);
  }
});

test('a delete that is killed after the archive can be finished', async () => {
  const folder = runs.folder();
  const name = runs.put(folder, '20261118_190000');
  runs.put(folder, '20261119_190000');
  // After the archive is gone.
  const killed = await runs.run(folder, ['delete', name], runs.program('sync', 'kill -KILL $PPID'));
  expect(killed.code).not.toBe(0);
  expect(readdirSync(folder).filter((file) => file.startsWith(name))).toEqual([`${name}.meta.json`]);
  expect((await runs.run(folder, ['delete', name])).stdout).toBe(`deleted: ${name}, which was missing\n`);
});

test('confirm lets old backups go again and says why they did not', async () => {
  const folder = runs.folder();
  const frozen = join(folder, 'school_platform.pruning-frozen');
  writeFileSync(frozen, `${DROP}\n`, { mode: 0o644 });
  const first = await runs.run(folder, ['confirm']);
  expect([first.code, first.stdout]).toEqual([0, `confirmed; pruning was frozen because of this: ${DROP}\n`]);
  const second = await runs.run(folder, ['confirm']);
  expect([second.code, second.stdout]).toEqual([0, 'pruning is not frozen\n']);
});

test('a failure is left for Kubernetes to show, with its exit code in the header', async () => {
  const header = readFileSync(join(__dirname, '../../lib/backup/scripts/catalogue.sh'), 'utf8');
  const codes = [...header.matchAll(/fail (\d) /g)].map(([, code]) => code);
  const listed = [...header.matchAll(/^# {3}(\d) {2}/gm)].map(([, code]) => code);
  expect([...new Set(['0', ...codes])].sort()).toEqual(listed);
  await runs.run(runs.folder(), ['verify', '--all']);
  expect(runs.termination).toMatch(/^verify failed: there is no backup of school_platform in /);
});
