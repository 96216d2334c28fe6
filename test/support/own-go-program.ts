import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(__dirname, '../../.cache');

/**
 * Path of a program whose source lies in the project, built when its sources changed; their hash is in its name. Building
 * needs Go ≥ 1.19 and, the first time on a machine and for a program that uses modules, the Go module proxy.
 *
 * @throws Error with the compiler's output
 */
export function ownGoProgram(name: string, source: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(source).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(source, file)));
  }
  const unchanged = `${name}-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 16)}`;
  const program = join(CACHE, unchanged);
  if (existsSync(program)) {
    return program;
  }
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('go', ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-o', unfinished, '.'], {
    cwd: source,
    // No C compiler is needed, no other toolchain is fetched, and a workspace around the clone does not matter.
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  renameSync(unfinished, program);
  for (const stale of readdirSync(CACHE)) {
    // Another process may be building the same program right now.
    if (stale.startsWith(`${name}-`) && !stale.startsWith(unchanged)) {
      rmSync(join(CACHE, stale), { force: true });
    }
  }
  return program;
}
