import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';

/** Where an update reads and where it writes. */
export interface FolderUpdateOptions {
  /** Folder with the files as they should be. */
  readonly from: string;
  /** Folder that is brought up to date; made when it is missing. */
  readonly to: string;
}

/** What an update did; paths are below `to`, with forward slashes, in code-unit order. */
export interface FolderUpdate {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** How many files already had the right content and were not touched. */
  readonly unchanged: number;
}

/** Names under which content waits to be renamed. One that a killed update left behind goes with the next update. */
const TEMPORARY = /^\.mooring-[0-9a-f]{16}\.tmp$/;

/**
 * Makes `to` hold exactly the files of `from`. Files with the right content keep inode and time, others are replaced as
 * a whole, files that `from` does not have and empty folders are removed: new files first, then changed ones, removals
 * last, save what stands where a new file or folder belongs. Killed at any moment, it leaves every file old or new,
 * never a part of one (a power cut may: nothing is flushed, because the files can be made again). Two at once from the
 * same files both end, and `to` is right.
 *
 * Links are not followed: one below `to` is itself replaced or removed. Where the file system takes two names that
 * differ in case for one, the file keeps the name it has.
 *
 * @throws Error, before anything is touched, when `from` is missing, holds no file, or holds a link or device; when `to`
 * is no folder, is the root of a Git work tree, or is inside `from` or around it
 */
export function updateFolder({ from, to }: FolderUpdateOptions): FolderUpdate {
  const wanted = wantedFiles(from, to);
  refuseUnsafe(from, to);
  const files = new Set(wanted);
  const folders = new Set(wanted.flatMap(foldersAbove));
  const present = statOf(to) === undefined ? { files: [], folders: [] } : list(to);
  const stale = staleFiles(present.files, wanted, to);
  const staleFolders = present.folders.filter((path) => !folders.has(path));
  const inTheWay = new Set(
    stale.filter((path) => folders.has(path) || foldersAbove(path).some((folder) => files.has(folder))),
  );

  remove(to, [...inTheWay], staleFolders);
  const update = write(from, to, wanted);
  const rest = stale.filter((path) => !inTheWay.has(path));
  remove(to, rest, staleFolders);
  return { ...update, removed: stale.filter((path) => !TEMPORARY.test(basename(path))) };
}

/**
 * Writes the files of `from` into `to` as `updateFolder` does, and leaves everything else in `to` as it is.
 *
 * @throws Error, before anything is touched, when `from` is missing, holds no file, or holds a link or device
 */
export function updateFiles({ from, to }: FolderUpdateOptions): FolderUpdate {
  const wanted = wantedFiles(from, to);
  const update = write(from, to, wanted);
  for (const folder of new Set(wanted.map((path) => join(to, dirname(path))))) {
    for (const name of fs.readdirSync(folder)) {
      if (TEMPORARY.test(name)) {
        unlessGone(() => fs.unlinkSync(join(folder, name)));
      }
    }
  }
  return { ...update, removed: [] };
}

function wantedFiles(from: string, to: string): string[] {
  const files = statOf(from)?.isDirectory() ? list(from).files : [];
  if (files.length === 0) {
    throw new Error(`nothing was synthesized: ${from} holds no file; ${to} stays as it was`);
  }
  const odd = files.filter((path) => !fs.lstatSync(join(from, path)).isFile());
  if (odd.length > 0) {
    throw new Error(`${from} may hold files and folders only; ${to} stays as it was; remove ${odd.join(', ')}`);
  }
  return files;
}

function refuseUnsafe(from: string, to: string): void {
  const [source, target] = [resolve(from) + sep, resolve(to) + sep];
  if (source.startsWith(target) || target.startsWith(source)) {
    throw new Error(`${from} and ${to} lie in one another; give two folders side by side`);
  }
  if (statOf(to)?.isDirectory() === false) {
    throw new Error(`${to} is not a folder; move it away or give another one`);
  }
  if (statOf(join(to, '.git')) !== undefined) {
    throw new Error(`${to} is the root of a Git work tree, which this would remove; give a folder inside it`);
  }
}

