import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Page, PROJECT } from './support/page';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

/** Text without code, in which brackets are not links. */
function prose(page: Page): string {
  return page.text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '`');
}

/** Anchors that GitHub gives to the headings of a page. */
function anchors(path: string): string[] {
  return [...new Page(path).text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(PAGES)('every relative link of %s leads to a file, and to a heading in it', (path) => {
  const broken: string[] = [];
  for (const [, target = ''] of prose(new Page(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) {
      continue;
    }
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : join(dirname(path), file);
    const isThere = existsSync(join(PROJECT, linked));
    if (!isThere || (anchor !== undefined && !anchors(linked).includes(anchor))) {
      broken.push(target);
    }
  }
  expect(broken).toEqual([]);
});

test('the map of the README has every page that is not generated', () => {
  const { text } = new Page('README.md');
  expect(PAGES.filter((path) => path !== 'README.md' && !text.includes(`](${path})`))).toEqual([]);
});

test.each(['README.md', 'CONTRIBUTING.md'])('every command that %s names exists', (path) => {
  const { text } = new Page(path);
  const makefile = readFileSync(join(PROJECT, 'Makefile'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: object };
  const targets = [...text.matchAll(/(?:^|`)make ([a-z0-9-]+)/gm)].map(([, name]) => name);
  const names = [...text.matchAll(/(?:^|`)npm run ([a-z0-9-]+)/gm)].map(([, name]) => name);
  expect(targets.length).toBeGreaterThan(0);
  expect(targets.filter((name) => !new RegExp(`^${name}:`, 'm').test(makefile))).toEqual([]);
  expect(names.filter((name) => name === undefined || !(name in scripts))).toEqual([]);
});

test('the facts in the example of CONTRIBUTING.md are recorded ones', () => {
  const frozen = readFileSync(join(PROJECT, 'platforms/school-platform/frozen.yaml'), 'utf8');
  const example = new Page('CONTRIBUTING.md').blocks.find(({ language }) => language === 'yaml')?.text ?? '';
  const [, fact, was] = /fact: (.*)\n.*was: (.*)\n/.exec(example) ?? [];
  expect(frozen).toContain(`    ${fact}: ${was}\n`);
});
