import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
    await runs.server.query('CREATE DATABASE school');
    await runs.server.query('CREATE DATABASE tiny');
    await runs.server.query('CREATE TABLE student AS SELECT 1 AS id', 'tiny');
    await runs.server.query(
      `CREATE TABLE student (id int PRIMARY KEY, name text NOT NULL);
       CREATE TABLE evidence (id serial PRIMARY KEY, student int REFERENCES student, note text, digest text, at timestamptz);
       INSERT INTO student SELECT i, E'Zoë\\t"' || i || E'"\\n\\\\.' FROM generate_series(1, 1000) i;
       INSERT INTO evidence (student, note, digest, at)
         SELECT 1 + i % 1000, md5(i::text) || md5((i * 7)::text), md5((i * 13)::text), now()
         FROM generate_series(1, ${ROWS}) i;
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

  /** A new folder, writable by the script's user, with the given empty files. */
  public folder(...files: readonly string[]): string {
    const folder = this.path('backups');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    for (const file of files) {
      writeFileSync(join(folder, file), '');
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
  public sabotaged(text: string, other: string): string {
    const parts = readFileSync(join(this.scratch, 'scripts/backup.sh'), 'utf8').split(text);
    if (parts.length !== 2) {
      throw new Error(`the script has the text ${parts.length - 1} times: ${text}`);
    }
    this.count += 1;
    const name = `sabotaged-${this.count}.sh`;
    writeFileSync(join(this.scratch, 'scripts', name), parts.join(other));
    return name;
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
    return start(command[0] ?? '', command.slice(1), {
      unprivileged: true,
      env: {
        ...this.server.env,
        PATH: [options.programs, this.server.binFolder, process.env.PATH].filter(Boolean).join(':'),
        PGDATABASE: options.database ?? 'tiny',
        FILE_PREFIX: PREFIX,
        RETENTION_DAYS: '30',
        BACKUP_DIR: options.folder,
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

  private get terminationLog(): string {
    return join(this.scratch, 'termination-log');
  }
}

/** The name that a backup of that moment has. */
export function nameOf(moment: number): string {
  const stamp = new Date(moment).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
  return `${PREFIX}_${stamp}.sql.gz`;
}

/** Names of one backup a day, from `first` to `last` days before `now`. */
export function daily(first: number, last: number, now: number): string[] {
  return Array.from({ length: first - last + 1 }, (_, i) => nameOf(now - (first - i) * DAY));
}

/** Files of a folder, sorted, that have the name of an archive. */
export function archives(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^school_platform_\d{8}_\d{6}\.sql\.gz$/.test(name));
}

/** Archives that are not complete, though their names say so. */
export function incomplete(folder: string): string[] {
  return archives(folder).filter((name) => {
    try {
      const dump = gunzipSync(readFileSync(join(folder, name)));
      return !dump.includes('\n--\n-- PostgreSQL database dump complete\n--\n');
    } catch {
      return true;
    }
  });
}

/** Awaits the moment when part of a dump is in this folder's temporary file. */
export function halfWritten(folder: string): Promise<void> {
  return until('part of the dump is written', () =>
    readdirSync(folder).some((name) => name.endsWith('.partial') && statSync(join(folder, name)).size > 0),
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
