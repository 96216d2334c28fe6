import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { Resources } from '../pod/container';
import { ageEnv, ageMounts } from './age-container';
import {
  archivesInStore,
  backupFolder,
  backupsEnv,
  jobName,
  previousMetadata,
  runEnv,
  runFolder,
} from './backup-folders';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';

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
  /** Whether there are other containers in the pod: it awaits them, or they await it. */
  readonly hasCompany: boolean;
}

/** The container that makes one backup. */
export function dumpContainer(backups: Backups, { resources, hasCompany }: DumpOptions): ScriptContainer {
  return {
    name: 'dump',
    image: backups.database.clientImage,
    program: 'backup.sh',
    env: [...dumpEnv(backups), ...(hasCompany ? runEnv : [])],
    mounts: [backupFolder(backups), ...ageMounts(backups), ...(hasCompany ? [runFolder] : [])],
    resources: resources ?? CLIENT_RESOURCES,
  };
}

/** Environment of every container that makes a backup: a restore makes one, too. */
export function dumpEnv(backups: Backups): k8s.EnvVar[] {
  const { database, retention, encryption, migrations, volume } = backups;
  return [
    ...database.direct,
    ...backupsEnv(backups),
    jobName,
    { name: 'CRON_JOB', value: backups.name },
    ...backups.format.env,
    ...retention.env,
    // In a store alone, old backups are removed where they lie.
    ...(volume === undefined ? [{ name: 'PRUNE', value: 'no' }, archivesInStore, previousMetadata] : []),
    ...(encryption === undefined ? [] : [{ name: 'AGE_RECIPIENTS', value: encryption.recipients.join(' ') }]),
    ...ageEnv(backups),
    ...(migrations?.env ?? []),
  ];
}
