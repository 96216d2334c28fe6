import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { BackupBeforeMigration } from '../../lib/backup/backup-before-migration';
import { BackupCronJob } from '../../lib/backup/backup-cron-job';
import { BackupTarget } from '../../lib/backup/backup-target';
import { Retention } from '../../lib/backup/retention';
import type { Database, MigratedDatabase } from '../../lib/database/database';
import { ExternalPostgresByUrl } from '../../lib/database/external-postgres-by-url';
import { MigrationGate } from '../../lib/migration/migration-gate';
import { MigrationJob } from '../../lib/migration/migration-job';
import type { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Manifest } from '../../lib/platform/manifest';
import type { Platform } from '../../lib/platform/platform';
import { Schedule } from '../../lib/platform/schedule';
import { SecretKey } from '../../lib/platform/secret-key';
import { NfsClaim } from '../../lib/storage/nfs-claim';
import { Worker } from '../../lib/workload/worker';
import { gooseFolder } from '../support/go-tools';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type Finished, killGroup, type Running, removeFolder, run, scratchFolder } from '../support/process';
import { FakeDatabase, only, testPlatform } from '../support/test-platform';
import { PodProcesses, SHELLS, type Shell } from './pod-processes';

/** What stands for an app's image: a folder, in which its containers start, and the tool in it. */
export interface Image {
  readonly folder: string;
  readonly tool: MigrationTool;
  readonly env?: Environment;
}

/** How a Job or a gate ended. */
export interface Outcome extends Finished {
  /** What `kubectl describe pod` shows of the container. */
  readonly message: string;
}

/** A Job that runs: its containers as processes that share a folder. */
export interface RunningJob {
  readonly migrate: Running;
  readonly lock: Running;
  readonly outcome: Promise<Outcome>;
  /** Ends every process at once, as the loss of the pod does. */
  kill(): Promise<void>;
  /** Starts the sidecar again, as the kubelet does. */
  restartLock(): Running;
}

type Environment = Readonly<Record<string, string>>;

const IMAGE = ImageReference.parse('registry.example.com/shop:1.2');
const BY_URL = 'CONNECTION_STRING';
const RESOURCES = { cpu: Cpu.millis(50), memory: Size.mebibytes(128) };

/**
 * Runs the containers of rendered Jobs and gates as processes beside a server of its own; those of the app's image see a `PATH` with busybox'
 * programs, goose, Alembic and Node only.
 */
export class MigrationRuns {
  public static async begin(): Promise<MigrationRuns> {
    const server = await startPostgres();
    const folder = await scratchFolder();
    for (const shell of SHELLS) {
      const path = join(folder, shell);
      mkdirSync(path);
      await run('busybox', ['--install', '-s', path]);
      if (shell === 'dash') {
        rmSync(join(path, 'sh'));
        symlinkSync('/usr/bin/dash', join(path, 'sh'));
      }
      symlinkSync(join(gooseFolder(), 'goose'), join(path, 'goose'));
      symlinkSync('/usr/bin/alembic', join(path, 'alembic'));
      symlinkSync(process.execPath, join(path, 'node'));
    }
    return new MigrationRuns(server, folder);
  }

  readonly #started: Running[] = [];
  #count = 0;

  private constructor(
    public readonly server: PostgresServer,
    private readonly folder: string,
  ) {}

  /** Ends what a failed test left running. */
  public async end(): Promise<void> {
    for (const running of this.#started) {
      killGroup(running.process, 'SIGKILL');
      await running.finished;
    }
    await this.server.stop();
    removeFolder(this.folder);
  }

  /** A new, empty database. */
  public async database(): Promise<string> {
    const name = `db${++this.#count}`;
    await this.server.query(`CREATE DATABASE ${name}`);
    return name;
  }

  /** The URL of a database. */
  public url(database: string): string {
    const { PGUSER, PGPASSWORD, PGHOST, PGPORT } = this.server.env;
    return `postgresql://${PGUSER}:${PGPASSWORD}@${PGHOST}:${PGPORT}/${database}`;
  }

