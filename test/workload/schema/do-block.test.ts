import { loadSqlGrammar, SchemaFile } from '../../../lib/workload/schema/schema-file';

beforeAll(loadSqlGrammar);

/** Reads a file whose second line begins a DO block with that body. */
function block(body: string): SchemaFile {
  return SchemaFile.fromText(`-- enums\nDO $$${body}$$;`, 'x.sql');
}

test.each([
  ['a DROP', 'BEGIN DROP TABLE a; END', /removes something/],
  [
    'a DROP under a guard',
    "BEGIN IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'b') THEN DROP TABLE a; END IF; END",
    /removes/,
  ],
  ['a DROP in a handler', 'BEGIN NULL; EXCEPTION WHEN duplicate_object THEN DROP TABLE a; END', /removes/],
  ['a DROP in a loop', 'BEGIN FOR i IN 1..3 LOOP DROP TABLE a; END LOOP; END', /removes/],
  ['a DROP in a CASE', 'BEGIN CASE 1 WHEN 1 THEN DROP TABLE a; ELSE NULL; END CASE; END', /removes/],
  ['a DROP in a constant EXECUTE', "BEGIN EXECUTE 'DROP TABLE a'; END", /removes/],
  ['a DROP in a block of a block', 'BEGIN DO $x$ BEGIN DROP TABLE a; END $x$; END', /removes/],
  ['a DELETE behind a cursor', 'DECLARE c CURSOR FOR DELETE FROM a RETURNING 1; BEGIN OPEN c; END', /deletes rows/],
  [
    'a DELETE in WITH',
    'DECLARE n int; BEGIN WITH d AS (DELETE FROM a RETURNING 1) SELECT 1 INTO n FROM d; END',
    /deletes rows/,
  ],
  ['a bare CREATE TYPE', "BEGIN CREATE TYPE a AS ENUM ('x'); END", /WHEN duplicate_object THEN NULL/],
  [
    'a handler for another condition',
    'BEGIN CREATE TABLE a (); EXCEPTION WHEN duplicate_object THEN NULL; END',
    /does not catch duplicate_table.*EXCEPTION WHEN duplicate_table/,
  ],
  [
    'a handler for everything, which hides lock timeouts too',
    'BEGIN CREATE TABLE a (); EXCEPTION WHEN OTHERS THEN NULL; END',
    /fails at the second start/,
  ],
  [
    'a statement outside of the block with the handler',
    'BEGIN BEGIN NULL; EXCEPTION WHEN duplicate_table THEN NULL; END; CREATE TABLE a (); END',
    /CREATE TABLE IF NOT EXISTS/,
  ],
  [
    'two statements that rely on one handler',
    "BEGIN CREATE TYPE a AS ENUM ('x'); CREATE TYPE b AS ENUM ('x'); EXCEPTION WHEN duplicate_object THEN NULL; END",
    /is never reached.*BEGIN … EXCEPTION … END/,
  ],
  [
    'an unnamed constraint, which is added once more under another name',
    'BEGIN ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d); EXCEPTION WHEN duplicate_object THEN NULL; END',
    /again at every start/,
  ],
  [
    'an unnamed index',
    'BEGIN CREATE INDEX ON a (b); EXCEPTION WHEN duplicate_table THEN NULL; END',
    /CREATE INDEX IF NOT EXISTS/,
  ],
  [
    'an ALTER that no handler stops',
    'BEGIN ALTER TABLE a ALTER b TYPE text; EXCEPTION WHEN duplicate_object THEN NULL; END',
    /again at every start/,
  ],
  ['a guard without FROM', 'BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE TABLE a (); END IF; END', /IF NOT EXISTS/],
  [
    'a guard over data for DDL',
    'BEGIN IF NOT EXISTS (SELECT FROM a) THEN CREATE TABLE b (); END IF; END',
    /IF NOT EXISTS/,
  ],
  [
    'IF EXISTS as a guard',
    'BEGIN IF EXISTS (SELECT FROM pg_class) THEN CREATE TABLE a (); END IF; END',
    /IF NOT EXISTS/,
  ],
  [
    'the ELSE of a guard',
    'BEGIN IF NOT EXISTS (SELECT FROM pg_class) THEN NULL; ELSE CREATE TABLE a (); END IF; END',
    /IF NOT EXISTS/,
  ],
  [
    'a guard joined by OR',
    'BEGIN IF NOT EXISTS (SELECT FROM pg_class) OR true THEN CREATE TABLE a (); END IF; END',
    /IF NOT EXISTS/,
  ],
  [
    'a computed EXECUTE',
    "BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS %I ()', 'a'); END",
    /put together at run time/,
  ],
  [
    'a computed EXECUTE under a guard',
    "BEGIN IF NOT EXISTS (SELECT FROM pg_class) THEN EXECUTE 'DROP ' || 'TABLE a'; END IF; END",
    /put together at run time/,
  ],
  [
    'a computed query of a loop',
    "DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ' || 1 LOOP NULL; END LOOP; END",
    /put/,
  ],
  ['a computed cursor', "DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT ' || 1; END", /put together/],
  ['PERFORM without a guard', "BEGIN PERFORM setval('s', 1); END", /effect on a second run/],
  ['CALL without a guard', 'BEGIN CALL p(); END', /effect on a second run/],
  ['COMMIT', 'BEGIN COMMIT; END', /one transaction/],
  ['ROLLBACK', 'BEGIN ROLLBACK; END', /one transaction/],
  ['SET', "BEGIN SET LOCAL search_path = 'a'; END", /changes the session/],
  ['an unguarded INSERT', 'BEGIN INSERT INTO a VALUES (1); END', /adds the same rows/],
  ['what is not PL/pgSQL', 'BEGIN CREATE; ELSE; END', /cannot be read as PL\/pgSQL/],
])('refuses %s in a DO block', (_, body, message) => {
  expect(() => block(body)).toThrow(message);
  expect(() => block(body)).toThrow(/^x\.sql:2: /);
});

test('refuses a language other than PL/pgSQL, since it cannot look inside', () => {
  expect(() => SchemaFile.fromText('DO LANGUAGE plpython3u $$ import os $$;', 'x.sql')).toThrow(
    /cannot be checked in plpython3u; write it in PL\/pgSQL/,
  );
});

test('names the line of the statement inside the block', () => {
  expect(() => block('\n\nBEGIN\n  NULL;\n\n  DROP\n  TABLE a;\n  EXECUTE $x$TRUNCATE b$x$;\nEND ')).toThrow(
    [
      'x.sql:7: DROP TABLE a: removes something at every start; leave it out, the older version of the app still needs it; remove things in a migration of their own',
      'x.sql:9: TRUNCATE b: deletes all rows at every start; leave it out; delete rows in a migration of their own',
    ].join('\n'),
  );
});

test.each([
  ['a guard with another condition', 'IF NOT EXISTS (SELECT FROM pg_class) AND false THEN CREATE TABLE a (); END IF;'],
  ['a loop', 'FOR i IN 1..0 LOOP CREATE TABLE IF NOT EXISTS a (); END LOOP;'],
  ['an early RETURN', 'RETURN; CREATE TABLE IF NOT EXISTS a ();'],
])('does not expect what %s may leave out', (_, body) => {
  expect(block(`BEGIN ${body} END`).declared).toEqual([]);
});