/** Everything below a folder: folders, and what is not one, by path with forward slashes, in code-unit order. */
function list(root: string): { files: string[]; folders: string[] } {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of persistently(() => fs.readdirSync(root, { withFileTypes: true, recursive: true }))) {
    const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/');
    (entry.isDirectory() ? folders : files).push(path);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** Files that are not wanted, under any name that the file system takes for the same. */
function staleFiles(present: readonly string[], wanted: readonly string[], to: string): string[] {
  const exact = new Set(wanted);
  const folded = new Map(wanted.map((path) => [path.toLowerCase(), path]));
  return present.filter((path) => {
    const twin = folded.get(path.toLowerCase());
    return !exact.has(path) && (twin === undefined || !isOneEntry(join(to, path), join(to, twin)));
  });
}

function isOneEntry(one: string, other: string): boolean {
  const [a, b] = [statOf(one), statOf(other)];
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino && a.nlink === 1;
}

function write(from: string, to: string, wanted: readonly string[]): Pick<FolderUpdate, 'written' | 'unchanged'> {
  const fresh: string[] = [];
  const changed: string[] = [];
  for (const path of wanted) {
    const stat = statOf(join(to, path));
    if (stat === undefined) {
      fresh.push(path);
    } else if (!stat.isFile() || !sameContent(join(from, path), join(to, path), stat.size)) {
      changed.push(path);
    }
  }
  for (const folder of new Set(fresh.map((path) => join(to, dirname(path))))) {
    fs.mkdirSync(folder, { recursive: true });
  }
  for (const path of [...fresh, ...changed]) {
    persistently(() => {
      const temporary = join(to, dirname(path), `.mooring-${randomBytes(8).toString('hex')}.tmp`);
      fs.copyFileSync(join(from, path), temporary, fs.constants.COPYFILE_EXCL);
      fs.renameSync(temporary, join(to, path));
    });
  }
  return { written: [...fresh, ...changed].sort(), unchanged: wanted.length - fresh.length - changed.length };
}

function sameContent(source: string, target: string, size: number): boolean {
  return fs.statSync(source).size === size && fs.readFileSync(source).equals(fs.readFileSync(target));
}

/** Removes files, and then those of the folders that are empty, the deepest first. */
function remove(to: string, files: readonly string[], folders: readonly string[]): void {
  for (const path of files) {
    unlessGone(() => fs.unlinkSync(join(to, path)));
  }
  for (const path of folders.toReversed()) {
    unlessGone(() => {
      if (statOf(join(to, path))?.isDirectory() && fs.readdirSync(join(to, path)).length === 0) {
        fs.rmdirSync(join(to, path));
      }
    });
  }
}

/** How often a step is done anew. Another update sweeps a name once, so one would do for each that is under way. */
const ATTEMPTS = 10;

/** Does a step anew from whose midst another update took something away: a folder, or what was not yet renamed. */
function persistently<Result>(step: () => Result): Result {
  for (let attempt = 1; ; attempt++) {
    try {
      return step();
    } catch (error) {
      if (!isGone(error) || attempt === ATTEMPTS) {
        throw error;
      }
    }
  }
}

/** Removes something, unless another update has removed it meanwhile. */
function unlessGone(removal: () => void): void {
  try {
    removal();
  } catch (error) {
    if (!isGone(error)) {
      throw error;
    }
  }
}

/** Whether something is not there: it, a folder above it, or, for a file, because a folder stands there now. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** `a/b/c` gives `a/b` and `a`. */
function foldersAbove(path: string): string[] {
  const folder = posix.dirname(path);
  return folder === '.' ? [] : [folder, ...foldersAbove(folder)];
}

/** What stands at a path, links not followed; nothing where it, or a folder above it, is not there. */
function statOf(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path);
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw error;
  }
}
