import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PROJECT = resolve(__dirname, '..');

/** Compiles `lib` to JavaScript with type declarations in `build`, and puts the scripts of the pods beside it. */
function build(): number {
  rmSync(join(PROJECT, 'build'), { recursive: true, force: true });
  const tsc = join(PROJECT, 'node_modules/.bin/tsc');
  const compiled = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: PROJECT, stdio: 'inherit' });
  if (compiled.status === 0) {
    for (const room of readdirSync(join(PROJECT, 'lib'), { withFileTypes: true })) {
      const scripts = join(PROJECT, 'lib', room.name, 'scripts');
      if (room.isDirectory() && existsSync(scripts)) {
        cpSync(scripts, join(PROJECT, 'build/lib', room.name, 'scripts'), { recursive: true });
      }
    }
  }
  return compiled.status ?? 1;
}

process.exitCode = build();
