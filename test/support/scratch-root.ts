import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';

/** Bytes that must be free before tests work in memory: several times what they hold at once. */
const ENOUGH = 3 * 1024 ** 3;
const NAME = 'mooring-tests-';

/** Where a run of the tests makes all its temporary folders. */
export interface ScratchRoot {
  readonly folder: string;
  remove(): void;
}

/**
 * Makes a folder in memory where there is room, else on the disk. Tests make and remove whole database clusters; when
 * ext4 makes a file, it looks through the inodes of all that were removed in the last seconds, which took a third of
 * the tests' time.
 *
 * @param memory a file system in memory
 * @param disk folder for temporary files on the disk
 */
export function makeScratchRoot(memory: string, disk: string): ScratchRoot {
  const folder = makeIn(memory) ?? makeFolder(disk);
  return { folder, remove: () => remove(folder) };
}

function makeIn(memory: string): string | undefined {
  try {
    removeOfEndedRuns(memory);
    const { bavail, bsize } = statfsSync(memory);
    if (Math.min(bavail * bsize, freemem()) < ENOUGH) {
      return undefined;
    }
    const folder = makeFolder(memory);
    if (startsPrograms(folder)) {
      return folder;
    }
    remove(folder);
  } catch {
    // There is no such file system, or it may not be written to.
  }
  return undefined;
}

/** The run's process is in the name, so that what a killed run left does not stay in memory. */
function makeFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, `${NAME}${process.pid}-`));
  // As for /tmp: programs of other users work in there, too.
  chmodSync(folder, 0o1777);
  return folder;
}

function removeOfEndedRuns(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(NAME) ? name.slice(NAME.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      remove(join(parent, name));
    }
  }
}

function startsPrograms(folder: string): boolean {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const { status } = spawnSync(program);
  rmSync(program);
  return status === 0;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
