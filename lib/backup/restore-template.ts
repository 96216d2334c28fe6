import { Duration } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { SecretKey } from '../platform/secret-key';
import { ConfigFiles } from '../pod/config-files';
import type { Resources } from '../pod/container';
import type { Mount } from '../pod/mount';
import { ageContainers, ageMounts, identityEnv } from './age-container';
import { backupFolder, jobName, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { CLIENT_RESOURCES, dumpEnv } from './dump-container';
import { migrateContainer } from './migrate-container';
import { reportContainers } from './report-container';
import type { RestoreMigration } from './restore-migration';
import { ScriptCronJob } from './script-cron-job';
import { storeContainers, uploadContainers } from './store-containers';

/** Where `schema-sync.sh` and the schema file are mounted. */
const SCHEMA_PATH = '/schema';

/** Properties of `RestoreTemplate`. */
export interface RestoreTemplateProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Backups that are restored, into the database that they are of. */
  readonly backups: Backups;

  /**
   * How a backup that is older than the running app gets the app's schema.
   *
   * @default - not at all: an app that applies its own migrations does so at its next start
   */
  readonly migration?: RestoreMigration;

  /**
   * Secret key with a private key of age.
   *
   * @default - none: encrypted backups are not restored here
   */
  readonly identity?: SecretKey;

  /**
   * A Job that takes longer is stopped and counts as failed; the database is as it was.
   *
   * @default Duration.hours(12)
   */
  readonly deadline?: Duration;

  /**
   * What the restore's container may use.
   *
   * @default - 100 millicores, 128 MiB, limit 256 MiB
   */
  readonly resources?: Resources;
}

/**
 * A suspended CronJob from which `mooring backups restore` makes Jobs: a backup is loaded beside the live database,
 * checked, migrated, and swapped in; `rollback` swaps back. Without arguments such a Job refuses to do anything.
 */
export class RestoreTemplate extends Construct {
  public constructor(scope: Construct, id: string, props: RestoreTemplateProps) {
    super(scope, id);
    const { name, backups, migration, identity } = props;
    const isInStoreAlone = backups.volume === undefined;
    new ScriptCronJob(this, 'CronJob', {
      name,
      deadline: props.deadline ?? Duration.hours(12),
      database: backups.database,
      endpoints: [isInStoreAlone ? backups.store?.network : undefined, backups.slack?.endpoint],
      pullSecrets: [migration?.container?.pullSecret],
      containers: [
        ...ageContainers(backups),
        ...(isInStoreAlone ? storeContainers(backups, { leader: 'restore' }) : []),
        {
          name: 'restore',
          image: backups.database.clientImage,
          program: 'restore.sh',
          env: [
            ...dumpEnv(backups),
            ...runEnv,
            { ...jobName, name: 'RESTORE_ID' },
            ...migrationEnv(migration),
            ...identityEnv(backups, identity),
          ],
          mounts: [
            backupFolder(backups),
            runFolder,
            ...this.#schemaFiles(name, migration),
            ...ageMounts(backups, identity),
          ],
          resources: props.resources ?? CLIENT_RESOURCES,
        },
        ...(migration?.container ? [migrateContainer(backups, migration.container)] : []),
        ...(isInStoreAlone ? uploadContainers(backups, 'restore') : []),
        ...reportContainers(backups, { subject: 'Restore', workers: ['restore'] }),
      ],
    });
  }

  #schemaFiles(name: string, migration: RestoreMigration | undefined): Mount[] {
    if (migration?.schema === undefined) {
      return [];
    }
    const { files } = migration.schema;
    const config = new ConfigFiles(this, 'Schema', { name: `${name}-schema`, workload: name, files });
    return [config.mount(SCHEMA_PATH, 'schema')];
  }
}

/** What `restore.sh` is told about migrations. */
function migrationEnv(migration: RestoreMigration | undefined): k8s.EnvVar[] {
  if (migration?.schema === undefined) {
    return migration === undefined ? [] : [{ name: 'MIGRATE', value: 'container' }];
  }
  return [
    { name: 'MIGRATE', value: `bash ${SCHEMA_PATH}/schema-sync.sh` },
    { name: 'SYNC_NAME', value: migration.schema.app },
  ];
}
