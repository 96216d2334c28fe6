import type { Construct } from 'constructs';
import type { Database } from '../database/database';
import { ConfigFiles } from '../pod/config-files';
import type { ContainerProps, Resources } from '../pod/container';
import type { MigrationBackup } from '../pod/migration-backup';
import { scratchMount } from '../pod/mount';
import { ageContainers, ageMounts } from './age-container';
import { backupFolder, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { CLIENT_RESOURCES, dumpEnv } from './dump-container';
import { commandOf, scriptFiles } from './scripts';

/** User and group of the official postgres image (Debian flavour), and so of every file of a backup. */
const POSTGRES_UID = 999;

/** Where the scripts are mounted. */
const SCRIPTS_PATH = '/scripts';

const PROGRAM = 'safety-backup.sh';

/** Properties of `BackupBeforeMigration`. */
export interface BackupBeforeMigrationProps {
  /** Backups of the database that is migrated; they lie on a volume. */
  readonly backups: Backups;

  /**
   * What the dump's container may use.
   *
   * @default - 100 millicores, 128 MiB, limit 256 MiB
   */
  readonly resources?: Resources;
}

/**
 * A backup in a migration's own pod: made when there is something to migrate, beside the nightly ones, and read back
 * before anything is changed. When it fails, nothing is migrated. Each try of the Job makes one of its own; the next
 * nightly backup removes those that are too old.
 */
export class BackupBeforeMigration implements MigrationBackup {
  public readonly database: Database;
  public readonly group = POSTGRES_UID;

  /** A wrong setting, folder or version, missing rights, and a full volume: see `backup.sh`. */
  public readonly finalCodes = [2, 3, 5, 11, 12];

  readonly #backups: Backups;
  readonly #resources: Resources;

  /** @throws when the backups lie in an object store alone */
  public constructor({ backups, resources = CLIENT_RESOURCES }: BackupBeforeMigrationProps) {
    if (backups.volume === undefined) {
      throw new Error(
        `the backups of "${backups.name}" lie in an object store alone, which the pod of a migration does not reach; ` +
          'give them a volume as well, with BackupTarget.claim',
      );
    }
    this.database = backups.database;
    this.#backups = backups;
    this.#resources = resources;
  }

  public containers(scope: Construct, workload: string): readonly [...ContainerProps[], ContainerProps] {
    const backups = this.#backups;
    const age = ageContainers(backups);
    const config = new ConfigFiles(scope, 'BackupScripts', {
      name: `${workload}-backup-scripts`,
      workload,
      files: scriptFiles([PROGRAM, ...age.flatMap(({ program }) => program ?? [])]),
    });
    const mounts = [config.mount(SCRIPTS_PATH, 'backup-scripts'), scratchMount('/tmp', { name: 'backup-tmp' })];
    const preparing = age.map(
      ({ program, mayFail: _, ...container }): ContainerProps => ({
        ...container,
        ...(program && { command: commandOf(program, SCRIPTS_PATH) }),
        uid: POSTGRES_UID,
        mounts: [...(container.mounts ?? []), ...mounts],
      }),
    );
    return [
      ...preparing,
      {
        name: 'backup',
        image: backups.database.clientImage,
        uid: POSTGRES_UID,
        command: commandOf(PROGRAM, SCRIPTS_PATH),
        env: [...dumpEnv(backups), ...runEnv],
        mounts: [backupFolder(backups), runFolder, ...ageMounts(backups), ...mounts],
        resources: this.#resources,
      },
    ];
  }
}
