import fc from 'fast-check';
import { loadModule, scanSync } from 'libpg-query';
import { tokensOf } from '../../../lib/workload/schema/sql-tokens';

beforeAll(loadModule);

/** Pieces of SQL that end in themselves, so that any sequence of them can be scanned. */
const PIECES = [
  'CREATE',
  'é𝒳_$1',
  '"a""b; é"',
  'U&"\\0041"',
  "'it''s ; -- no comment'",
  "E'\\' ; \\\\'",
  "e'''\\n'",
  "B'01'",
  "N'x'",
  "U&'\\0041'",
  '$$ ; $x$ $$',
  '$täg$ $$ ; $täg $täg$',
  '-- ; \' " $$ é\n',
  "/* ; /* nested */ ' */",
  '1',
  '.5',
  '1.5e-3',
  '1_000',
  '0x1F',
  '$1',
  '::',
  ':=',
  ':',
  '..',
  ';',
  ',',
  '(',
  ')',
  '[',
  ']',
  '\n',
  '\t',
];

test('sees the same words, strings and comments as the scanner of PostgreSQL', () => {
  const text = fc
    .array(fc.record({ piece: fc.constantFrom(...PIECES), space: fc.constantFrom(' ', '\n', '\r\n', ' -- x\n ') }), {
      minLength: 1,
    })
    .map((parts) => parts.map(({ piece, space }) => piece + space).join(''));
  fc.assert(
    fc.property(text, (sql) => {
      const expected = scanSync(sql).tokens.map(({ start, end, text: word, tokenName }) => {
        return { start, end, text: word, comment: ['SQL_COMMENT', 'C_COMMENT'].includes(tokenName) };
      });
      expect(tokensOf(Buffer.from(sql))).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('ends at the end of a text whose string or comment does not end', () => {
  for (const text of ["'abc", '/* a /* b */', '$$ x', "E'\\"]) {
    expect(tokensOf(Buffer.from(text)).at(-1)?.end).toBe(text.length);
  }
});
