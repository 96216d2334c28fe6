import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlGrammar, SchemaFile } from '../../lib/workload/schema/schema-file';
import { code, Page, PROJECT } from './support/page';

const PAGE = new Page('docs/schema-sync.md');
const ACCEPTED = PAGE.table('Accepted').map(([statement]) => code(statement) ?? '');
const REFUSED = PAGE.table('Refused').map(
  ([statement, why = '', instead]) => [code(statement) ?? '', why, code(instead)] as const,
);

beforeAll(loadSqlGrammar);

function read(statement: string): SchemaFile {
  return SchemaFile.fromText(`${statement};\n`, 'schema.sql');
}

test.each(ACCEPTED)('accepted: %s', (statement) => {
  expect(() => read(statement)).not.toThrow();
});

test.each(REFUSED)('refused: %s: %s', (statement, why, instead) => {
  expect(() => read(statement)).toThrow(why);
  expect(() => read(statement)).toThrow(/^schema\.sql:1: /);
  if (instead !== undefined) {
    expect(() => read(instead)).not.toThrow();
  }
});

test('the page has enough of both', () => {
  expect(ACCEPTED.length).toBeGreaterThanOrEqual(15);
  expect(REFUSED.length).toBeGreaterThanOrEqual(15);
  expect([...ACCEPTED, ...REFUSED.map(([statement]) => statement)]).not.toContain('');
});

test('the statement that adds a column is accepted', () => {
  const [example] = PAGE.blocks.filter(({ language }) => language === 'sql');
  expect(() => read(example?.text.trim().replace(/;$/, '') ?? 'DROP TABLE t')).not.toThrow();
});

test('the exit codes are those of the script, in its words', () => {
  const script = readFileSync(join(PROJECT, 'lib/workload/scripts/schema-sync.sh'), 'utf8');
  const header = script.slice(script.indexOf('# Exit codes'), script.indexOf('set -Eeuo'));
  const codes = [...header.matchAll(/^# {3}(\d+(?:, \d+)*) {2}(.*)$/gm)].map(([, number, meaning]) => [
    number,
    meaning,
  ]);
  expect(codes.length).toBeGreaterThan(5);
  expect(PAGE.table('Exit code', 'Meaning').map((row) => row.slice(0, 2))).toEqual(codes);
});
