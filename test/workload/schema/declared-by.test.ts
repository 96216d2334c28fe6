import type { DeclaredObject } from '../../../lib/workload/schema/declared-object';
import { loadSqlGrammar, SchemaFile } from '../../../lib/workload/schema/schema-file';
import { type PostgresServer, startPostgres } from '../../support/postgres';

beforeAll(loadSqlGrammar);

/** Kind, schema, table or type, name, line of what a text declares. */
function declared(text: string): unknown[][] {
  return SchemaFile.fromText(text, 'x.sql').declared.map(({ kind, schema, parent, name, line }) => {
    return [kind, schema, parent, name, line];
  });
}

/** What a person is told to add, by name. */
function statements(text: string): Record<string, string> {
  return Object.fromEntries(
    SchemaFile.fromText(text, 'x.sql').declared.map(({ name, statement }) => [name, statement]),
  );
}

test.each([
  [
    'a table with its columns and the constraints that have names',
    'CREATE TABLE IF NOT EXISTS Students (\n id int CONSTRAINT pk PRIMARY KEY,\n house text NOT NULL,\n UNIQUE (house),\n CONSTRAINT ck CHECK (id > 0));',
    [
      ['table', 'public', '', 'students', 1],
      ['column', 'public', 'students', 'id', 2],
      ['constraint', 'public', 'students', 'pk', 2],
      ['column', 'public', 'students', 'house', 3],
      ['constraint', 'public', 'students', 'ck', 5],
    ],
  ],
  [
    'no name of a NOT NULL, which PostgreSQL 17 forgets',
    'CREATE TABLE IF NOT EXISTS t (id int CONSTRAINT given NOT NULL);',
    [
      ['table', 'public', '', 't', 1],
      ['column', 'public', 't', 'id', 1],
    ],
  ],
  [
    'columns that are added, each on its own line',
    'ALTER TABLE app."T"\n ADD COLUMN IF NOT EXISTS a int,\n ADD IF NOT EXISTS b text CONSTRAINT fk REFERENCES u (id);',
    [
      ['column', 'app', 'T', 'a', 2],
      ['column', 'app', 'T', 'b', 3],
      ['constraint', 'app', 'T', 'fk', 3],
    ],
  ],
  [
    'a column that comes twice only once',
    'CREATE TABLE IF NOT EXISTS t (a int);\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;',
    [
      ['table', 'public', '', 't', 1],
      ['column', 'public', 't', 'a', 1],
    ],
  ],
  ['nothing of a table that may be missing', 'ALTER TABLE IF EXISTS t ADD COLUMN IF NOT EXISTS a int;', []],
  [
    'an index in the schema of its table',
    'CREATE INDEX IF NOT EXISTS i ON app.t (a);',
    [['index', 'app', 't', 'i', 1]],
  ],
  [
    'types of DO blocks, enums with their labels',
    `DO $$ BEGIN\nCREATE TYPE "Role" AS ENUM ('a', 'it''s'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     DO $$ BEGIN CREATE DOMAIN app.d AS int; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`,
    [
      ['type', 'public', '', 'Role', 2],
      ['label', 'public', 'Role', 'a', 2],
      ['label', 'public', 'Role', "it's", 2],
      ['type', 'app', '', 'd', 3],
    ],
  ],
  ['a label that is added', "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad';", [['label', 'public', 'mood', 'sad', 1]]],
  [
    'a foreign key of a DO block',
    'DO $$ BEGIN\n ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u (id); EXCEPTION WHEN duplicate_object THEN NULL; END $$;',
    [['constraint', 'public', 't', 'fk', 2]],
  ],
  [
    'schemas, extensions, sequences, views, functions, triggers',
    `CREATE SCHEMA IF NOT EXISTS app; CREATE EXTENSION IF NOT EXISTS citext; CREATE SEQUENCE IF NOT EXISTS app.n;
     CREATE OR REPLACE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1;
     CREATE OR REPLACE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t EXECUTE FUNCTION g();`,
    [
      ['schema', '', '', 'app', 1],
      ['extension', '', '', 'citext', 1],
      ['sequence', 'app', '', 'n', 1],
      ['view', 'public', '', 'v', 2],
      ['materialized view', 'public', '', 'm', 2],
      ['function', 'app', '', 'f', 3],
      ['trigger', 'public', 't', 'tr', 4],
    ],
  ],
  [
    'names as PostgreSQL cuts them: at 63 bytes',
    `CREATE TABLE IF NOT EXISTS "${'é'.repeat(40)}" (a int);`,
    [
      ['table', 'public', '', 'é'.repeat(31), 1],
      ['column', 'public', 'é'.repeat(31), 'a', 1],
    ],
  ],
])('declares %s', (_, text, expected) => {
  expect(declared(text)).toEqual(expected);
});

