import type { Construct } from 'constructs';
import type { ContainerProps } from './container';

/** What makes a backup in the pod of a migration, before anything is changed. */
export interface MigrationBackup {
  /** Database that is backed up. */
  readonly database: { readonly name: string };

  /** Group of the backups' files, and so of the pod. */
  readonly group: number;

  /** Exit codes of the backup that another try would end with as well. */
  readonly finalCodes: readonly number[];

  /**
   * @param scope where what the containers mount is rendered
   * @param workload name of the Job without its hash
   */
  containers(scope: Construct, workload: string): MigrationBackupContainers;
}

/** Init containers, each of which runs to its end. */
export interface MigrationBackupContainers {
  /** Bring what the backup needs. */
  readonly preparing: readonly ContainerProps[];

  readonly backup: ContainerProps;
}
