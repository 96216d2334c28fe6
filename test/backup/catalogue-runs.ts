import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type Finished, readableCopy, removeFolder, run, scratchFolder } from '../support/process';

export const PREFIX = 'school_platform';

/** One line of `list` or `verify`. */
export interface Entry {
  readonly name: string;
  readonly verification: string;
  readonly compatibility: string;
  readonly problems?: readonly string[];
  readonly [key: string]: unknown;
}

/** How the script ended and what it printed. */
export interface Answer extends Finished {
  readonly entries: readonly Entry[];
}

/** The catalogue script, beside a server whose database `school` was backed up in two formats. */
export class CatalogueRuns {
  public static async begin(): Promise<CatalogueRuns> {
    const scratch = await scratchFolder();
    const runs = new CatalogueRuns(await startPostgres(), scratch);
    readableCopy(join(__dirname, '../../lib/backup/scripts'), scratch, 'scripts');
    writeFileSync(runs.terminationLog, '');
    chmodSync(runs.terminationLog, 0o666);
    await runs.server.query('CREATE DATABASE school');
    await runs.server.query(SCHOOL, 'school');
    for (const [format, stamp] of [
      ['plain', PLAIN],
      ['custom', CUSTOM],
    ] as const) {
      const folder = runs.folder();
      const made = await runs.backup(folder, { FORMAT: format });
      if (made.code !== 0) {
        await runs.end();
        throw new Error(`no backup: ${made.stderr}`);
      }
      runs.copies.set(stamp, readBackup(folder));
    }
    return runs;
  }

  private count = 0;
  private readonly copies = new Map<string, ReadonlyMap<string, Buffer>>();

  private constructor(
    public readonly server: PostgresServer,
    private readonly scratch: string,
  ) {}

  public async end(): Promise<void> {
    await this.server.stop();
    removeFolder(this.scratch);
  }

  /** A new folder that the script may write to. */
  public folder(): string {
    this.count += 1;
    const folder = join(this.scratch, `backups-${this.count}`);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    return folder;
  }

