import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(__dirname, '../../.cache');

/** A program from the Go module proxy, at one version. */
export interface GoProgram {
  /** Package of its `main`, such as `github.com/pressly/goose/v3/cmd/goose`. */
  readonly package: string;
  /** Such as `v3.24.3`. */
  readonly version: string;
  /** The oldest Go that builds it, such as `1.23`. */
  readonly leastGo: string;
  /** Build tags. @default - none */
  readonly tags?: readonly string[];
}

/** Why a program cannot be built or found here; `undefined` when it can. */
export function cannotBuild(program: GoProgram): string | undefined {
  if (existsSync(join(folderOf(program), nameOf(program)))) {
    return undefined;
  }
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (status !== 0) {
    return `${nameOf(program)} needs Go ${program.leastGo} to be built, and there is none`;
  }
  const version = stdout.trim().replace(/^go/, '');
  return isOlder(version, program.leastGo)
    ? `${nameOf(program)} needs Go ${program.leastGo} to be built, and this is ${version}`
    : undefined;
}

/**
 * Folder that has the program, built once on a machine. The first time it needs the Go module proxy, and minutes.
 *
 * @throws Error with the compiler's output
 */
export function folderWith(program: GoProgram): string {
  const folder = folderOf(program);
  if (existsSync(join(folder, nameOf(program)))) {
    return folder;
  }
  mkdirSync(CACHE, { recursive: true });
  const unfinished = mkdtempSync(join(CACHE, 'unfinished-'));
  const tags = program.tags ? ['-tags', program.tags.join(',')] : [];
  try {
    execFileSync('go', ['install', '-trimpath', ...tags, `${program.package}@${program.version}`], {
      cwd: unfinished,
      // No C compiler is needed, no other toolchain is fetched, and a workspace around the clone does not matter.
      env: { ...process.env, GOBIN: unfinished, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Another process may have built it meanwhile.
    if (!existsSync(folder)) {
      renameSync(unfinished, folder);
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** `describe` where the program can be built; elsewhere the tests are skipped and the reason printed. */
export function describeWithGoProgram(program: GoProgram, name: string, tests: () => void): void {
  const reason = cannotBuild(program);
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`skipped: ${name}, because ${reason}\n`);
  describe.skip(name, tests);
}

function nameOf(program: GoProgram): string {
  return program.package.slice(program.package.lastIndexOf('/') + 1);
}

function folderOf(program: GoProgram): string {
  return join(CACHE, `${nameOf(program)}-${process.platform}-${process.arch}-${program.version}`);
}

function isOlder(version: string, least: string): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number.parseFloat);
  const [c = 0, d = 0] = least.split('.').map(Number.parseFloat);
  return a < c || (a === c && b < d);
}
