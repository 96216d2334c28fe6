import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import type { PodUser } from '../pod/pod-template';
import { POSTGRES_UID } from '../pod/postgres-user';
import type { Backups } from './backups';
import { uploadedFilesContainers } from './files-containers';
import { ScriptCronJob } from './script-cron-job';

/** Properties of `UploadedFilesTools`. */
export interface UploadedFilesToolsProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Backups with `files`. */
  readonly backups: Backups;

  /**
   * To whom files belong that are brought back: the app's user. It must be allowed to write to their claims.
   *
   * @default - user and group 999, as of everything in a backup
   */
  readonly owner?: Pick<PodUser, 'uid' | 'gid'>;

  /**
   * A Job that takes longer is stopped and counts as failed.
   *
   * @default Duration.hours(12)
   */
  readonly deadline?: Duration;
}

/**
 * A suspended CronJob from which `mooring backups` makes Jobs that list the states of uploaded files and bring one back,
 * to a new folder beside the live files: nothing is overwritten. Without arguments such a Job lists them.
 */
export class UploadedFilesTools extends Construct {
  /** @throws when no files are backed up */
  public constructor(scope: Construct, id: string, props: UploadedFilesToolsProps) {
    super(scope, id);
    const { name, backups, owner } = props;
    if (backups.files.length === 0) {
      throw new Error(`"${name}" would bring back files of "${backups.name}", which has none; give that files`);
    }
    const groups = backups.files.flatMap(({ group }) => group ?? []);
    new ScriptCronJob(this, 'CronJob', {
      name,
      deadline: props.deadline ?? Duration.hours(12),
      endpoints: [backups.store?.network],
      user: owner,
      // The backups are readable for that group.
      groups: owner === undefined ? groups : [POSTGRES_UID, ...groups],
      containers: uploadedFilesContainers(backups),
    });
  }
}
