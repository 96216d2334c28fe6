import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { Platform } from '../platform/platform';
import type { Schedule } from '../platform/schedule';
import { ConfigFiles } from '../pod/config-files';
import type { Resources } from '../pod/container';
import { CronJob } from '../pod/cron-job';
import { claimMount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { ServiceAccount } from '../pod/service-account';
import type { Claim } from '../storage/claim';
import type { Retention } from './retention';

/** User and group of the official postgres image (Debian flavour). */
const POSTGRES_UID = 999;

/** `backup.sh` reads the other one from its own folder. */
const SCRIPTS = ['backup.sh', 'retention.sh'];

/** Where the target is mounted. */
const BACKUP_DIR = '/backups';

/** Properties of `BackupCronJob`. */
export interface BackupCronJobProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Database that is dumped, with the client programs of its own major version. */
  readonly database: Database;

  readonly schedule: Schedule;

  /** How long backups are kept. */
  readonly retention: Retention;

  /** Claim that the backups are written to. */
  readonly target: Claim;

  /**
   * First part of the file names: `<prefix>_YYYYMMDD_HHMMSS.sql.gz`, the time in UTC.
   *
   * @default - the platform's name with underscores
   */
  readonly filePrefix?: string;

  /**
   * A run that takes longer is stopped and counts as failed.
   *
   * @default Duration.hours(6)
   */
  readonly deadline?: Duration;

  /** @default - 100 millicores, 128 MiB, limit 256 MiB */
  readonly resources?: Resources;
}

/** A CronJob that dumps a database to a claim, reads the archive back in full, and only then drops old ones. */
export class BackupCronJob extends Construct {
  public constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);
    const platform = Platform.of(this);
    const { name, database, retention } = props;
    const selector = selectorLabels(platform.name, name);
    const access = new NetworkAccess(this, 'NetworkAccess', { name, selector });
    database.allowFrom(access);
    const scripts = new ConfigFiles(this, 'Scripts', {
      name: `${name}-scripts`,
      workload: name,
      files: Object.fromEntries(SCRIPTS.map((file) => [file, readFileSync(join(__dirname, 'scripts', file), 'utf8')])),
    });

    new CronJob(this, 'CronJob', {
      name,
      schedule: props.schedule,
      deadline: props.deadline ?? Duration.hours(6),
      pod: {
        labels: { ...selector, [COMPONENT_LABEL]: 'backup' },
        serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name }).name,
        user: { uid: POSTGRES_UID, fsGroup: POSTGRES_UID },
        // Long enough to notice the signal, remove the unfinished file and say so.
        grace: Duration.seconds(30),
        containers: [
          {
            name: 'dump',
            image: database.clientImage,
            command: ['bash', '/scripts/backup.sh'],
            env: [
              ...database.connection,
              { name: 'BACKUP_DIR', value: BACKUP_DIR },
              { name: 'FILE_PREFIX', value: props.filePrefix ?? platform.name.replaceAll('-', '_') },
              ...retention.env,
            ],
            mounts: [
              claimMount(props.target, { path: BACKUP_DIR, volume: 'backups' }),
              scripts.mount('/scripts', 'scripts'),
              scratchMount('/tmp'),
            ],
            resources: props.resources ?? {
              cpu: Cpu.millis(100),
              memory: Size.mebibytes(128),
              memoryLimit: Size.mebibytes(256),
            },
          },
        ],
      },
    });
  }
}
