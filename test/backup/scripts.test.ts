import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf, PROGRAMS, type Program, scriptFiles } from '../../lib/backup/scripts';
import { removeFolder, run, scratchFolder } from '../support/process';

const FOLDER = join(__dirname, '../../lib/backup/scripts');

/** The script and every file of its folder that it, or one of these, names by a path: `"$here/common.sh"`. */
function filesOf(name: string, found = new Set<string>()): Set<string> {
  // A path may also be one of a temporary file.
  if (existsSync(join(FOLDER, name)) && !found.has(name)) {
    found.add(name);
    for (const [, each] of readFileSync(join(FOLDER, name), 'utf8').matchAll(/\$\{?\w+\}?\/([\w-]+\.(?:sh|sql))/g)) {
      filesOf(each ?? '', found);
    }
  }
  return found;
}

describe.each(Object.keys(PROGRAMS) as Program[])('%s', (program) => {
  test('comes with all that it reads from its own folder, and nothing else', () => {
    expect(Object.keys(scriptFiles([program])).sort()).toEqual([...filesOf(program)].sort());
  });

  test('runs in the shell of its first line', () => {
    const [shell] = commandOf(program, '/scripts');
    expect(scriptFiles([program])[program]).toMatch(new RegExp(`^#!/(usr/bin/env |bin/)${shell}\n`));
  });
});

test('what several scripts read comes once', () => {
  const both = { ...scriptFiles(['backup.sh']), ...scriptFiles(['upload.sh']) };
  expect(scriptFiles(['backup.sh', 'upload.sh'])).toEqual(both);
});

test.each([
  { mayFail: false, code: 4 },
  { mayFail: true, code: 0 },
])('a script that fails with 4 ends with $code when mayFail is $mayFail', async ({ mayFail, code }) => {
  const folder = await scratchFolder();
  writeFileSync(join(folder, 'store.sh'), 'printf "%s\\n" "$@"; exit 4');
  const [shell = '', ...args] = commandOf('store.sh', folder, mayFail);
  expect(await run(shell, [...args, 'backup', 'a b'])).toMatchObject({ code, stdout: 'backup\na b\n' });
  removeFolder(folder);
});
