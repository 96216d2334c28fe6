import { loadSqlGrammar, SchemaFile } from '../../../lib/workload/schema/schema-file';
import { type PostgresServer, startPostgres } from '../../support/postgres';

/** What the examples find: they run in one transaction after it. */
const BASE = `
  CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE, nick text, boss int);
  CREATE TABLE plain (id int NOT NULL);
  INSERT INTO users VALUES (1, 'ada'), (2, 'bob');
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
  CREATE TYPE mood AS ENUM ('happy');
`;

const ACCEPTED: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS a (id int PRIMARY KEY, b text DEFAULT $$;$$)',
  'CREATE UNLOGGED TABLE IF NOT EXISTS a (id int)',
  'CREATE TABLE IF NOT EXISTS a (LIKE users INCLUDING ALL)',
  'CREATE TABLE IF NOT EXISTS a (id int, at date) PARTITION BY RANGE (at)',
  'CREATE TABLE IF NOT EXISTS a AS SELECT 1 AS one',
  'CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS app.a (id int)',
  'CREATE EXTENSION IF NOT EXISTS plpgsql',
  'CREATE SEQUENCE IF NOT EXISTS numbers START 100',
  'CREATE INDEX IF NOT EXISTS i ON users (lower(name)) WHERE boss IS NULL',
  'CREATE UNIQUE INDEX IF NOT EXISTS i ON users USING btree (boss DESC NULLS LAST)',
  'CREATE STATISTICS IF NOT EXISTS s ON name, nick FROM users',
  "CREATE COLLATION IF NOT EXISTS c (locale = 'C')",
  'CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT count(*) FROM users',
  'CREATE OR REPLACE VIEW v AS SELECT id FROM users',
  "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END',
  "CREATE OR REPLACE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN DROP TABLE users; END'",
  'CREATE OR REPLACE TRIGGER tr BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()',
  'CREATE OR REPLACE RULE r AS ON DELETE TO plain DO INSTEAD NOTHING',
  'CREATE OR REPLACE AGGREGATE total (int) (sfunc = int4pl, stype = int)',
  'ALTER TABLE users ADD COLUMN IF NOT EXISTS house text',
  'ALTER TABLE users ADD COLUMN IF NOT EXISTS x int UNIQUE, ADD IF NOT EXISTS y int REFERENCES users (id)',
  'ALTER TABLE users ADD COLUMN IF NOT EXISTS number bigserial',
  "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad' AFTER 'happy'",
  "COMMENT ON TABLE users IS 'people'",
  'GRANT SELECT ON users TO PUBLIC',
  'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC',
  "INSERT INTO users (id, name) VALUES (3, 'eve') ON CONFLICT DO NOTHING",
  "INSERT INTO users (id, name) VALUES (1, 'ada') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
  "INSERT INTO users (id, name) SELECT 9, 'zoe' WHERE NOT EXISTS (SELECT FROM users WHERE id = 9)",
  "INSERT INTO users (id, name) SELECT 9, 'zoe' ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING",
  'UPDATE users SET nick = name, boss = 1 WHERE nick IS NULL AND users.boss IS NULL AND id > 0',
];

