import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Running, removeFolder, run, scratchFolder, start } from '../support/process';
import { type S3Server, startS3 } from '../support/s3';

const SCRIPTS = join(__dirname, '../../lib/backup/scripts');

/** The folder in the bucket that scripts are told to work in. */
export const S3_PREFIX = 'our/folder';

/** A backup as `backup.sh` leaves it. */
export interface MadeBackup {
  readonly name: string;
  readonly archive: Buffer;
}

/** What differs from a good backup of some bytes. */
export interface BackupOptions {
  /** @default 'school' */
  readonly prefix?: string;
  /** Bytes of the archive. @default 1000 */
  readonly bytes?: number;
  readonly suddenDrop?: string;
}

/** Writes archive, roles and sidecar of a backup to a folder. */
export function makeBackup(folder: string, stamp: string, options: BackupOptions = {}): MadeBackup {
  const name = `${options.prefix ?? 'school'}_${stamp}`;
  const archive = randomBytes(options.bytes ?? 1000);
  const roles = Buffer.from(`roles of ${name}`);
  const sidecar = {
    version: 1,
    name,
    format: 'plain',
    file: `${name}.sql.gz`,
    bytes: archive.length,
    sha256: sha256(archive),
    rolesFile: `${name}.roles.sql.gz`,
    rolesBytes: roles.length,
    rolesSha256: sha256(roles),
    suddenDrop: options.suddenDrop ?? null,
    verified: true,
  };
  writeFileSync(join(folder, `${name}.sql.gz`), archive);
  writeFileSync(join(folder, `${name}.roles.sql.gz`), roles);
  writeFileSync(join(folder, `${name}.meta.json`), `${JSON.stringify(sidecar, null, 2)}\n`);
  return { name, archive };
}

/** Names of the files of a backup, archive first. */
export function filesOf(...names: string[]): string[] {
  return names.flatMap((name) => [`${name}.meta.json`, `${name}.roles.sql.gz`, `${name}.sql.gz`]).sort();
}

/** Whether the files of a backup in a folder are whole, as its sidecar there says. */
export function isWhole(folder: string, name: string): boolean {
  const sidecar = JSON.parse(readFileSync(join(folder, `${name}.meta.json`), 'utf8')) as Record<string, string>;
  return (
    sha256(readFileSync(join(folder, sidecar.file ?? ''))) === sidecar.sha256 &&
    sha256(readFileSync(join(folder, sidecar.rolesFile ?? ''))) === sidecar.rolesSha256
  );
}

/** All files below a folder, sorted, by their paths in it. An S3 server keeps no empty folder. */
export function tree(folder: string): string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !statSync(join(folder, path)).isDirectory() && !path.startsWith('.sgwtmp'))
    .sort();
}

/** A store, and what the scripts that work on it need. */
export interface StoreRuns {
  /** Folder for what the test makes. */
  readonly scratch: string;
  /** The only folder in a script's `PATH`. */
  readonly image: string;
  readonly s3: S3Server;
  /** The folder in the bucket that the scripts work in, as the server keeps it. */
  readonly store: string;
  /** Makes that folder anew, and forgets unfinished uploads. */
  empty(): void;
  end(): Promise<void>;
}

/** Starts an S3 server. */
export async function beginStoreRuns(): Promise<StoreRuns> {
  const scratch = await scratchFolder();
  const [image, s3] = await Promise.all([rcloneImage(scratch), startS3()]);
  const store = join(s3.bucketFolder, S3_PREFIX);
  return {
    scratch,
    image,
    s3,
    store,
    empty: () => {
      for (const each of [S3_PREFIX, '.sgwtmp/multipart']) {
        rmSync(join(s3.bucketFolder, each), { recursive: true, force: true });
      }
      mkdirSync(store, { recursive: true });
    },
    end: async () => {
      await s3.stop();
      removeFolder(scratch);
    },
  };
}

/**
 * Makes a folder with what the official rclone image has, busybox' applets and rclone, to be the only one in PATH. Its
 * `date` prints STAMP of the environment, when there is one.
 */
export async function rcloneImage(scratch: string): Promise<string> {
  const folder = join(scratch, 'rclone-image');
  mkdirSync(folder);
  const [busybox, rclone] = await Promise.all(['busybox', 'rclone'].map((name) => run('which', [name])));
  const { stdout } = await run('busybox', ['--list']);
  for (const applet of stdout.split('\n').filter((name) => /^[a-z]/.test(name))) {
    symlinkSync(busybox?.stdout.trim() ?? '', join(folder, applet));
  }
  symlinkSync(rclone?.stdout.trim() ?? '', join(folder, 'rclone'));
  rmSync(join(folder, 'date'));
  const date = `#!/bin/sh\n[ -z "$STAMP" ] || exec echo "$STAMP"\nexec ${busybox?.stdout.trim()} date "$@"\n`;
  writeFileSync(join(folder, 'date'), date, { mode: 0o755 });
  return folder;
}

/** Starts a script as its container would. */
export function startScript(
  image: string,
  [script = '', ...args]: readonly string[],
  store: S3Server['env'] | undefined,
  env: Record<string, string | undefined> = {},
): Running {
  return start(join(image, 'sh'), [join(SCRIPTS, script), ...args], {
    env: {
      PATH: image,
      // rclone builds a table for its terminal interface at each start otherwise, half of its start-up time.
      TCELL_MINIMIZE: '1',
      FILE_PREFIX: 'school',
      ...(store === undefined ? {} : { ...store, S3_PREFIX }),
      KEEP_ALL_DAYS: '30',
      KEEP_DAILY_DAYS: '0',
      KEEP_MONTHLY_DAYS: '0',
      RETRY_SECONDS: '0',
      TERMINATION_LOG: '/dev/null',
      ...env,
    },
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
