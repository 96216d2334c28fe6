import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Size } from 'cdk8s';
import { load } from 'js-yaml';
import { postgresLayout } from '../../lib/database/postgres-layout';
import { postgresSettings } from '../../lib/database/postgres-settings';
import { code, Page, PROJECT } from './support/page';

const PAGE = new Page('docs/database.md');
const SCRIPTS = join(PROJECT, 'lib/database/scripts');

/** First lines of what a script says when it refuses, with … for what is filled in. */
function refusals(script: string): string[] {
  const text = readFileSync(join(SCRIPTS, script), 'utf8');
  const double = /(?:refuse |problems\+=\()"((?:\$\((?:[^()"]|"[^"]*")*\)|\$\{[^}]*\}|\\.|[^"\\])*)"/g;
  const single = /(?:refuse |problems\+=\()'([^']*)'/g;
  return [
    ...[...text.matchAll(double)].map(([, said = '']) => filledIn(said)),
    ...[...text.matchAll(single)].map((m) => m[1] ?? ''),
  ].filter((said) => /[a-z]/.test(said));
}

function filledIn(text: string): string {
  return text
    .replace(/\$\([^()]*\)|\$\{[^}]*\}|(?<!\\)\$\w+/g, '…')
    .replace(/…(?::…)+/g, '…')
    .replace(/\\(.)/g, '$1');
}

/** Messages of the table by container. */
function listed(container: string): string[] {
  return PAGE.table('Container', 'Message', 'What to do')
    .filter(([name]) => name === container)
    .map(([, message]) => message?.slice(1, -1) ?? '');
}

test.each([
  ['`preflight`', 'preflight.sh'],
  ['`find-data`', 'find-data.sh'],
  ['`initialise`', 'initialise.sh'],
  ['`apply-password`', 'apply-password.sh'],
  ['`postgres`', 'start-server.sh'],
  ['any with a lock', 'lock.sh'],
])('the messages of %s are those of %s', (container, script) => {
  // What find-data adds to a message is not one of its own.
  const said = refusals(script).filter((text) => !text.startsWith("if it is another database's"));
  expect(listed(container).sort()).toEqual([...new Set(said)].sort());
});

test('no script of the pod that can refuse was forgotten', () => {
  const refusing = readdirSync(SCRIPTS).filter((script) => script !== 'report.sh' && refusals(script).length > 0);
  expect(refusing.sort()).toEqual([
    'apply-password.sh',
    'find-data.sh',
    'initialise.sh',
    'lock.sh',
    'preflight.sh',
    'start-server.sh',
  ]);
});

test('the init containers are those of dist, in their order', () => {
  const file = join(PROJECT, 'dist/platforms/school-platform/prod/database/deployment-school-platform-db.yaml');
  const deployment = load(readFileSync(file, 'utf8')) as {
    spec: { template: { spec: { initContainers: { name: string }[] } } };
  };
  const named = [...PAGE.text.matchAll(/^\d\. \*\*`(.*?)`\*\*/gm)].map(([, name]) => name);
  expect(named).toEqual(deployment.spec.template.spec.initContainers.map(({ name }) => name));
});

test('the layouts are those of the construct', () => {
  const rows = PAGE.table('Major', '`subPath`');
  const expected = [
    { major: 17 },
    { major: 17, subPath: 'postgres' },
    { major: 18 },
    { major: 18, subPath: 'postgres' },
  ].map((props) => {
    const { volumeRoot, pgdata, folders } = postgresLayout(props);
    return [volumeRoot, pgdata, folders[1]?.path];
  });
  expect(rows.map((row) => row.slice(2).map(code))).toEqual(expected);
});

test('the settings are those that are derived', () => {
  const rows = PAGE.table('Setting', '512 MiB', '1 GiB', '4 GiB');
  const derived = [512, 1024, 4096].map((size) => postgresSettings({ memoryLimit: Size.mebibytes(size) }).arguments);
  expect(rows.length).toBeGreaterThan(0);
  for (const [name, ...values] of rows) {
    expect(derived.map((each) => each.find((text) => text.startsWith(`${code(name)}=`)))).toEqual(
      values.map((value) => `${code(name)}=${value}`),
    );
  }
});
