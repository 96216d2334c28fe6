import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type Finished, type Running, readableCopy, removeFolder, scratchFolder, start } from '../support/process';

export const PREFIX = 'school_platform';
export type Format = 'plain' | 'custom';

/** The scripts of restore, ready to be run against servers of the test's own. */
export class RestoreRuns {
  /** @param options of the server that holds the live database */
  public static async begin(...options: Parameters<typeof startPostgres>): Promise<RestoreRuns> {
    const scratch = await scratchFolder();
    chmodSync(scratch, 0o755);
    const runs = new RestoreRuns(await startPostgres(...options), scratch);
    readableCopy(join(__dirname, '../../lib/backup/scripts'), scratch, 'scripts');
    mkdirSync(runs.folder);
    chmodSync(runs.folder, 0o777);
    return runs;
  }

  /** Where the backups lie. */
  public readonly folder: string;
  /** What the containers of the last run's pod share. */
  public runFolder = '';
  private count = 0;

  private constructor(
    public readonly server: PostgresServer,
    public readonly scratch: string,
  ) {
    this.folder = join(scratch, 'backups');
  }

  public async end(): Promise<void> {
    await this.server.stop();
    removeFolder(this.scratch);
  }

  /** Makes the database `school` anew, with everything that a restore must bring back or keep. */
  public async makeSchool(rows = 1000): Promise<void> {
    await this.server.query('DROP DATABASE IF EXISTS school WITH (FORCE)');
    await this.server.query(
      `DO $$ BEGIN CREATE ROLE teacher LOGIN; CREATE ROLE pupil; GRANT pupil TO teacher;
       EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await this.server.query('CREATE DATABASE school OWNER teacher');
    await this.server.query(
      `ALTER DATABASE school SET search_path TO "$user", public, "Odd, ""one""";
       ALTER DATABASE school SET app.motto = E'it''s "here"\\n';
       ALTER ROLE teacher IN DATABASE school SET statement_timeout = '1min';
       ALTER DATABASE school CONNECTION LIMIT 77;
       COMMENT ON DATABASE school IS E'the school''s\\nown';
       REVOKE ALL ON DATABASE school FROM PUBLIC;
       GRANT CONNECT ON DATABASE school TO pupil WITH GRANT OPTION;
       CREATE TABLE student (id serial PRIMARY KEY, name text NOT NULL);
       CREATE TABLE evidence (id bigint GENERATED ALWAYS AS IDENTITY, student int REFERENCES student, note text);
       CREATE INDEX ON evidence (note);
       INSERT INTO student (name) SELECT E'Zoë\\t"' || i || E'"\\n\\\\.' FROM generate_series(1, ${rows / 10}) i;
       INSERT INTO evidence (student, note) SELECT 1 + i % ${rows / 10}, md5(i::text) FROM generate_series(1, ${rows}) i;
       ALTER TABLE evidence OWNER TO teacher;
       GRANT SELECT ON student TO pupil;`,
      'school',
    );
  }

  /** Backs `school` up with the shipped script and returns the backup's name. */
  public async backup(format: Format, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const finished = await this.startScript('backup.sh', [], { FORMAT: format, PRUNE: 'no', ...env }).finished;
    const file = /^File: (\S+)/m.exec(this.left('dump.result'))?.[1];
    if (finished.code !== 0 || file === undefined) {
      throw new Error(`no backup: ${finished.stderr}${finished.stdout}`);
    }
    return file.replace(/\..*/, '');
  }

  /** Starts `restore.sh` as an ordinary user. */
  public start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    return this.startScript('restore.sh', args, env);
  }

  /** Runs `restore.sh` to its end. */
  public run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    return this.start(args, env).finished;
  }

  /** What the last run left in the folder that the containers of a pod share; empty when there is no such file. */
  public left(file: string): string {
    const path = join(this.runFolder, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Names of the databases that are neither templates nor `postgres`, each with its time as `TIME`. */
  public async databases(): Promise<string[]> {
    const rows = await this.server.query(
      `SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1`,
    );
    return rows.map(([name = '']) => name.replace(/\d{8}_\d{6}$/, 'TIME'));
  }

  /** Drops what restores have left. */
  public async tidy(): Promise<void> {
    for (const [name] of await this.server.query(`SELECT datname FROM pg_database WHERE datname ~ '^school_'`)) {
      await this.server.query(`DROP DATABASE "${name}" WITH (FORCE)`);
    }
  }

  /** Everything in a database that can be compared: rows, sequences, owners and grants. */
  public async contents(database = 'school'): Promise<string[][]> {
    return this.server.query(
      `SELECT 'student', md5(string_agg(s::text, ',' ORDER BY id)) FROM student s
       UNION ALL SELECT 'evidence', md5(string_agg(e::text, ',' ORDER BY id)) FROM evidence e
       UNION ALL SELECT sequencename, last_value::text FROM pg_sequences
       UNION ALL SELECT relname || ' of ' || relowner::regrole,
         replace(relacl::text, 'arwdDxtm', 'arwdDxt') -- all, since 17
         FROM pg_class
         WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2`,
      database,
    );
  }

  /** What a database has as a whole: owner, encoding, locale, limit, grants, comment and settings. */
  public async properties(database = 'school'): Promise<string[][]> {
    return this.server.query(
      `SELECT pg_get_userbyid(datdba), encoding, datcollate, datconnlimit, datallowconn, datacl::text,
         replace(shobj_description(d.oid, 'pg_database'), E'\\n', '|'),
         (SELECT string_agg(setrole::regrole || replace(setconfig::text, E'\\n', '|'), ';' ORDER BY setrole::text)
          FROM pg_db_role_setting WHERE setdatabase = d.oid)
       FROM pg_database d WHERE datname = '${database}'`,
    );
  }

  /** Puts another script in the place of a shipped one. */
  public replace(script: string, text: string): void {
    writeFileSync(join(this.scratch, 'scripts', script), text);
  }

  /** Puts the shipped scripts back. */
  public asShipped(): void {
    cpSync(join(__dirname, '../../lib/backup/scripts'), join(this.scratch, 'scripts'), { recursive: true });
  }

  /** Copies a backup and changes its archive. */
  public damaged(name: string, change: (archive: Buffer) => Buffer): string {
    const stamp = String(20_260_101_000_000 + this.count++);
    const copy = `${PREFIX}_${stamp.slice(0, 8)}_${stamp.slice(8)}`;
    for (const file of readdirSync(this.folder).filter((each) => each.startsWith(name))) {
      const bytes = readFileSync(join(this.folder, file));
      const target = join(this.folder, file.replace(name, copy));
      if (file.endsWith('.meta.json')) {
        writeFileSync(target, bytes.toString().replaceAll(name, copy));
      } else {
        writeFileSync(target, file.includes('.roles.') ? bytes : change(bytes));
      }
    }
    return copy;
  }

  private startScript(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
    this.runFolder = join(this.scratch, `run-${this.count++}`);
    mkdirSync(this.runFolder);
    chmodSync(this.runFolder, 0o777);
    return start('bash', [join(this.scratch, 'scripts', script), ...args], {
      unprivileged: true,
      env: {
        ...this.server.env,
        PATH: [this.server.binFolder, process.env.PATH].join(':'),
        PGDATABASE: 'school',
        FILE_PREFIX: PREFIX,
        BACKUP_DIR: this.folder,
        RUN_DIR: this.runFolder,
        TERMINATION_LOG: join(this.scratch, 'no-termination-log'),
        // A killed script cannot remove its scratch files.
        TMPDIR: this.scratch,
        TZ: 'Europe/Berlin',
        ...env,
      },
    });
  }
}
