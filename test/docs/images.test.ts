import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Page, PROJECT } from './support/page';

const PAGE = new Page('docs/images.md');

function scripts(): string[] {
  return readdirSync(join(PROJECT, 'lib'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.sh'),
  );
}

test('every file that the page names exists', () => {
  const named = [...PAGE.text.matchAll(/`((?:lib|test)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  const short = [...PAGE.text.matchAll(/`([\w-]+\.sh)`/g)].map(([, name = '']) => name);
  const known = [...scripts().map((path) => path.split('/').pop()), 'docker-entrypoint.sh'];
  expect(short.filter((name) => !known.includes(name))).toEqual([]);
});

test('no script for an image without curl calls it', () => {
  const calls = scripts()
    .map((path) => readFileSync(join(PROJECT, 'lib', path), 'utf8'))
    .filter((text) => /^[^#]*\b(curl|wget)\b/m.test(text) && !/(official curl image|needs curl)/.test(text));
  expect(PAGE.text).toContain('`curl` and `wget` are not there');
  expect(calls).toEqual([]);
});