  /** A new folder with files. */
  public files(files: Readonly<Record<string, string>>): string {
    const folder = join(this.folder, `files${++this.#count}`);
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  /** Runs a Job to its end. */
  public async job(image: Image, database: string, env: Environment = {}): Promise<Outcome> {
    return (await this.startJob(image, database, env)).outcome;
  }

  /** Starts a Job. */
  public async startJob(
    image: Image,
    database: string,
    more: Environment = {},
    shell: Shell = 'busybox',
  ): Promise<RunningJob> {
    const pod = await this.#jobPod(image, database, { env: more, shell });
    const lock = pod.start('hold-lock');
    const migrate = pod.start('migrate', { folder: image.folder, shell });
    const outcome = migrate.finished.then(async (finished) => {
      // The kubelet ends a sidecar when the others have ended.
      killGroup(lock.process, 'SIGTERM');
      await lock.finished;
      return { ...finished, message: pod.message('migrate') };
    });
    const kill = async () => {
      // The tool has a process group of its own, with all that it started. One that has ended by itself is no error.
      const groups = 'for child in $(pgrep -P "$1"); do kill -s KILL -- "-$child" || kill -s KILL "$child"; done';
      await run('sh', ['-c', groups, 'sh', String(migrate.process.pid)]);
      killGroup(lock.process, 'SIGKILL');
      killGroup(migrate.process, 'SIGKILL');
      await outcome;
    };
    return { migrate, lock, outcome, kill, restartLock: () => pod.start('hold-lock') };
  }

  /** Runs a Job that backs the database up into a folder first; its tool is not started when that fails. */
  public async backedUpJob(
    image: Image,
    database: string,
    backups: string,
    env: Environment = {},
  ): Promise<{ readonly backup: Outcome; readonly migrate?: Outcome }> {
    const pod = await this.#jobPod(image, database, { env, backups });
    const lock = pod.start('hold-lock');
    const backup = { ...(await pod.start('backup').finished), message: pod.message('backup') };
    const app = { folder: image.folder, shell: SHELLS[0] };
    const migrate = backup.code === 0 ? await pod.start('migrate', app).finished : undefined;
    killGroup(lock.process, 'SIGTERM');
    await lock.finished;
    return { backup, ...(migrate && { migrate: { ...migrate, message: pod.message('migrate') } }) };
  }

  /** The pod of a Job, its image's migrations listed. */
  async #jobPod(
    image: Image,
    name: string,
    options: { readonly env: Environment; readonly shell?: Shell; readonly backups?: string },
  ) {
    const { shell = SHELLS[0], backups } = options;
    const env = { DATABASE_URL: this.url(name), ...image.env, ...options.env };
    const platform = testPlatform();
    const database = databaseOf(env);
    const job = new MigrationJob(platform.layers.migrate, 'Migration', {
      name: 'shop-migrate',
      image: IMAGE,
      database,
      tool: image.tool,
      user: { uid: 1000 },
      resources: RESOURCES,
      env: Object.entries(env)
        .filter(([variable]) => !database.direct.some((each) => each.name === variable))
        .map(([variable, value]) => ({ name: variable, value })),
      backup: backups === undefined ? undefined : safetyBackup(platform, database as Database),
    });
    const connection = { ...this.#connection(name, env), ...env };
    const pod = this.#pod(only(platform, 'Job', job.name), connection, {
      '/mooring/scripts': this.#scripts(platform, 'shop-migrate-scripts'),
      ...(backups && {
        '/scripts': this.#scripts(platform, 'shop-migrate-backup-scripts'),
        '/backups': backups,
        '/run/backup': this.files({}),
      }),
    });
    await this.#list(pod, image, shell);
    return pod;
  }

  /** A folder with the files of a ConfigMap. */
  #scripts(platform: Platform, name: string): string {
    return this.files(only(platform, 'ConfigMap', name).data as Record<string, string>);
  }

  async #list(pod: PodProcesses, { folder }: Image, shell: Shell): Promise<void> {
    const listed = await pod.start('list-migrations', { folder, shell }).finished;
    if (listed.code !== 0) {
      throw new Error(`list-migrations failed: ${listed.stderr}`);
    }
  }

  /** Runs the gate of a pod to its end. */
  public async gate(
    image: Image,
    database: string,
    wait = Duration.seconds(0),
    env: Environment = {},
  ): Promise<Outcome> {
    const running = await this.startGate(image, database, wait, env);
    return running.outcome;
  }

  /** Starts the gate of a pod. */
  public async startGate(
    image: Image,
    database: string,
    wait: Duration,
    env: Environment = {},
  ): Promise<{ readonly gate: Running; readonly outcome: Promise<Outcome> }> {
    const platform = testPlatform();
    const gates = [
      new MigrationGate(platform.layers.app, 'Gate', {
        name: 'shop-gate',
        image: IMAGE,
        database: databaseOf(env),
        tool: image.tool,
        job: 'shop-migrate',
        wait,
      }),
    ];
    new Worker(platform.layers.app, 'Worker', { name: 'shop', image: IMAGE, resources: RESOURCES, gates });
    const connection = { ...this.#connection(database, env), ...env };
    const pod = this.#pod(only(platform, 'Deployment', 'shop'), connection, {
      '/mooring/scripts': this.#scripts(platform, 'shop-gate'),
    });
    await this.#list(pod, image, SHELLS[0]);
    const gate = pod.start('migration-gate');
    const outcome = gate.finished.then((finished) => ({ ...finished, message: pod.message('migration-gate') }));
    return { gate, outcome };
  }

  /** What the cluster would give a container from Secrets. */
  #connection(database: string, env: Environment): Environment {
    return BY_URL in env ? {} : { ...this.server.env, PGDATABASE: database };
  }

  /** @param mounted folder here that a path in the containers stands for */
  #pod(workload: Manifest, env: Environment, mounted: Readonly<Record<string, string>>): PodProcesses {
    return new PodProcesses({
      workload,
      env,
      mounted,
      shells: this.folder,
      state: this.files({}),
      temporary: this.files({}),
      started: (running) => this.#started.push(running),
    });
  }
}

/** A database known by the string that its environment has, or by libpq's variables. */
function databaseOf(env: Environment): MigratedDatabase {
  const url = new SecretKey('shop-db-secret', 'dsn');
  const clientImage = ImageReference.parse('postgres:17.6-bookworm');
  return BY_URL in env
    ? new ExternalPostgresByUrl({ name: 'shop', clientImage, url, host: 'db.example.com' })
    : new FakeDatabase();
}

/** The platform's nightly backup, made before a migration. */
function safetyBackup(platform: Platform, database: Database): BackupBeforeMigration {
  const { base, backup } = platform.layers;
  const claim = new NfsClaim(base, 'Backups', {
    name: 'shop-backups',
    volumeName: 'shop-backups-pv',
    path: '/shop/backups',
    size: Size.gibibytes(1),
  });
  const backups = new BackupCronJob(backup, 'Backup', {
    name: 'shop-backup',
    database,
    schedule: Schedule.daily('03:00', 'Etc/UTC'),
    retention: Retention.days(30),
    targets: [BackupTarget.claim(claim)],
  });
  return new BackupBeforeMigration({ backups });
}
