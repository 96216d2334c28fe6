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
   * The init containers, run in order, each to its end; the last one makes the backup.
   *
   * @param scope where what they mount is rendered
   * @param workload name of the Job without its hash
   */
  containers(scope: Construct, workload: string): readonly [...preparing: ContainerProps[], backup: ContainerProps];
}
