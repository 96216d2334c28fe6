import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeFolder, run, scratchFolder } from './process';
import { makeScratchRoot } from './scratch-root';

let scratch: string;
let disk: string;
beforeEach(async () => {
  scratch = await scratchFolder();
  disk = join(scratch, 'disk');
  mkdirSync(disk);
});
afterEach(() => removeFolder(scratch));

test('a run has a folder of its own, in which every user works, until it removes it', async () => {
  const root = makeScratchRoot('/dev/shm', disk);
  expect(['/dev/shm', disk]).toContain(dirname(root.folder));
  expect(await run('touch', [join(root.folder, 'file')], { unprivileged: true })).toMatchObject({ code: 0 });
  root.remove();
  expect(existsSync(root.folder)).toBe(false);
});

test('without a file system in memory the folder lies on the disk', () => {
  const root = makeScratchRoot(join(scratch, 'none'), disk);
  expect(dirname(root.folder)).toBe(disk);
});

test('what a killed run left in memory is removed, what one that goes on has is not', () => {
  const ended = spawnSync('true').pid;
  const names = [`mooring-tests-${ended}-a`, `mooring-tests-${process.pid}-a`, 'of-others'];
  for (const name of names) {
    mkdirSync(join(scratch, name));
    writeFileSync(join(scratch, name, 'file'), '');
  }
  makeScratchRoot(scratch, disk).remove();
  expect(readdirSync(scratch).sort()).toEqual(['disk', ...names.slice(1)].sort());
});
