import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, type Running, start } from '../support/process';
import { type S3Server, startS3 } from '../support/s3';
import { PREFIX, RestoreRuns } from './restore-runs';
import { rcloneImage, S3_PREFIX } from './store-runs';

/** Settings of a script. */
type Env = Readonly<Record<string, string>>;

/** How the containers of a pod ended. */
export interface EndedPod {
  readonly main: Finished;
  readonly store: Finished | undefined;
  readonly upload: Finished | undefined;
}

/** Pods of backups that lie in a store alone: a real PostgreSQL, a real S3 server, and the containers as processes. */
export class StorePods {
  public static async begin(): Promise<StorePods> {
    const runs = await RestoreRuns.begin();
    return new StorePods(runs, await startS3(), await rcloneImage(runs.scratch));
  }

  /** Folder that the containers of the last pod shared. */
  public runFolder = '';
  /** Folder of the archives in the last pod. */
  public folder = '';

  private constructor(
    public readonly runs: RestoreRuns,
    public readonly s3: S3Server,
    private readonly image: string,
  ) {}

  public async end(): Promise<void> {
    await this.s3.stop();
    await this.runs.end();
  }

  /** Where the store keeps the files. */
  public get files(): string {
    return join(this.s3.bucketFolder, S3_PREFIX);
  }

  /** Makes a backup of `school` and brings it into the store. */
  public async backup(store: S3Server['env'] = this.s3.env): Promise<EndedPod> {
    const env = { LEADER: 'dump', PREVIOUS_METADATA: join(this.newFolder(), 'previous.meta.json'), PRUNE: 'no' };
    return this.pod(store, ['backup.sh'], ['store.sh', 'sidecars', '10'], env, true);
  }

  /** Runs a restore's pod. */
  public restore(args: readonly string[], store: S3Server['env'] = this.s3.env, env: Env = {}): Promise<EndedPod> {
    this.newFolder();
    return this.pod(store, ['restore.sh', ...args], ['store.sh'], { LEADER: 'restore', RESTORE_ID: '', ...env }, true);
  }

  /**
   * Runs the restore of a pod in which no other container starts.
   *
   * @param left what they have left in the shared folder before; then the backups are in the pod, too
   */
  public restoreAlone(args: readonly string[], env: Env, left: Env = {}): Promise<Finished> {
    this.newFolder();
    for (const [file, text] of Object.entries(left)) {
      writeFileSync(join(this.runFolder, file), text);
      cpSync(this.files, this.folder, { recursive: true });
    }
    return this.main(['restore.sh', ...args], { ...this.common(), ...env }).finished;
  }

  /** Runs a drill's pod. */
  public drill(store: S3Server['env'] = this.s3.env): Promise<EndedPod> {
    const folder = this.newFolder();
    const env = { DRILL_DIR: join(folder, 'server') };
    mkdirSync(env.DRILL_DIR);
    chmodSync(env.DRILL_DIR, 0o777);
    return this.pod(store, ['drill.sh'], ['store.sh', 'newest'], env, false);
  }

  /**
   * Runs a catalogue's pod.
   *
   * @param files that the folder of the backups has before
   */
  public catalogue(
    args: readonly string[],
    store: S3Server['env'] = this.s3.env,
    env: Env = {},
    files: Env = {},
  ): Promise<EndedPod> {
    this.newFolder();
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(join(this.folder, file), text);
    }
    return this.pod(store, ['catalogue.sh', ...args], ['store.sh'], { LEADER: 'catalogue', ...env }, false);
  }

  /** New folders of a pod, which end with it. */
  private newFolder(): string {
    this.runFolder = mkdtempSync(join(this.runs.scratch, 'run-'));
    this.folder = mkdtempSync(join(this.runs.scratch, 'staging-'));
    chmodSync(this.runFolder, 0o777);
    chmodSync(this.folder, 0o777);
    return this.folder;
  }

  private async pod(
    store: S3Server['env'],
    main: readonly string[],
    storeCommand: readonly string[],
    env: Env,
    hasUpload: boolean,
  ): Promise<EndedPod> {
    const common = { ...this.common(), ...env };
    const ofStore = { ...common, PATH: this.image, RETRY_SECONDS: '0', ...store, S3_PREFIX };
    // As the same user as the main container; busybox has another setpriv.
    const command = [
      '/usr/bin/setpriv',
      '--reuid=postgres',
      '--regid=postgres',
      '--clear-groups',
      join(this.image, 'sh'),
    ];
    const [program = '', ...before] = process.getuid?.() === 0 ? command : command.slice(-1);
    const sh = (args: readonly string[]): Running =>
      start(program, [...before, ...this.inPlace(args)], { env: ofStore });
    const [stored, uploaded] = [sh(storeCommand), hasUpload ? sh(['upload.sh']) : undefined];
    const running = this.main(main, common);
    return { main: await running.finished, store: await stored.finished, upload: await uploaded?.finished };
  }

  private main(args: readonly string[], env: Env): Running {
    const { binFolder, env: server } = this.runs.server;
    const path = `${binFolder}:${process.env.PATH}`;
    return start('bash', this.inPlace(args), {
      unprivileged: true,
      env: { ...server, PGDATABASE: 'school', PATH: path, ...env },
    });
  }

  private common(): Env {
    return {
      FILE_PREFIX: PREFIX,
      BACKUP_DIR: this.folder,
      RUN_DIR: this.runFolder,
      STORE: 'archives',
      TERMINATION_LOG: '/dev/null',
      TMPDIR: this.runs.scratch,
      KEEP_ALL_DAYS: '30',
      KEEP_DAILY_DAYS: '0',
      KEEP_MONTHLY_DAYS: '0',
    };
  }

  private inPlace([script = '', ...args]: readonly string[]): string[] {
    return [join(this.runs.scratch, 'scripts', script), ...args];
  }
}