/** The same for DO blocks: a handler, or IF NOT EXISTS over the catalog. */
const ACCEPTED_BLOCKS = [
  "DO $$ BEGIN CREATE TYPE role AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
  "DO LANGUAGE plpgsql 'BEGIN CREATE TYPE pair AS (a int, b int); EXCEPTION WHEN duplicate_object THEN NULL; END'",
  "DO $x$ BEGIN CREATE TYPE span AS RANGE (subtype = int4); EXCEPTION WHEN SQLSTATE '42710' THEN NULL; END $x$",
  'DO $$ BEGIN CREATE DOMAIN positive AS int CHECK (VALUE > 0); EXCEPTION WHEN duplicate_object OR duplicate_table THEN NULL; END $$',
  'DO $$ BEGIN CREATE TABLE a (id int); EXCEPTION WHEN duplicate_table THEN NULL; END $$',
  'DO $$ BEGIN CREATE INDEX i ON users (boss); EXCEPTION WHEN duplicate_table THEN RAISE NOTICE $m$there$m$; END $$',
  'DO $$ BEGIN CREATE VIEW v AS SELECT 1; EXCEPTION WHEN duplicate_table THEN NULL; END $$',
  'DO $$ BEGIN CREATE SCHEMA app; EXCEPTION WHEN duplicate_schema THEN NULL; END $$',
  "DO $$ BEGIN CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; EXCEPTION WHEN duplicate_function THEN NULL; END $$",
  'DO $$ BEGIN CREATE POLICY mine ON users USING (true); EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN CREATE ROLE mooring_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch(); EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN CREATE STATISTICS s ON name, nick FROM users; EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE users ADD COLUMN c int; EXCEPTION WHEN duplicate_column THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (boss) REFERENCES users (id); EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE users ADD CONSTRAINT ck CHECK (id > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE users ADD CONSTRAINT uq UNIQUE (nick); EXCEPTION WHEN duplicate_table THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE users ADD CONSTRAINT ex EXCLUDE (nick WITH =); EXCEPTION WHEN duplicate_table THEN NULL; END $$',
  'DO $$ BEGIN ALTER TABLE plain ADD CONSTRAINT pk PRIMARY KEY (id); EXCEPTION WHEN invalid_table_definition THEN NULL; END $$',
  "DO $$ BEGIN ALTER TYPE mood ADD VALUE 'glad'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
  "DO $$ BEGIN INSERT INTO users VALUES (5, 'eve'); EXCEPTION WHEN unique_violation THEN NULL; END $$",
  `DO $$
   BEGIN
     BEGIN CREATE TYPE one AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END;
     BEGIN CREATE TYPE two AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT 1 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE typname = 'role') THEN
       CREATE TYPE role AS ENUM ('a'); CREATE TABLE a (r role);
     END IF;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'handle') THEN
       ALTER TABLE users RENAME COLUMN nick TO handle;
     END IF;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'users' AND relrowsecurity) THEN
       ALTER TABLE users ENABLE ROW LEVEL SECURITY;
     END IF;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'i') AND true THEN CREATE INDEX ON users (boss); CREATE INDEX i ON users (nick); END IF;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT FROM users WHERE id = 7) THEN
       INSERT INTO users VALUES (7, 'joe'); UPDATE users SET boss = 7; PERFORM set_config('app.seeded', 'yes', true);
     END IF;
   END $$`,
  `DO $$ BEGIN
     IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'role') THEN EXECUTE 'CREATE TYPE role AS ENUM (''a'')'; END IF;
   END $$`,
  `DO $$ DECLARE n int; r record; BEGIN
     SELECT count(*) INTO n FROM users;
     FOR r IN SELECT * FROM users LOOP n := n + r.id; END LOOP;
     RAISE NOTICE '%', n;
     CREATE TABLE IF NOT EXISTS a (id int);
   END $$`,
  `DO $$ BEGIN DO $in$ BEGIN CREATE TYPE role AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $in$; END $$`,
].map((block) => block.replace(/\s+/g, ' '));

