import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadSqlGrammar, SchemaFile } from '../../../lib/workload/schema/schema-file';

const TABLE = 'CREATE TABLE IF NOT EXISTS t (id int);\n';

beforeAll(loadSqlGrammar);

/** Rows of declared.jsonl. */
function rows(text: string): unknown[] {
  const { 'declared.jsonl': lines = '' } = SchemaFile.fromText(text, 'x.sql').configMapData();
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

test('says what to do when the grammar was not loaded', () => {
  jest.isolateModules(() => {
    const fresh =
      require('../../../lib/workload/schema/schema-file') as typeof import('../../../lib/workload/schema/schema-file');
    expect(() => fresh.SchemaFile.fromText(TABLE, 'x.sql')).toThrow(
      'the SQL grammar is not loaded; await loadSqlGrammar() before the first schema file is read',
    );
  });
});

test('lists all problems of a file in the order of its lines', () => {
  const text = `${TABLE}DROP TABLE t;
    SELEC 1;
    CREATE TABLE IF NOT EXISTS u (
      -- é
      id int PRIMARYY KEY);

    DO $$ BEGIN
      DROP TABLE u;
    END $$;
    DELETE /* all */
    FROM t;`;
  expect(() => SchemaFile.fromText(text, 'schema.sql')).toThrow(
    [
      'schema.sql:2: DROP TABLE t: removes something at every start; leave it out, the older version of the app still needs it; remove things in a migration of their own',
      'schema.sql:3: SELEC 1: syntax error at or near "SELEC"; correct it',
      'schema.sql:6: CREATE TABLE IF NOT EXISTS u ( id int PRIMARYY KEY): syntax error at or near "PRIMARYY"; correct it',
      'schema.sql:9: DROP TABLE u: removes something at every start; leave it out, the older version of the app still needs it; remove things in a migration of their own',
      'schema.sql:11: DELETE FROM t: deletes rows at every start; leave it out; delete rows in a migration of their own',
    ].join('\n'),
  );
});

test('shortens a long statement', () => {
  expect(() => SchemaFile.fromText(`INSERT INTO t VALUES ('${'é'.repeat(90)}');`, 'x.sql')).toThrow(
    `x.sql:1: INSERT INTO t VALUES ('${'é'.repeat(36)}…: adds`,
  );
});

test('knows the line of a statement whatever stands before it', () => {
  const before = fc
    .array(
      fc.constantFrom(
        '\n',
        '\r\n',
        ' ',
        '-- é; \' "\n',
        '/* a\n/* 𝒳 */ ; */',
        TABLE,
        ';\n',
        "COMMENT ON TABLE t IS 'a\n;b';",
      ),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(before, (text) => {
      const line = text.split('\n').length;
      expect(() => SchemaFile.fromText(`${text}DROP\nTABLE t`, 'x.sql')).toThrow(
        new RegExp(`^x\\.sql:${line}: DROP TABLE t: [^\\n]*$`),
      );
    }),
    { numRuns: 200 },
  );
});

test('holds text, name, sha256 and each declared object once', () => {
  const file = SchemaFile.fromText(TABLE, 'x.sql');
  expect(file).toMatchObject({ name: 'x.sql', text: TABLE });
  expect(file.sha256).toBe(createHash('sha256').update(TABLE).digest('hex'));
  expect(file.declared).toEqual([
    {
      kind: 'table',
      schema: 'public',
      parent: '',
      name: 't',
      line: 1,
      statement: 'CREATE TABLE IF NOT EXISTS t (id int)',
      written: true,
    },
    {
      kind: 'column',
      schema: 'public',
      parent: 't',
      name: 'id',
      line: 1,
      statement: 'ALTER TABLE "public"."t" ADD COLUMN IF NOT EXISTS id int',
      written: false,
    },
  ]);
});

test('reads the same text under the same name once', () => {
  expect(SchemaFile.fromText(TABLE, 'x.sql')).toBe(SchemaFile.fromText(TABLE, 'x.sql'));
  expect(SchemaFile.fromText(TABLE, 'y.sql')).not.toBe(SchemaFile.fromText(TABLE, 'x.sql'));
});

test('reads a file under its own name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-'));
  try {
    writeFileSync(join(folder, 'app.sql'), TABLE);
    expect(SchemaFile.fromFile(join(folder, 'app.sql'))).toMatchObject({ name: 'app.sql', text: TABLE });
    writeFileSync(join(folder, 'bom.sql'), `\uFEFF${TABLE}`);
    expect(() => SchemaFile.fromFile(join(folder, 'bom.sql'))).toThrow('bom.sql:1: begins with a byte order mark');
    writeFileSync(join(folder, 'latin1.sql'), Buffer.from('-- \xe9\n', 'latin1'));
    expect(() => SchemaFile.fromFile(join(folder, 'latin1.sql'))).toThrow(
      /latin1\.sql: is not UTF-8; save it as UTF-8/,
    );
    expect(() => SchemaFile.fromFile(join(folder, 'none.sql'))).toThrow(/ENOENT.*none\.sql/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['nothing', '', /x\.sql:1: the file: holds no statement/],
  ['only comments', '-- later\n', /holds no statement/],
  ['a NUL character', `${TABLE}\0`, /holds a NUL character/],
  ['more than a ConfigMap can take', `${TABLE}-- ${'x'.repeat(300_000)}`, /has 300042 bytes, more than 300000/],
  ['a string that does not end', `${TABLE}COMMENT ON TABLE t IS 'a;\n`, /^x\.sql:2: .*: unterminated quoted string/],
])('refuses a file with %s', (_, text, message) => {
  expect(() => SchemaFile.fromText(text, 'x.sql')).toThrow(message);
});

