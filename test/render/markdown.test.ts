import { code, table } from '../../lib/render/markdown';

test('a table has a header, a line below it and a line for each row', () => {
  expect(
    table(
      ['Name', 'Port'],
      [
        ['web', '80'],
        ['db', '5432'],
      ],
    ),
  ).toBe('| Name | Port |\n| --- | --- |\n| web | 80 |\n| db | 5432 |');
});

test('a table without rows is its header', () => {
  expect(table(['Name'], [])).toBe('| Name |\n| --- |');
});

test.each([
  ['a|b', 'a\\|b'],
  ['||', '\\|\\|'],
  ['a\nb', 'a<br>b'],
  ['a\n\nb|', 'a<br><br>b\\|'],
])('the cell %j cannot break its table', (cell, written) => {
  expect(table([cell], [[cell]])).toBe(`| ${written} |\n| --- |\n| ${written} |`);
});

test('code stands between backticks', () => {
  expect(code('postgres:17.6-bookworm')).toBe('`postgres:17.6-bookworm`');
});
