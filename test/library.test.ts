import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './support/process';

const PROJECT = resolve(__dirname, '..');

/** A program of somebody else's that knows only the package. */
const CONSUMER = `import { ImageReference, loadSqlGrammar, Retention, SchemaFile } from 'mooring';
async function main(): Promise<void> {
  await loadSqlGrammar();
  const days = Number(Retention.days(30).env[0]?.value);
  const schema = SchemaFile.fromText('CREATE TABLE IF NOT EXISTS t (id int);', 'schema.sql');
  console.log(days, ImageReference.parse('shop:1.0').repository, Object.keys(schema.configMapData()).length > 3);
}
void main();
`;

test('the packed library compiles, with types, and runs in a project of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-library-'));
  try {
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: PROJECT,
      env: { HOME: folder },
    });
    expect(packed).toMatchObject({ code: 0 });
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    const archive = packed.stdout.trim().split('\n').at(-1) ?? '';
    expect(await run('tar', ['-xzf', archive], { cwd: folder })).toMatchObject({ code: 0 });
    symlinkSync(join(folder, 'package'), join(modules, 'mooring'));
    for (const name of ['cdk8s', 'cdk8s-plus-28', 'constructs', 'js-yaml', 'libpg-query', 'zod', '@types', '@pgsql']) {
      symlinkSync(join(PROJECT, 'node_modules', name), join(modules, name));
    }
    // The package's own files look for their dependencies above themselves.
    symlinkSync(modules, join(folder, 'package/node_modules'));
    writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
    const flags = ['--strict', '--skipLibCheck', '--module', 'CommonJS', '--target', 'ES2022', '--types', 'node'];
    const compiled = await run(join(PROJECT, 'node_modules/.bin/tsc'), [...flags, 'consumer.ts'], { cwd: folder });
    expect(compiled).toMatchObject({ code: 0, stdout: '' });
    const ran = await run('node', ['consumer.js'], { cwd: folder });
    expect(ran).toMatchObject({ code: 0, stdout: '30 shop true\n' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);
