import { Size } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { claimMount, type Mount, scratchMount } from '../pod/mount';
import type { Backups } from './backups';

/** Where archives lie in every pod. */
const BACKUP_DIR = '/backups';

/** Where the containers of one pod tell each other how they are getting on. */
const RUN_DIR = '/run/backup';

/** Room for results and the output of migrations; the kubelet evicts a pod that uses more. */
export const RUN_SPACE = Size.mebibytes(16);

/** The folder with the archives: the volume or, when they lie in a store alone, a scratch folder to bring them to. */
export function backupFolder(backups: Backups, options: { readonly readOnly?: boolean } = {}): Mount {
  const { volume, stagingSpace } = backups;
  return volume === undefined
    ? scratchMount(BACKUP_DIR, { size: stagingSpace })
    : claimMount(volume, { path: BACKUP_DIR, volume: 'backups', ...options });
}

/** With what a backup is compared where the folder of the archives has only its own: the last one's metadata. */
export const previousMetadata: k8s.EnvVar = { name: 'PREVIOUS_METADATA', value: `${BACKUP_DIR}/previous.meta.json` };

/** What a script is told when the archives lie in a store alone: another container of the pod, `store`, reaches it. */
export const archivesInStore: k8s.EnvVar = { name: 'STORE', value: 'archives' };

/** Environment of every script: whose backups these are, and where. */
export function backupsEnv(backups: Backups): k8s.EnvVar[] {
  return [
    { name: 'BACKUP_DIR', value: BACKUP_DIR },
    { name: 'FILE_PREFIX', value: backups.filePrefix },
    { name: 'TIME_ZONE', value: backups.schedule.timeZone },
  ];
}

/** The folder that the containers of one pod share while they run. */
export const runFolder: Mount = scratchMount(RUN_DIR, { name: 'run', size: RUN_SPACE });

/** Environment of a container that takes part in a run. */
export const runEnv: readonly k8s.EnvVar[] = [{ name: 'RUN_DIR', value: RUN_DIR }];

/** Name of the Job that a pod belongs to. */
export const jobName: k8s.EnvVar = {
  name: 'JOB_NAME',
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
};

/** The pod's namespace, for commands in messages. */
export const podNamespace: k8s.EnvVar = {
  name: 'NAMESPACE',
  valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } },
};