/** Statement, part of what is wrong, part of the way out. */
const REFUSED: readonly [string, RegExp][] = [
  ['DROP TABLE IF EXISTS users', /removes something.*in a migration/],
  ['DROP INDEX i', /removes something/],
  ['DROP OWNED BY joe', /removes something/],
  ['TRUNCATE users', /deletes all rows/],
  ['DELETE FROM users WHERE id = 1', /deletes rows/],
  ["UPDATE users SET name = 'x'", /overwrites.*WHERE column IS NULL/],
  ["UPDATE users SET name = 'x', boss = 1 WHERE name IS NULL", /overwrites/],
  ["UPDATE users SET name = 'x' WHERE name IS NULL OR id = 1", /overwrites/],
  ['CREATE TABLE a (id int)', /fails at the second start.*write CREATE TABLE IF NOT EXISTS/],
  ['CREATE TEMP TABLE IF NOT EXISTS a (id int)', /is temporary/],
  ['CREATE TEMP VIEW v AS SELECT 1', /is temporary/],
  ['CREATE INDEX i ON users (name)', /write CREATE INDEX IF NOT EXISTS/],
  ['CREATE INDEX ON users (name)', /write CREATE INDEX IF NOT EXISTS/],
  ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (name)', /CONCURRENTLY cannot run inside a transaction/],
  ['CREATE SEQUENCE numbers', /write CREATE SEQUENCE IF NOT EXISTS/],
  ['CREATE SCHEMA app', /write CREATE SCHEMA IF NOT EXISTS/],
  ['CREATE EXTENSION pgcrypto', /write CREATE EXTENSION IF NOT EXISTS/],
  ['CREATE VIEW v AS SELECT 1', /write CREATE OR REPLACE VIEW/],
  ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", /write CREATE OR REPLACE/],
  ['CREATE TRIGGER tr BEFORE UPDATE ON users EXECUTE FUNCTION touch()', /write CREATE OR REPLACE TRIGGER/],
  ['CREATE CONSTRAINT TRIGGER tr AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()', /WHEN duplicate_object/],
  ["CREATE TYPE role AS ENUM ('a')", /write DO \$\$ BEGIN …; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$/],
  ['CREATE DOMAIN positive AS int', /WHEN duplicate_object/],
  ['CREATE POLICY mine ON users', /WHEN duplicate_object/],
  ['CREATE ROLE reader', /WHEN duplicate_object/],
  ['CREATE MATERIALIZED VIEW m AS SELECT 1', /IF NOT EXISTS … AS/],
  ['ALTER TABLE users ADD COLUMN house text', /write ALTER TABLE … ADD COLUMN IF NOT EXISTS/],
  ['ALTER TABLE users ADD COLUMN IF NOT EXISTS a int, ALTER name SET NOT NULL', /again at every start.*DO block/],
  ['ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (boss) REFERENCES users (id)', /WHEN duplicate_object/],
  ['ALTER TABLE users ADD CONSTRAINT uq UNIQUE (nick)', /WHEN duplicate_table/],
  ['ALTER TABLE users ADD CHECK (id > 0)', /again at every start.*DO block under IF NOT EXISTS/],
  ['ALTER TABLE users DROP COLUMN nick', /removes something/],
  ['ALTER TABLE users DROP CONSTRAINT IF EXISTS users_pkey', /removes something/],
  ['ALTER TABLE users RENAME TO people', /again at every start/],
  ['ALTER TABLE users ALTER name TYPE varchar(9)', /again at every start/],
  ["ALTER TYPE mood ADD VALUE 'sad'", /ADD VALUE IF NOT EXISTS/],
  ["ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'", /again at every start/],
  ['ALTER TYPE pair ADD ATTRIBUTE c int', /WHEN duplicate_column/],
  ['ALTER SEQUENCE numbers RESTART', /again at every start/],
  ['ALTER SYSTEM SET work_mem = 1', /cannot run inside a transaction/],
  ['BEGIN', /one transaction.*leave it out/],
  ['COMMIT', /one transaction/],
  ['SAVEPOINT a', /one transaction/],
  ["SET search_path = 'app'", /changes the session/],
  ["SET LOCAL lock_timeout = '0'", /changes the session/],
  ['LOCK TABLE users', /makes every reader wait/],
  ['VACUUM users', /repeats long work/],
  ['ANALYZE users', /repeats long work/],
  ['REFRESH MATERIALIZED VIEW m', /repeats long work/],
  ['CREATE DATABASE other', /cannot run inside a transaction/],
  ["COPY users FROM '/tmp/x'", /adds the same rows.*ON CONFLICT/],
  ['MERGE INTO users USING users u ON false WHEN NOT MATCHED THEN DO NOTHING', /changes rows/],
  ["SELECT setval('numbers', 1)", /effect on a second run/],
  ['SELECT 1 INTO made', /effect on a second run/],
  ['CALL p()', /effect on a second run/],
  ['EXPLAIN ANALYZE DELETE FROM users', /changes the session/],
  [
    'WITH gone AS (DELETE FROM users RETURNING id) INSERT INTO users SELECT id FROM gone ON CONFLICT DO NOTHING',
    /deletes rows/,
  ],
  ['IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c', /again at every start/],
  ['SELECT x[1:user] FROM t', /is a variable to psql/],
  ['\\i other.sql', /is a command of psql/],
  ['CREATE TABEL a (id int)', /syntax error at or near "TABEL"/],
];

