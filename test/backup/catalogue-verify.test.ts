import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogueRuns, type Changes } from './catalogue-runs';

let runs: CatalogueRuns;
beforeAll(async () => {
  runs = await CatalogueRuns.begin();
}, 60_000);
afterAll(() => runs.end());

const STAMP = '20261120_190000';
const NAME = `school_platform_${STAMP}`;

function changed(from: RegExp, to: string): Changes {
  return {
    metadata: (text) => {
      expect(text).toMatch(from);
      return text.replace(from, to);
    },
  };
}

test('whole backups of both formats are verified', async () => {
  const folder = runs.folder();
  const names = [runs.put(folder, STAMP), runs.put(folder, '20261121_190000', { format: 'custom' })];
  const { code, entries, stderr } = await runs.run(folder, ['verify', '--all']);
  expect(entries.map(({ name, verification, problems }) => [name, verification, problems])).toEqual([
    [names[1], 'verified', []],
    [names[0], 'verified', []],
  ]);
  expect([code, stderr]).toEqual([0, 'verify complete: 2 backups, all whole\n']);
});

const LONGER = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from([0])]);
const FLIPPED = (bytes: Buffer): Buffer => {
  bytes[4] = (bytes[4] ?? 0) ^ 1;
  return bytes;
};

test.each<[string, Changes, RegExp]>([
  ['an archive of another size', { archive: LONGER }, /sql\.gz has \d+ bytes and should have \d+$/],
  ['a missing archive', { archive: () => null }, /^its archive is missing$/],
  ['a changed byte that gzip does not check', { archive: FLIPPED }, /sql\.gz has the sha256 \w+ and should have \w+$/],
  ['missing roles', { roles: () => null }, /roles\.sql\.gz is missing$/],
  ['roles of another size', { roles: LONGER }, /roles\.sql\.gz has \d+ bytes and should have \d+$/],
  ['changed roles', { roles: FLIPPED }, /roles\.sql\.gz has the sha256 \w+ and should have \w+$/],
  ['truncated metadata', changed(/"verified": true\n}\n/, ''), /meta\.json is damaged; remove it and verify again/],
  ['empty metadata', { metadata: () => '' }, /meta\.json is damaged/],
  ['metadata that do not say verified', changed(/"verified": true/, '"verified": false'), /meta\.json is damaged/],
  ['metadata of another backup', changed(/"name": ".*"/, '"name": "school_platform_20200101_000000"'), /damaged/],
  ['a line that is not JSON', changed(/"rows": \d+/, '"rows": many'), /meta\.json is damaged/],
  [
    'a bit that makes a control character',
    changed(/"migrationId": "002"/, '"migrationId": "\x1002"'),
    /meta\.json is damaged/,
  ],
  [
    'a backslash that escapes nothing',
    changed(/"migrationId": "002"/, '"migrationId": "\\002"'),
    /meta\.json is damaged/,
  ],
  ['a number that begins with 0', changed(/"rows": 314/, '"rows": 014'), /meta\.json is damaged/],
  ['metadata that name a path', changed(/"file": ".*"/, `"file": "../${NAME}.sql.gz"`), /^its archive is missing$/],
  [
    'roles elsewhere',
    changed(/"rolesFile": ".*"/, '"rolesFile": "/etc/passwd"'),
    /says rolesFile \/etc\/passwd, which is not/,
  ],
  ['another checksum', changed(/"sha256": "./, '"sha256": "x'), /has the sha256 \w+ and should have x/],
  ['another size', changed(/"bytes": /, '"bytes": 1'), /has \d+ bytes and should have 1\d+/],
  [
    'another time',
    changed(/"time": ".*"/, '"time": "2026-11-20T19:00:01Z"'),
    /says time 2026-11-20T19:00:01Z, which should be 2026-11-20T19:00:00Z/,
  ],
  ['another format', changed(/"format": "plain"/, '"format": "custom"'), /says format custom, which should be plain/],
  ['another sum of rows', changed(/"rows": 314/, '"rows": 315'), /says rows 315, which should be 314/],
  ['another number of tables', changed(/"tables": 5/, '"tables": 6'), /says tables 6, which should be 5/],
  [
    'another size before encryption',
    changed(/"plainBytes": /, '"plainBytes": 1'),
    /says plainBytes 1\d+, which should be \d+/,
  ],
  ['a missing line', changed(/ {2}"schemaFingerprint": .*\n/, ''), /the metadata lacks schemaFingerprint/],
  [
    'other rows of a table',
    changed(/"public.student": 300/, '"public.student": 299'),
    /recorded "public.student": 299, found "public.student": 300/,
  ],
  [
    'a table that is not there',
    changed(/"public.empty": 0/, '"public.full": 0'),
    /recorded "public.full": 0, found "public.empty": 0/,
  ],
])('%s is refused', async (_, changes, problem) => {
  const folder = runs.folder();
  runs.put(folder, '20261121_190000');
  runs.put(folder, STAMP, changes);
  const { code, entries, stderr } = await runs.run(folder, ['verify', NAME]);
  expect(entries).toHaveLength(1);
  expect(entries[0]?.problems).toContainEqual(expect.stringMatching(problem));
  expect(entries[0]?.verification).toMatch(/^(damaged|missing|unverified)$/);
  expect(stderr).toMatch(new RegExp(`^verify failed: ${NAME}: .*\\. 0 others are whole\\n$`));
  expect(code).toBe(1);
  expect((await runs.run(folder, ['verify', '--all'])).stderr).toMatch(/1 others are whole\n$/);
});

test.each(['plain', 'custom'] as const)(
  'an archive without metadata is read in full and adopted: %s',
  async (format) => {
    const folder = runs.folder();
    runs.put(folder, STAMP, { format, metadata: null });
    expect((await runs.run(folder, ['list'])).entries[0]).toMatchObject({ verification: 'unverified', rows: null });
    const adopted = await runs.run(folder, ['verify', '--all'], { TIME_ZONE: 'Australia/Perth' });
    expect([adopted.code, adopted.stderr]).toEqual([0, `adopted: ${NAME}\nverify complete: 1 backups, all whole\n`]);
    expect(adopted.entries[0]).toMatchObject({ verification: 'verified', kind: 'adopted', rows: 314, tables: 5 });
    const metadata = JSON.parse(readFileSync(join(folder, `${NAME}.meta.json`), 'utf8'));
    const original = runs.metadata(format);
    // What the backup's own run wrote, but for what only that run could know.
    expect(metadata).toEqual({
      ...original,
      name: NAME,
      time: '2026-11-20T19:00:00Z',
      timeZone: 'Australia/Perth',
      file: `${NAME}.${format === 'plain' ? 'sql.gz' : 'dump.zst'}`,
      rolesFile: `${NAME}.roles.sql.gz`,
      kind: 'adopted',
      seconds: expect.any(Number),
      ...Object.fromEntries(UNKNOWN.map((key) => [key, null])),
    });
    expect(Object.keys(metadata)).toEqual(Object.keys(original));
    const again = await runs.run(folder, ['verify', NAME]);
    expect([again.code, again.stderr]).toEqual([0, 'verify complete: 1 backups, all whole\n']);
  },
);

test.each<[string, (bytes: Buffer) => Buffer | null, string]>([
  ['missing', () => null, ''],
  ['damaged', (bytes) => bytes.subarray(0, -9), `${NAME}.roles.sql.gz cannot be read in full and is left out: `],
])('an archive whose roles are %s is adopted without them', async (_, roles, said) => {
  const folder = runs.folder();
  runs.put(folder, STAMP, { metadata: null, roles });
  const { code, stderr } = await runs.run(folder, ['verify', '--all']);
  expect([code, stderr]).toEqual([0, expect.stringMatching(new RegExp(`^${said}.*adopted: ${NAME}\n`, 's'))]);
  const metadata = JSON.parse(readFileSync(join(folder, `${NAME}.meta.json`), 'utf8'));
  expect(metadata).toMatchObject({ rolesFile: null, rolesBytes: null, rolesSha256: null });
});

const UNKNOWN = [
  'serverVersion',
  'databaseBytes',
  'schemaFingerprint',
  'migrationTool',
  'migrationId',
  'migrationCount',
];
