import { Duration, Size } from 'cdk8s';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import { Platform } from '../platform/platform';
import type { Schedule } from '../platform/schedule';
import type { Resources } from '../pod/container';
import type { Claim } from '../storage/claim';
import { ageContainers } from './age-container';
import type { AgeEncryption } from './age-encryption';
import type { AppliedMigrations } from './applied-migrations';
import { previousMetadata } from './backup-folders';
import { BackupFormat } from './backup-format';
import type { BackupTarget, S3Store } from './backup-target';
import { BackupWatchdog } from './backup-watchdog';
import type { BackupImages, Backups } from './backups';
import { checkBackups } from './check-backups';
import { dumpContainer } from './dump-container';
import { type BackedUpFiles, filesContainers } from './files-containers';
import { reportContainers } from './report-container';
import type { Retention } from './retention';
import { ScriptCronJob } from './script-cron-job';
import type { SecretUrl } from './secret-url';
import { storeContainers, uploadContainers } from './store-containers';

/** Properties of `BackupCronJob`. */
export interface BackupCronJobProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Database that is dumped, with the client programs of its own major version. */
  readonly database: Database;

  readonly schedule: Schedule;

  /** How long backups are kept. */
  readonly retention: Retention;

  /** A volume, an object store, or one of each: then the store gets a second copy. */
  readonly targets: readonly BackupTarget[];

  /** @default BackupFormat.custom() */
  readonly format?: BackupFormat;

  /**
   * First part of the file names: `<prefix>_YYYYMMDD_HHMMSS.…`, the time in UTC.
   *
   * @default - the platform's name with underscores
   */
  readonly filePrefix?: string;

  /**
   * What messages call the product.
   *
   * @default - the platform's name in words: `school-platform` is "School Platform"
   */
  readonly title?: string;

  /**
   * Where a message about each run is sent, and one when backups stop: a watchdog comes with it. Needs `images.curl`.
   *
   * @default - nowhere
   */
  readonly slack?: SecretUrl;

  /**
   * Called after each verified backup, so that somebody outside notices when the whole cluster is silent. Needs
   * `images.curl`.
   *
   * @default - none
   */
  readonly pingUrl?: SecretUrl;

  /** @default - none: archives are not encrypted */
  readonly encryption?: AgeEncryption;

  /**
   * How the database tells its newest migration, which is noted with each backup.
   *
   * @default - none: whether a backup fits the running app is unknown
   */
  readonly migrations?: AppliedMigrations;

  /**
   * Uploaded files that are backed up with the database. Needs `images.rclone`.
   *
   * @default - none
   */
  readonly files?: readonly BackedUpFiles[];

  /**
   * Official images beside the database's own.
   *
   * @default - none; refused when something needs one
   */
  readonly images?: BackupImages;

  /**
   * Space for two archives in a pod when there is a store and no volume: a restore brings one and makes another first.
   *
   * @default Size.gibibytes(10)
   */
  readonly stagingSpace?: Size;

  /**
   * A run that takes longer is stopped and counts as failed.
   *
   * @default Duration.hours(6)
   */
  readonly deadline?: Duration;

  /**
   * What the dump's container may use.
   *
   * @default - 100 millicores, 128 MiB, limit 256 MiB
   */
  readonly resources?: Resources;
}

/**
 * A CronJob that dumps a database, publishes the archive once every byte of it was read back, copies it to an object
 * store, tells people, and only then drops old backups. With `slack` comes a watchdog.
 */
export class BackupCronJob extends Construct implements Backups {
  public readonly name: string;
  public readonly database: Database;
  public readonly schedule: Schedule;
  public readonly retention: Retention;
  public readonly format: BackupFormat;
  public readonly filePrefix: string;
  public readonly title: string;
  public readonly volume?: Claim;
  public readonly store?: S3Store;
  public readonly stagingSpace: Size;
  public readonly slack?: SecretUrl;
  public readonly pingUrl?: SecretUrl;
  public readonly encryption?: AgeEncryption;
  public readonly migrations?: AppliedMigrations;
  public readonly images: BackupImages;
  public readonly files: readonly BackedUpFiles[];

  /** @throws when targets, files and images do not go together, with all problems at once */
  public constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);
    checkBackups(props);
    const platform = Platform.of(this);
    this.name = props.name;
    this.database = props.database;
    this.schedule = props.schedule;
    this.retention = props.retention;
    this.format = props.format ?? BackupFormat.custom();
    this.filePrefix = props.filePrefix ?? platform.name.replaceAll('-', '_');
    this.title = props.title ?? inWords(platform.name);
    this.volume = props.targets.find(({ volume }) => volume !== undefined)?.volume;
    this.store = props.targets.find(({ store }) => store !== undefined)?.store;
    this.stagingSpace = props.stagingSpace ?? Size.gibibytes(10);
    this.slack = props.slack;
    this.pingUrl = props.pingUrl;
    this.encryption = props.encryption;
    this.migrations = props.migrations;
    this.images = props.images ?? {};
    this.files = props.files ?? [];

    this.#addCronJob(props);
    if (this.slack !== undefined) {
      new BackupWatchdog(this, 'Watchdog', { backups: this });
    }
    this.#warnOfOneServer(platform);
  }

  #addCronJob(props: BackupCronJobProps): void {
    const followers = [...uploadContainers(this), ...filesContainers(this)];
    const workers = ['dump', ...followers.map(({ name }) => name)];
    const reporters = reportContainers(this, { subject: 'Backup', workers });
    const suppliers = [
      ...ageContainers(this),
      ...(this.volume === undefined
        ? storeContainers(this, { args: ['sidecars', '10'], env: [previousMetadata] })
        : []),
    ];
    const hasCompany = suppliers.length + followers.length + reporters.length > 0;
    new ScriptCronJob(this, 'CronJob', {
      name: this.name,
      schedule: this.schedule,
      deadline: props.deadline ?? Duration.hours(6),
      database: this.database,
      endpoints: [this.store?.network, this.slack?.endpoint, this.pingUrl?.endpoint],
      groups: this.files.flatMap(({ group }) => group ?? []),
      // The kubelet pulls and starts them in this order, whether a pull fails or not: who awaits another comes after it, so
      // that a slow pull is no "never started".
      containers: [
        ...suppliers,
        dumpContainer(this, { resources: props.resources, hasCompany }),
        ...followers,
        ...reporters,
      ],
    });
  }

  #warnOfOneServer(platform: Platform): void {
    const { nfs } = platform.environment.cluster;
    const isOneServer = this.volume?.exportPath !== undefined && this.database.storage?.exportPath !== undefined;
    if (nfs !== undefined && isOneServer && this.store === undefined) {
      platform.addWarning(
        `database "${this.database.name}" and its backups lie on one NFS server, ${nfs.server}, and are lost with it; ` +
          `add BackupTarget.s3 to "${this.name}" for a second copy elsewhere`,
      );
    }
  }
}

function inWords(name: string): string {
  const words = name.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return words.join(' ');
}
