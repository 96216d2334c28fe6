import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { debianBinFolder, debianMajors } from './postgres-programs';
import { makeScratchRoot } from './scratch-root';

/** What jest does once before all suites; its workers inherit the environment. */
export default function globalSetup(): void {
  const { folder, remove } = makeScratchRoot('/dev/shm', tmpdir());
  process.once('exit', remove);
  process.env.TMPDIR = folder;
  process.env.CLUSTER_TEMPLATES = join(folder, 'clusters');
  mkdirSync(process.env.CLUSTER_TEMPLATES);
  if (debianMajors().length > 0) {
    // As in the image. The `psql` in Debian's usual place is a Perl script that looks for the real one.
    process.env.PATH = [debianBinFolder(), process.env.PATH].join(delimiter);
  }
}
