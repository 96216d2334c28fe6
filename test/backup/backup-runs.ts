import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type PostgresServer, startPostgres } from '../support/postgres';
import {
  type Finished,
  type Running,
  readableCopy,
  removeFolder,
  scratchFolder,
  start,
  until,
} from '../support/process';

export const PREFIX = 'school_platform';
export const DAY = 24 * 60 * 60_000;
/** Rows of the larger table in the database `school`. */
export const ROWS = 150_000;

/** One run of the backup script. */
export interface RunOptions {
  /** Where the backups go. */
  readonly folder: string;
  /** `school` has more than 100,000 rows, `tiny` has one. @default 'tiny' */
  readonly database?: 'school' | 'tiny';
  /** Where the script's clock stands still, in milliseconds since 1970. @default - the clock goes on as it is */
  readonly now?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder with programs that take the place of the real ones. */
  readonly programs?: string;
  /** Another file beside the shipped script. @default 'backup.sh' */
  readonly script?: string;
  /** Shell text that runs the script, which is `"$@"`. */
  readonly shell?: string;
}

/** The backup script, ready to be run against a server of the test's own. */
export class BackupRuns {
  public static async begin(): Promise<BackupRuns> {
    const scratch = await scratchFolder();
    const runs = new BackupRuns(await startPostgres(), scratch);
    readableCopy(join(__dirname, '../../lib/backup/scripts'), scratch, 'scripts');
    mkdirSync(runs.runFolder);
    chmodSync(runs.runFolder, 0o777);
    await runs.server.query('CREATE DATABASE school');
    await runs.server.query('CREATE DATABASE tiny');
    await runs.server.query('CREATE TABLE student AS SELECT 1 AS id', 'tiny');
    await runs.server.query(
      `CREATE TABLE student (id int PRIMARY KEY, name text NOT NULL);
       CREATE TABLE evidence (id serial PRIMARY KEY, student int, note text, digest text, at timestamptz);
       INSERT INTO student SELECT i, E'Zoë\\t"' || i || E'"\\n\\\\.' FROM generate_series(1, 1000) i;
       INSERT INTO evidence (student, note, digest, at)
         SELECT 1 + i % 1000, md5(i::text) || md5((i * 7)::text), md5((i * 13)::text), now()
         FROM generate_series(1, ${ROWS}) i;
       ALTER TABLE evidence ADD FOREIGN KEY (student) REFERENCES student;
       CREATE VIEW recent AS SELECT * FROM evidence WHERE at > '2020-01-01';`,
      'school',
    );
    return runs;
  }

  private count = 0;

  private constructor(
    public readonly server: PostgresServer,
    private readonly scratch: string,
  ) {}

  public async end(): Promise<void> {
    await this.server.stop();
    removeFolder(this.scratch);
  }

  /** A path of its own in a folder that the script's user may enter. */
  public path(name: string): string {
    this.count += 1;
    return join(this.scratch, `${name}-${this.count}`);
  }

  /** A new folder, writable by the script's user, with the given files: metadata of one row, others empty. */
  public folder(...files: readonly string[]): string {
    const folder = this.path('backups');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    for (const file of files) {
      const name = /^(.*)\.meta\.json$/.exec(file)?.[1];
      writeFileSync(join(folder, file), name === undefined ? '' : metadata(name));
    }
    return folder;
  }