test('tells which column to add, as it is written in its table', () => {
  const text = `CREATE TABLE IF NOT EXISTS students (
    house   TEXT, -- since 2027
    rank numeric(6, 2) DEFAULT round(1.5, 1) /* , */ CHECK (rank IN (1, 2)),
    "a ""b""" text[] DEFAULT '{"x,y"}' NOT NULL,
    note text DEFAULT $$a, b);$$
  );`;
  expect(statements(text)).toMatchObject({
    house: 'ALTER TABLE "public"."students" ADD COLUMN IF NOT EXISTS house TEXT',
    rank: 'ALTER TABLE "public"."students" ADD COLUMN IF NOT EXISTS rank numeric(6, 2) DEFAULT round(1.5, 1) CHECK (rank IN (1, 2))',
    'a "b"': `ALTER TABLE "public"."students" ADD COLUMN IF NOT EXISTS "a ""b""" text[] DEFAULT '{"x,y"}' NOT NULL`,
    note: 'ALTER TABLE "public"."students" ADD COLUMN IF NOT EXISTS note text DEFAULT $$a, b);$$',
  });
});

test('takes the statement of a column that the file adds later', () => {
  const text = 'CREATE TABLE IF NOT EXISTS t (a int);\nALTER TABLE t ADD COLUMN IF NOT EXISTS a int;';
  expect(SchemaFile.fromText(text, 'x.sql').declared[1]).toMatchObject({ name: 'a', line: 1, written: true });
});

/** A file in which everything can be taken away and told again. */
const FULL = `
CREATE SCHEMA IF NOT EXISTS app;
CREATE TABLE IF NOT EXISTS app.parents ("Id" int CONSTRAINT "parents pk" PRIMARY KEY);
CREATE TABLE IF NOT EXISTS "Children" (
  id int NOT NULL,
  parent int CONSTRAINT fk REFERENCES app.parents ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED CONSTRAINT ck CHECK (parent <> 0),
  code text CONSTRAINT "uq $$" UNIQUE DEFAULT 'a, b',
  CONSTRAINT "Children_pkey" PRIMARY KEY (id),
  CONSTRAINT two UNIQUE (id, code),
  CONSTRAINT ex EXCLUDE USING btree (code WITH =),
  CONSTRAINT long CHECK (code ~ '^(a|b), .*$')
);
ALTER TABLE "Children" ADD COLUMN IF NOT EXISTS late date;
CREATE INDEX IF NOT EXISTS late_idx ON "Children" (late);
DO $$ BEGIN CREATE TYPE mood AS ENUM ('it''s', 'b\\c'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'guarded') THEN
    ALTER TABLE "Children" ADD CONSTRAINT guarded CHECK (id < 9);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'shared') THEN
    ALTER TABLE "Children" ADD CONSTRAINT shared UNIQUE (late), ADD CHECK (id > 1);
  END IF;
END $$;
CREATE SEQUENCE IF NOT EXISTS numbers;
CREATE OR REPLACE VIEW app.v AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1 AS one;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE OR REPLACE TRIGGER tr BEFORE UPDATE ON "Children" FOR EACH ROW EXECUTE FUNCTION touch();
`;

