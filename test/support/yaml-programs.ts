import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's own interpreter: python3-yaml belongs to it, whatever other python3 stands first in PATH. */
export const PYTHON = '/usr/bin/python3';

const GO_SOURCE = join(__dirname, 'go-yaml');
const CACHE = join(__dirname, '../../.cache');

/**
 * Path of the program that reads YAML with Go, built when its sources changed; their hash is in its name. Building
 * needs Go ≥ 1.19 and, the first time on a machine, the Go module proxy.
 *
 * @throws Error with the compiler's output
 */
export function goYamlProgram(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) {
    hash.update(readFileSync(join(GO_SOURCE, file)));
  }
  const name = `go-yaml-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 16)}`;
  const program = join(CACHE, name);
  if (existsSync(program)) {
    return program;
  }
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('go', ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-o', unfinished, '.'], {
    cwd: GO_SOURCE,
    // No C compiler is needed, no other toolchain is fetched, and a workspace around the clone does not matter.
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  renameSync(unfinished, program);
  for (const stale of readdirSync(CACHE)) {
    // Another process may be building the same program right now.
    if (stale.startsWith('go-yaml-') && !stale.startsWith(name)) {
      rmSync(join(CACHE, stale), { force: true });
    }
  }
  return program;
}