const EXAMPLES = [...ACCEPTED, ...ACCEPTED_BLOCKS];

beforeAll(loadSqlGrammar);

test.each(EXAMPLES)('accepts %s', (statement) => {
  expect(() => SchemaFile.fromText(`${statement};`, 'x.sql')).not.toThrow();
});

test.each(REFUSED)('refuses %s', (statement, message) => {
  expect(() => SchemaFile.fromText(`-- first\n\n${statement};`, 'x.sql')).toThrow(message);
  expect(() => SchemaFile.fromText(`-- first\n\n${statement};`, 'x.sql')).toThrow(/^x\.sql:3: /);
});

describe.each(['debian', '18'] as const)('on the server %s', (flavour) => {
  /** Everything that a statement could have changed, as one row. */
  const STATE = `
    SELECT md5(concat(
      (SELECT string_agg(concat(oid, relname, relkind, relrowsecurity, relacl), ',' ORDER BY oid) FROM pg_class WHERE relnamespace >= 2200),
      (SELECT string_agg(concat(attrelid, attname, atttypid), ',' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384),
      (SELECT string_agg(concat(oid, conname), ',' ORDER BY oid) FROM pg_constraint),
      (SELECT string_agg(concat(oid, typname), ',' ORDER BY oid) FROM pg_type),
      (SELECT string_agg(concat(oid, enumlabel), ',' ORDER BY oid) FROM pg_enum),
      (SELECT string_agg(concat(oid, proname, prosrc), ',' ORDER BY oid) FROM pg_proc),
      (SELECT string_agg(concat(oid, tgname), ',' ORDER BY oid) FROM pg_trigger),
      (SELECT string_agg(concat(oid, polname), ',' ORDER BY oid) FROM pg_policy),
      (SELECT string_agg(concat(oid, stxname), ',' ORDER BY oid) FROM pg_statistic_ext),
      (SELECT string_agg(concat(oid, collname), ',' ORDER BY oid) FROM pg_collation),
      (SELECT string_agg(concat(oid, rulename), ',' ORDER BY oid) FROM pg_rewrite WHERE ev_class = 'plain'::regclass),
      (SELECT string_agg(description, ',' ORDER BY description) FROM pg_description WHERE objoid >= 16384),
      (SELECT string_agg(concat(oid, defaclacl), ',' ORDER BY oid) FROM pg_default_acl),
      (SELECT string_agg(concat(oid, nspname, nspacl), ',' ORDER BY oid) FROM pg_namespace),
      (SELECT string_agg(concat(oid, rolname), ',' ORDER BY oid) FROM pg_roles),
      (SELECT string_agg(u::text, ',' ORDER BY id) FROM users u)))`;
  let states: (string | undefined)[][];

  beforeAll(async () => {
    const server: PostgresServer = await startPostgres({ flavour });
    try {
      const runs = EXAMPLES.map((sql) => `BEGIN; ${STATE}; ${`${sql}; ${STATE}; `.repeat(3)} ROLLBACK;`);
      const rows = await server.query(`SET client_min_messages = error; ${BASE} ${runs.join('\n')}`);
      states = EXAMPLES.map((_, i) => rows.slice(4 * i, 4 * i + 4).map(([state]) => state));
    } finally {
      await server.stop();
    }
  });

  test.each(EXAMPLES.map((sql, i) => [sql, i] as const))('a second and a third run change nothing: %s', (sql, i) => {
    const [before, first, second, third] = states[i] ?? [];
    expect(second).toBe(first);
    expect(third).toBe(first);
    // The first run did something, so that the comparison can see it; these three find all as they would make it.
    const idle = /EXTENSION|DO UPDATE|REVOKE/.test(sql);
    expect(before === first).toBe(idle);
  });
});
