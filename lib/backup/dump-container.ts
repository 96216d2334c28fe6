import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { Resources } from '../pod/container';
import { ageMounts } from './age-container';
import { backupFolder, backupsEnv, jobName, previousMetadata, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-cron-job';

/** What PostgreSQL's client programs take for a dump or a restore, whatever the size of the database. */
export const CLIENT_RESOURCES: Resources = {
  cpu: Cpu.millis(100),
  memory: Size.mebibytes(128),
  memoryLimit: Size.mebibytes(256),
};

/** What `dumpContainer` needs beside the backups. */
export interface DumpOptions {
  /** @default CLIENT_RESOURCES */
  readonly resources: Resources | undefined;
  /** Whether other containers of the pod want to know how it went. */
  readonly isFollowed: boolean;
}

/** The container that makes one backup. */
export function dumpContainer(backups: Backups, { resources, isFollowed }: DumpOptions): ScriptContainer {
  return {
    name: 'dump',
    image: backups.database.clientImage,
    program: 'backup.sh',
    env: [...dumpEnv(backups), ...(isFollowed ? runEnv : [])],
    mounts: [backupFolder(backups), ...ageMounts(backups), ...(isFollowed ? [runFolder] : [])],
    resources: resources ?? CLIENT_RESOURCES,
  };
}

/** Environment of every container that makes a backup: a restore makes one, too. */
export function dumpEnv(backups: Backups): k8s.EnvVar[] {
  const { database, retention, encryption, migrations, volume } = backups;
  return [
    ...(database.direct ?? database.connection),
    ...backupsEnv(backups),
    jobName,
    { name: 'CRON_JOB', value: backups.name },
    ...backups.format.env,
    ...retention.env,
    // In a store alone, old backups are removed where they lie.
    ...(volume === undefined ? [{ name: 'PRUNE', value: 'no' }, previousMetadata] : []),
    ...(encryption === undefined ? [] : [{ name: 'AGE_RECIPIENTS', value: encryption.recipients.join(' ') }]),
    ...(migrations?.env ?? []),
  ];
}
