import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import type { SecretKey } from '../platform/secret-key';
import type { Resources } from '../pod/container';
import { ageContainers, ageMounts, identityEnv } from './age-container';
import { backupFolder, backupsEnv } from './backup-folders';
import type { Backups } from './backups';
import { CLIENT_RESOURCES } from './dump-container';
import { ScriptCronJob } from './script-cron-job';
import { fetchContainers } from './store-containers';

/** All that `fetch.sh` brings at once; they are small. */
const MOST_SIDECARS = '9999';

/** Properties of `BackupTools`. */
export interface BackupToolsProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Backups that are listed, verified and deleted. */
  readonly backups: Backups;

  /**
   * Secret key with a private key of age, with which encrypted archives are read in full.
   *
   * @default - none: of an encrypted archive the checksum is verified
   */
  readonly identity?: SecretKey;

  /**
   * A Job that takes longer is stopped and counts as failed.
   *
   * @default Duration.hours(6)
   */
  readonly deadline?: Duration;

  /** @default - 100 millicores, 128 MiB, limit 256 MiB */
  readonly resources?: Resources;
}

/**
 * A suspended CronJob from which `mooring backups` makes Jobs that list, verify and delete backups; without arguments
 * such a Job lists them.
 */
export class BackupTools extends Construct {
  public constructor(scope: Construct, id: string, props: BackupToolsProps) {
    super(scope, id);
    const { backups, identity } = props;
    new ScriptCronJob(this, 'CronJob', {
      name: props.name,
      deadline: props.deadline ?? Duration.hours(6),
      database: backups.database,
      initContainers: [
        ...ageContainers(backups),
        ...fetchContainers(backups, { args: ['sidecars', MOST_SIDECARS], isRequired: true }),
      ],
      endpoints: [backups.volume === undefined ? backups.store?.network : undefined],
      containers: [
        {
          name: 'catalogue',
          image: backups.database.clientImage,
          program: 'catalogue.sh',
          args: ['list'],
          env: [
            ...backups.database.connection,
            ...backupsEnv(backups),
            ...(backups.migrations?.env ?? []),
            ...identityEnv(backups, identity),
          ],
          mounts: [backupFolder(backups), ...ageMounts(backups, identity)],
          resources: props.resources ?? CLIENT_RESOURCES,
        },
      ],
    });
  }
}
