import fs from 'node:fs';
import { updateFolder } from '../../lib/render/update-folder';

// Updates a folder and kills itself with SIGKILL right before its n-th step; a copy is by then half done.
// Arguments: from, to, n. Exits 0 when the update has fewer steps.

const [, , from = '', to = '', killAt = ''] = process.argv;
let steps = 0;

function step(halfDone: () => void = () => undefined): void {
  steps += 1;
  if (steps === Number(killAt)) {
    halfDone();
    process.kill(process.pid, 'SIGKILL');
  }
}

const { copyFileSync, mkdirSync, renameSync, rmdirSync, unlinkSync } = fs;
Object.assign(fs, {
  copyFileSync: (source: string, target: string, mode: number) => {
    step(() => fs.writeFileSync(target, fs.readFileSync(source).subarray(0, 2)));
    copyFileSync(source, target, mode);
  },
  mkdirSync: (path: string, options: fs.MakeDirectoryOptions) => {
    step();
    return mkdirSync(path, options);
  },
  renameSync: (source: string, target: string) => {
    step();
    renameSync(source, target);
  },
  rmdirSync: (path: string) => {
    step();
    rmdirSync(path);
  },
  unlinkSync: (path: string) => {
    step();
    unlinkSync(path);
  },
});

updateFolder({ from, to });
