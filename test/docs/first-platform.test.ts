import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { type Finished, run } from '../support/process';
import { Page, PROJECT } from './support/page';

const README = new Page('README.md');
const FILES = README.blocks.filter(({ info }) => info !== '' && info !== 'main.ts');
const COPIED = ['bin', 'clusters', 'platforms', 'dist', 'main.ts', 'cdk8s.yaml', 'package.json', 'tsconfig.json'];
const LINKED = ['lib', 'imports', 'node_modules'];

let folder: string;
let result: Finished;

/** Does what the README tells a reader to do, in a copy of the project. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-readme-'));
  for (const path of COPIED) {
    cpSync(join(PROJECT, path), join(folder, path), { recursive: true });
  }
  for (const path of LINKED) {
    symlinkSync(join(PROJECT, path), join(folder, path));
  }
  for (const { info, text } of FILES) {
    mkdirSync(dirname(join(folder, info)), { recursive: true });
    writeFileSync(join(folder, info), text);
  }
  const [imports = '', line = ''] = README.blocks.find(({ info }) => info === 'main.ts')?.text.split('\n\n') ?? [];
  const main = readFileSync(join(folder, 'main.ts'), 'utf8');
  writeFileSync(join(folder, 'main.ts'), `${imports}\n${main.replace('synthesize([', `synthesize([\n${line}`)}`);
  result = await run('bin/mooring', ['synth'], { cwd: folder, env: { HOME: folder } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesOf(path: string): string[] {
  return readdirSync(join(folder, path), { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, path).length + 1));
}

test('the README has the files of a platform', () => {
  expect(FILES.map(({ info }) => info)).toEqual([
    'clusters/home.ts',
    'platforms/shop/environments.ts',
    'platforms/shop/images.yaml',
    'platforms/shop/platform.ts',
    'platforms/shop/schema.sql',
  ]);
});

test('they synthesize to what the README shows, beside the other platforms', () => {
  expect(result).toMatchObject({ code: 0, stderr: expect.not.stringContaining('shop') });
  const shown = README.blocks
    .find(({ language }) => language === 'tree')
    ?.text.trim()
    .split('\n');
  const shop = filesOf('dist').filter((path) => path.includes('/shop/'));
  expect(shop.sort()).toEqual([...(shown ?? [])].sort());
  expect(shop.length).toBeLessThan(filesOf('dist').length);
});

test('the page and the record of names that the README promises are written', () => {
  expect(readFileSync(join(folder, 'docs/platforms/shop.md'), 'utf8')).toContain('shop-db-secret');
  expect(readFileSync(join(folder, 'platforms/shop/frozen.yaml'), 'utf8')).toContain('namespace: shop');
});

test('their types are right', () => {
  const config = join(PROJECT, 'tsconfig.json');
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, PROJECT);
  const paths = ['main.ts', ...FILES.map(({ info }) => info)].filter((path) => path.endsWith('.ts'));
  const program = ts.createProgram({
    rootNames: paths.map((path) => join(folder, path)),
    options: { ...options, types: ['node'], typeRoots: [join(PROJECT, 'node_modules/@types')] },
  });
  const messages = paths.flatMap((path) => {
    const file = program.getSourceFile(join(folder, path));
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ messageText }) =>
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    );
  });
  expect(messages).toEqual([]);
});

test('they are formatted as "make lint" wants them', async () => {
  cpSync(join(PROJECT, 'biome.json'), join(folder, 'biome.json'));
  const files = FILES.map(({ info }) => info).filter((path) => path.endsWith('.ts'));
  const biome = join(PROJECT, 'node_modules/.bin/biome');
  expect(await run(biome, ['check', '--vcs-enabled=false', ...files], { cwd: folder })).toMatchObject({ code: 0 });
});
