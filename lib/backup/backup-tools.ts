import { Duration } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { SecretKey } from '../platform/secret-key';
import type { Resources } from '../pod/container';
import { scratchMount } from '../pod/mount';
import { ageContainers, ageEnv, ageMounts, identityEnv } from './age-container';
import { archivesInStore, backupFolder, backupsEnv, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { CLIENT_RESOURCES } from './dump-container';
import type { ScriptContainer } from './script-containers';
import { ScriptCronJob } from './script-cron-job';
import { storeContainers } from './store-containers';

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
    const suppliers = [...ageContainers(backups), ...toolsStore(backups)];
    new ScriptCronJob(this, 'CronJob', {
      name: props.name,
      deadline: props.deadline ?? Duration.hours(6),
      database: backups.database,
      endpoints: [backups.store?.network],
      containers: [
        ...suppliers,
        {
          name: 'catalogue',
          image: backups.database.clientImage,
          program: 'catalogue.sh',
          args: ['list'],
          env: [
            ...backups.database.connection,
            ...backupsEnv(backups),
            ...(backups.migrations?.env ?? []),
            ...(suppliers.length > 0 ? runEnv : []),
            ...storeEnvOf(backups),
            ...ageEnv(backups),
            ...identityEnv(backups, identity),
          ],
          mounts: [
            backupFolder(backups),
            ...(suppliers.length > 0 ? [runFolder] : []),
            ...ageMounts(backups, identity),
          ],
          resources: props.resources ?? CLIENT_RESOURCES,
        },
      ],
    });
  }
}

/** The container that reaches the store: with a volume beside it, only to let pruning go on there. */
function toolsStore(backups: Backups): ScriptContainer[] {
  const folder = backups.volume === undefined ? undefined : scratchMount('/store');
  return storeContainers(backups, { leader: 'catalogue', folder });
}

/** Whether the archives lie in the store, or second copies of them. */
function storeEnvOf({ volume, store }: Backups): k8s.EnvVar[] {
  if (store === undefined) {
    return [];
  }
  return [volume === undefined ? archivesInStore : { name: 'STORE', value: 'copy' }];
}