const REMOVE: Record<DeclaredObject['kind'], (object: DeclaredObject) => string> = {
  schema: ({ name }) => `DROP SCHEMA "${name}" CASCADE`,
  extension: ({ name }) => `DROP EXTENSION "${name}" CASCADE`,
  table: ({ schema, name }) => `DROP TABLE "${schema}"."${name}" CASCADE`,
  column: ({ schema, parent, name }) => `ALTER TABLE "${schema}"."${parent}" DROP COLUMN "${name}" CASCADE`,
  constraint: ({ schema, parent, name }) => `ALTER TABLE "${schema}"."${parent}" DROP CONSTRAINT "${name}" CASCADE`,
  index: ({ schema, name }) => `DROP INDEX "${schema}"."${name}"`,
  type: ({ schema, name }) => `DROP TYPE "${schema}"."${name}" CASCADE`,
  label: ({ parent }) => `DROP TYPE "${parent}"; CREATE TYPE "${parent}" AS ENUM ()`,
  sequence: ({ schema, name }) => `DROP SEQUENCE "${schema}"."${name}"`,
  view: ({ schema, name }) => `DROP VIEW "${schema}"."${name}"`,
  'materialized view': ({ schema, name }) => `DROP MATERIALIZED VIEW "${schema}"."${name}"`,
  function: ({ schema, name }) => `DROP FUNCTION "${schema}"."${name}" CASCADE`,
  trigger: ({ schema, parent, name }) => `DROP TRIGGER "${name}" ON "${schema}"."${parent}"`,
};

const PRESENT: Record<DeclaredObject['kind'], string> = {
  schema: 'SELECT FROM pg_namespace WHERE nspname = $name',
  extension: 'SELECT FROM pg_extension WHERE extname = $name',
  table: 'SELECT FROM pg_class WHERE relname = $name',
  column: 'SELECT FROM pg_attribute WHERE attname = $name AND attrelid = $parent::regclass AND NOT attisdropped',
  constraint: 'SELECT FROM pg_constraint WHERE conname = $name',
  index: 'SELECT FROM pg_class WHERE relname = $name',
  type: 'SELECT FROM pg_type WHERE typname = $name',
  label: 'SELECT FROM pg_enum WHERE enumlabel = $name',
  sequence: 'SELECT FROM pg_class WHERE relname = $name',
  view: 'SELECT FROM pg_class WHERE relname = $name',
  'materialized view': 'SELECT FROM pg_class WHERE relname = $name',
  function: 'SELECT FROM pg_proc WHERE proname = $name',
  trigger: 'SELECT FROM pg_trigger WHERE tgname = $name',
};

describe('what a person is told to add', () => {
  let server: PostgresServer;
  let objects: readonly DeclaredObject[];
  beforeAll(async () => {
    server = await startPostgres();
    await server.query(FULL);
    objects = SchemaFile.fromText(FULL, 'full.sql').declared;
  });
  afterAll(() => server.stop());

  test('may stand in the file', () => {
    expect(objects.length).toBeGreaterThan(25);
    for (const { statement } of objects) {
      expect(() => SchemaFile.fromText(`${statement};`, 'x.sql')).not.toThrow();
    }
  });

  test('brings back what is missing, and only once', async () => {
    for (const object of objects) {
      const name = `E'${object.name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
      const there = PRESENT[object.kind]
        .replace('$name', () => name)
        .replace('$parent', () => `'"${object.schema}"."${object.parent}"'`);
      const found = `SELECT '${object.kind}', ${name}, EXISTS (${there})`;
      const rows = await server.query(
        `SET client_min_messages = error; BEGIN; ${found}; ${REMOVE[object.kind](object)}; ${found};
         ${object.statement}; ${found}; ${object.statement}; ${found}; ROLLBACK;`,
      );
      expect(rows.map((row) => row.join(' '))).toEqual(
        ['t', 'f', 't', 't'].map((present) => `${object.kind} ${object.name} ${present}`),
      );
    }
  });
});