  /** A folder with one program, a bash script that finds the real ones in its PATH. */
  public program(name: string, text: string): string {
    const folder = this.path('programs');
    mkdirSync(folder);
    writeFileSync(join(folder, name), `#!/usr/bin/env bash\nPATH=\${PATH#*:}\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
    return folder;
  }

  /** A copy of the shipped script in which one text, which must be there once, is another. */
  private sabotaged(text: string, other: string): string {
    const parts = readFileSync(join(this.scratch, 'scripts/backup.sh'), 'utf8').split(text);
    if (parts.length !== 2) {
      throw new Error(`the script has the text ${parts.length - 1} times: ${text}`);
    }
    this.count += 1;
    const name = `sabotaged-${this.count}.sh`;
    writeFileSync(join(this.scratch, 'scripts', name), parts.join(other));
    return name;
  }

  /** A copy of the shipped script that writes under the archive's final name from its first byte. */
  public withoutPartial(): string {
    const end = '  roles_end=.roles.sql.gz$encrypted\n';
    return this.sabotaged(end, `${end}  archive_partial=\${begin/\\/./\\/}$archive_end\n`);
  }

  /** A copy of the shipped script that removes old backups before it has a new one. */
  public pruningFirst(): string {
    return this.sabotaged('  dump_roles\n  dump\n', '  find_stamp\n  prune\n  dump_roles\n  dump\n');
  }

  /** Starts the script as an ordinary user, in a zone whose clocks change. */
  public start(options: RunOptions): Running {
    const command = ['bash', join(this.scratch, 'scripts', options.script ?? 'backup.sh')];
    if (options.shell !== undefined) {
      command.unshift('bash', '--norc', '-c', options.shell, 'bash');
    }
    if (options.now !== undefined) {
      command.unshift('faketime', '-f', String(options.now / 1000));
    }
    writeFileSync(this.terminationLog, '', { mode: 0o666 });
    chmodSync(this.terminationLog, 0o666);
    rmSync(join(this.runFolder, 'dump.result'), { force: true });
    return start(command[0] ?? '', command.slice(1), {
      unprivileged: true,
      env: {
        ...this.server.env,
        PATH: [options.programs, this.server.binFolder, process.env.PATH].filter(Boolean).join(':'),
        PGDATABASE: options.database ?? 'tiny',
        FILE_PREFIX: PREFIX,
        FORMAT: 'plain',
        KEEP_ALL_DAYS: '30',
        KEEP_DAILY_DAYS: '0',
        KEEP_MONTHLY_DAYS: '0',
        CONNECT_TRIES: '2',
        CONNECT_PAUSE_SECONDS: '1',
        BACKUP_DIR: options.folder,
        RUN_DIR: this.runFolder,
        TERMINATION_LOG: this.terminationLog,
        // A killed script cannot remove its scratch files.
        TMPDIR: this.scratch,
        TZ: 'Europe/Berlin',
        FAKETIME_FMT: '%s',
        ...options.env,
      },
    });
  }

  /** Runs the script to its end. */
  public async run(options: RunOptions): Promise<Finished> {
    return this.start(options).finished;
  }

  /** What the last run left for Kubernetes to show. */
  public get termination(): string {
    return readFileSync(this.terminationLog, 'utf8');
  }

  /** What the last run left for the reporter; empty when it left nothing. */
  public get result(): string {
    const path = join(this.runFolder, 'dump.result');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The pipe that a run holds open as long as it is alive. */
  public get alive(): string {
    return join(this.runFolder, 'dump.alive');
  }

  /** The folder that the containers of a pod share. */
  private get runFolder(): string {
    return join(this.scratch, 'run');
  }

  private get terminationLog(): string {
    return join(this.scratch, 'termination-log');
  }
}

/** Metadata as the script writes it, of a small plain backup. */
export function metadata(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const sha256 = createHash('sha256').digest('hex');
  const values = {
    version: 1,
    name,
    time: '2026-11-20T19:00:00Z',
    timeZone: 'UTC',
    kind: 'scheduled',
    job: null,
    database: 'tiny',
    serverVersion: '15.18',
    pgDumpVersion: '15.18',
    format: 'plain',
    file: `${name}.sql.gz`,
    bytes: 0,
    sha256,
    encryptedTo: [],
    plainBytes: 0,
    plainSha256: sha256,
    rolesFile: `${name}.roles.sql.gz`,
    rolesBytes: 0,
    rolesSha256: sha256,
    databaseBytes: 0,
    tables: 1,
    rows: 1,
    rowsOfTable: { 'public.student': 1 },
    schemaFingerprint: sha256,
    migrationTool: null,
    migrationId: null,
    migrationCount: null,
    seconds: 1.5,
    suddenDrop: null,
    verified: true,
    ...changes,
  };
  return `${JSON.stringify(values, null, 2)}\n`;
}

/** The time of a moment as it stands in file names. */
export function stampOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
}

/** The name of the plain archive that a backup of that moment has. */
export function nameOf(moment: number): string {
  return `${PREFIX}_${stampOf(moment)}.sql.gz`;
}

/** All files of the verified backup of that moment, sorted. */
export function backup(moment: number): string[] {
  return ['meta.json', 'roles.sql.gz', 'sql.gz'].map((end) => `${PREFIX}_${stampOf(moment)}.${end}`);
}

/** Files of one verified backup a day, sorted, from `first` to `last` days before `now`. */
export function daily(first: number, last: number, now: number): string[] {
  return Array.from({ length: first - last + 1 }, (_, i) => backup(now - (first - i) * DAY)).flat();
}

/** Files of a folder, sorted, that have the name of an archive. */
export function archives(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^school_platform_\d{8}_\d{6}\.(sql\.gz|dump\.zst)(\.age)?$/.test(name));
}

/** Archives that are not complete, though their names say so. */
export function incomplete(folder: string): string[] {
  return archives(folder).filter((name) => !isComplete(join(folder, name)));
}

function isComplete(path: string): boolean {
  if (path.endsWith('.dump.zst')) {
    const read = 'zstd -qdc "$1" | { pg_restore -f - && cat >/dev/null; } | tail -n 8';
    const finished = spawnSync('bash', ['--norc', '-o', 'pipefail', '-c', read, 'read', path], { encoding: 'utf8' });
    return finished.status === 0 && finished.stdout.includes('-- PostgreSQL database dump complete\n');
  }
  try {
    return gunzipSync(readFileSync(path)).includes('\n--\n-- PostgreSQL database dump complete\n--\n');
  } catch {
    return false;
  }
}

/** What a metadata file says. */
export interface Metadata {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rolesFile: string;
  readonly rolesSha256: string;
  readonly [key: string]: unknown;
}

/** The metadata of a folder's newest backup. */
export function newestMetadata(folder: string): Metadata {
  const name =
    readdirSync(folder)
      .filter((each) => each.endsWith('.meta.json'))
      .at(-1) ?? 'no metadata';
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** Metadata files that promise what is not there: an archive and a file of roles with exactly these bytes. */
export function unfounded(folder: string): string[] {
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return readdirSync(folder).filter((name) => {
    if (!name.endsWith('.meta.json')) {
      return false;
    }
    try {
      const { file, sha256, rolesFile, rolesSha256 } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Metadata;
      return hash(file) !== sha256 || hash(rolesFile) !== rolesSha256;
    } catch {
      return true;
    }
  });
}

/** Awaits the moment when part of a dump is in this folder's temporary file. */
export function halfWritten(folder: string): Promise<void> {
  return until('part of the dump is written', () =>
    readdirSync(folder).some((name) => name.includes('.archive.') && statSync(join(folder, name)).size > 0),
  );
}

/** The process id of a program that was started by a script, once it runs. */
export async function childOf(script: Running, program: string): Promise<number> {
  let found: number | undefined;
  await until(`${program} runs`, () => {
    found = readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .find((pid) => isChild(pid, program, script.process.pid));
    return found !== undefined;
  });
  return found ?? 0;
}

function isChild(pid: number, program: string, parent: number | undefined): boolean {
  try {
    const stat = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat?.[1] === program && Number(stat[2]) === parent;
  } catch {
    return false; // it ended while we looked
  }
}