test('gives the ConfigMap the file, what it declares, and the script', () => {
  const data = SchemaFile.fromText(TABLE, 'x.sql').configMapData();
  expect(Object.keys(data).sort()).toEqual([
    'declared.jsonl',
    'schema-sync-apply.sql',
    'schema-sync-check.sql',
    'schema-sync.sh',
    'schema.sql',
  ]);
  expect(data['schema.sql']).toBe(TABLE);
  expect(data['schema-sync.sh']).toBe(
    readFileSync(join(__dirname, '../../../lib/workload/scripts/schema-sync.sh'), 'utf8'),
  );
  expect(rows(TABLE)).toEqual([
    ['table', 'public', '', 't', 1, null, [[1, 1]]],
    ['column', 'public', 't', 'id', 1, 'ALTER TABLE "public"."t" ADD COLUMN IF NOT EXISTS id int', [[1, 1]]],
  ]);
});

test.each([
  ['an added column', 'ALTER TABLE t\n ADD COLUMN IF NOT EXISTS a int; -- x', [[1, 2]]],
  ['an index', '/* x */ CREATE INDEX IF NOT EXISTS i ON t (a);', [[1, 1]]],
  [
    'a constraint of a DO block',
    'DO $$ BEGIN\nALTER TABLE t ADD CONSTRAINT a CHECK (true); EXCEPTION WHEN duplicate_object THEN NULL;\nEND $$;',
    [[1, 3]],
  ],
  [
    'both statements that declare a column',
    'ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;',
    [
      [1, 1],
      [2, 2],
    ],
  ],
  ['no statement that shares a line', 'ALTER TABLE t ADD COLUMN IF NOT EXISTS a int; GRANT SELECT ON t TO b;', []],
  ['no statement after one on its line', 'GRANT SELECT ON t TO b; ALTER TABLE t\nADD COLUMN IF NOT EXISTS a int;', []],
  ['no statement in whose line a comment ends', '/*\n*/ CREATE INDEX IF NOT EXISTS i ON t (a);', []],
  ['no statement in whose line a comment begins', 'CREATE INDEX IF NOT EXISTS i ON t (a); /*\n*/', []],
  [
    'no OR REPLACE, which may have changed',
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    [],
  ],
  [
    'no DO block that does something else too',
    'DO $$ BEGIN INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING; CREATE TABLE IF NOT EXISTS a (); END $$;',
    [],
  ],
  ['no DO block that grants', 'DO $$ BEGIN CREATE TABLE IF NOT EXISTS a (); GRANT SELECT ON a TO b; END $$;', []],
])('lets the script skip %s', (_, text, ranges) => {
  expect(rows(text).map((row) => (row as unknown[])[6])).toEqual(rows(text).map(() => ranges));
  expect(rows(text)).not.toEqual([]);
});

test('accepts the schema of the school platform', () => {
  const file = SchemaFile.fromFile(join(__dirname, '../../../platforms/school-platform/schema.sql'));
  const tables = file.declared.filter(({ kind }) => kind === 'table').map(({ name }) => name);
  expect(tables).toEqual(
    expect.arrayContaining(['User', 'Student', 'Subject', 'Enrolment', 'Evidence', 'CalendarEntry', 'AuditLog']),
  );
  expect(file.declared.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Role', 'TEACHER', 'house', 'User_email_key', 'Enrolment_subjectId_fkey', 'User_pkey']),
  );
});