  /**
   * Puts a backup into a folder under a stamp, with changes: of its archive, of a line of its metadata (`null` leaves the
   * metadata away), of its roles.
   */
  public put(folder: string, stamp: string, changes: Changes = {}): string {
    const name = `${PREFIX}_${stamp}`;
    const { format = 'plain', metadata = (text: string) => text } = changes;
    for (const [ending, bytes] of this.copies.get(format === 'plain' ? PLAIN : CUSTOM) ?? []) {
      if (ending === 'meta.json') {
        const time = stamp.replace(/(....)(..)(..)_(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z');
        const own = String(bytes)
          .replaceAll(/school_platform_\d{8}_\d{6}/g, name)
          .replace(/"time": ".*"/, `"time": "${time}"`);
        const text = metadata?.(own);
        if (text !== undefined) {
          writeFileSync(join(folder, `${name}.${ending}`), text, { mode: 0o644 });
        }
      } else {
        const change = ending.startsWith('roles') ? changes.roles : changes.archive;
        const changed = change === undefined ? bytes : change(Buffer.from(bytes));
        if (changed !== null) {
          writeFileSync(join(folder, `${name}.${ending}`), changed, { mode: 0o644 });
        }
      }
    }
    return name;
  }

  /** The environment in which a program is a shell text, which finds the real one in its PATH. */
  public program(name: string, text: string): { readonly PATH: string } {
    const folder = this.folder();
    writeFileSync(join(folder, name), `#!/bin/sh\nPATH=\${PATH#*:}\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
    return { PATH: [folder, this.server.binFolder, process.env.PATH].join(':') };
  }

  /** The archive of a format, as `backup.sh` made it. */
  public archive(format: 'plain' | 'custom'): Buffer {
    const copies = this.copies.get(format === 'plain' ? PLAIN : CUSTOM);
    return copies?.get(format === 'plain' ? 'sql.gz' : 'dump.zst') ?? Buffer.alloc(0);
  }

  /** The metadata of the backup in that format, as `backup.sh` wrote them. */
  public metadata(format: 'plain' | 'custom'): Record<string, unknown> {
    return JSON.parse(String(this.copies.get(format === 'plain' ? PLAIN : CUSTOM)?.get('meta.json')));
  }

  /** Makes a backup. */
  public backup(folder: string, env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    return this.start(['bash', join(this.scratch, 'scripts/backup.sh')], folder, { FORMAT: 'plain', ...env });
  }

  /** Runs the script as an ordinary user. */
  public async run(
    folder: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const finished = await this.start(['bash', join(this.scratch, 'scripts/catalogue.sh'), ...args], folder, env);
    const lines = finished.stdout.split('\n').filter((line) => line.startsWith('{'));
    return { ...finished, entries: lines.map((line) => JSON.parse(line)) };
  }

  /** What the last failure left for Kubernetes to show. */
  public get termination(): string {
    return readFileSync(this.terminationLog, 'utf8');
  }

  private get terminationLog(): string {
    return join(this.scratch, 'termination-log');
  }

  private start(command: readonly string[], folder: string, env: Readonly<Record<string, string>>): Promise<Finished> {
    return run(command[0] ?? '', command.slice(1), {
      unprivileged: true,
      env: {
        ...this.server.env,
        PATH: [this.server.binFolder, process.env.PATH].join(':'),
        PGDATABASE: 'school',
        FILE_PREFIX: PREFIX,
        KEEP_ALL_DAYS: '30',
        KEEP_DAILY_DAYS: '0',
        KEEP_MONTHLY_DAYS: '0',
        BACKUP_DIR: folder,
        TERMINATION_LOG: this.terminationLog,
        TMPDIR: this.scratch,
        TZ: 'Europe/Berlin',
        ...MIGRATIONS,
        ...env,
      },
    });
  }
}

/** What `CatalogueRuns.put` changes; `null` leaves a file away. */
export interface Changes {
  readonly format?: 'plain' | 'custom';
  readonly archive?: (bytes: Buffer) => Buffer | null;
  readonly roles?: (bytes: Buffer) => Buffer | null;
  readonly metadata?: ((text: string) => string) | null;
}

const PLAIN = '20200101_000000';
const CUSTOM = '20200102_000000';

const MIGRATIONS = {
  MIGRATION_TOOL: 'goose',
  MIGRATION_TABLE: 'public.applied',
  MIGRATION_QUERY: 'SELECT id FROM public.applied ORDER BY id',
};

/** Names and rows that are easily taken for something else. */
const SCHOOL = String.raw`
CREATE TABLE applied (id text);
INSERT INTO applied VALUES ('001'), ('002');
CREATE TABLE student (id int PRIMARY KEY, name text);
INSERT INTO student SELECT i, E'Zoë\n\\.\nCOPY public.student (id) FROM stdin;\n' FROM generate_series(1, 300) i;
CREATE TABLE empty (id int);
CREATE SCHEMA "Odd ""schema""";
CREATE UNLOGGED TABLE "Odd ""schema"""."back\slash, (dot.) FROM stdin;" (id int, "a ""b""" text);
INSERT INTO "Odd ""schema"""."back\slash, (dot.) FROM stdin;" VALUES (1, '-- Data for Name: student'), (2, NULL);
CREATE TABLE year (id int) PARTITION BY RANGE (id);
CREATE TABLE year_1 PARTITION OF year FOR VALUES FROM (0) TO (10);
INSERT INTO year SELECT generate_series(0, 9);
CREATE FUNCTION trap() RETURNS text LANGUAGE sql AS $$ SELECT '
CREATE TABLE public.nothing (id int);
COPY public.nothing (id) FROM stdin;
1
' $$;
CREATE MATERIALIZED VIEW names AS SELECT name FROM student;
`;

function readBackup(folder: string): ReadonlyMap<string, Buffer> {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${PREFIX}_`));
  return new Map(
    files.map((file) => [
      basename(file).replace(/^school_platform_\d{8}_\d{6}\./, ''),
      readFileSync(join(folder, file)),
    ]),
  );
}
