import { loadSqlGrammar, SchemaFile } from '../../../lib/workload/schema/schema-file';

const TABLE = `
  CREATE TABLE IF NOT EXISTS t (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, code text, title text, UNIQUE (code, title));
  CREATE UNIQUE INDEX IF NOT EXISTS t_partial ON t (title) WHERE code IS NULL;
`;

beforeAll(loadSqlGrammar);

test.each([
  ['the key is given', "INSERT INTO t (id, title) VALUES ('5f0c…', 'x') ON CONFLICT DO NOTHING"],
  ['another key is given in full', "INSERT INTO t (code, title) VALUES ('a', 'x') ON CONFLICT DO NOTHING"],
  ['the target is given', "INSERT INTO t (code, title) VALUES ('a', 'x') ON CONFLICT (code, title) DO NOTHING"],
  ['the target is a constraint', "INSERT INTO t (title) VALUES ('x') ON CONFLICT ON CONSTRAINT t_key DO NOTHING"],
  ['the target is an expression', "INSERT INTO t (title) VALUES ('x') ON CONFLICT (lower(title)) DO NOTHING"],
  ['no columns are named', "INSERT INTO t VALUES ('5f0c…', 'a', 'x') ON CONFLICT DO NOTHING"],
  ['the table is not of this file', "INSERT INTO elsewhere (title) VALUES ('x') ON CONFLICT DO NOTHING"],
  ['the key is computed from constants', "INSERT INTO t (id) VALUES (md5('x')::uuid) ON CONFLICT DO NOTHING"],
  ['rows come from a query', 'INSERT INTO t (id, title) SELECT * FROM old ON CONFLICT (id) DO NOTHING'],
])('accepts an INSERT when %s', (_, insert) => {
  expect(() => SchemaFile.fromText(`${TABLE}${insert};`, 'x.sql')).not.toThrow();
});

test.each([
  ['nothing guards it', "INSERT INTO t (id) VALUES ('5f0c…')", /adds the same rows at every start;/],
  ['no key is among its columns', "INSERT INTO t (title) VALUES ('x') ON CONFLICT DO NOTHING", /no unique key/],
  [
    'the key is a new UUID',
    "INSERT INTO t (id, title) VALUES (gen_random_uuid(), 'x') ON CONFLICT DO NOTHING",
    /no unique key/,
  ],
  [
    'one row of several has a new key',
    "INSERT INTO t (id) VALUES ('5f0c…'), (DEFAULT) ON CONFLICT (id) DO NOTHING",
    /the key "id" gets a new value/,
  ],
  [
    'the target is not inserted',
    "INSERT INTO t (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = 'x'",
    /the key "id" gets a new value/,
  ],
  [
    'the key is a new UUID in other clothes',
    'INSERT INTO t (id) SELECT md5(random()::text)::uuid ON CONFLICT (id) DO NOTHING',
    /the key "id" gets a new value/,
  ],
  [
    'NOT EXISTS looks at another table',
    "INSERT INTO t (title) SELECT 'x' WHERE NOT EXISTS (SELECT FROM other)",
    /adds the same rows/,
  ],
  [
    'NOT EXISTS is only one way out of two',
    "INSERT INTO t (title) SELECT 'x' WHERE NOT EXISTS (SELECT FROM t) OR true",
    /adds the same rows/,
  ],
])('refuses an INSERT when %s', (_, insert, message) => {
  expect(() => SchemaFile.fromText(`${TABLE}${insert};`, 'x.sql')).toThrow(message);
});
