import type { Construct } from 'constructs';
import type { Database } from '../database/database';
import type { Resources } from '../pod/container';
import type { MigrationBackup, MigrationBackupContainers } from '../pod/migration-backup';
import { POSTGRES_UID } from '../pod/postgres-user';
import { ageContainers, ageMounts } from './age-container';
import { backupFolder, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { CLIENT_RESOURCES, dumpEnv } from './dump-container';
import { type ScriptContainer, scriptsFor } from './script-containers';

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

  public containers(scope: Construct, workload: string): MigrationBackupContainers {
    const backups = this.#backups;
    const dump: ScriptContainer = {
      name: 'backup',
      image: backups.database.clientImage,
      program: 'safety-backup.sh',
      env: [...dumpEnv(backups), ...runEnv],
      mounts: [backupFolder(backups), runFolder, ...ageMounts(backups)],
      resources: this.#resources,
    };
    const age = ageContainers(backups);
    const withScripts = scriptsFor(scope, [dump, ...age], { workload, prefix: 'backup-' });
    const asPostgres = (container: ScriptContainer) => withScripts({ ...container, uid: POSTGRES_UID });
    return { preparing: age.map(asPostgres), backup: asPostgres(dump) };
  }
}
