import type { k8s } from 'cdk8s-plus-28';
import { claimMount, type Mount } from '../pod/mount';
import type { Claim } from '../storage/claim';
import { backupFolder, backupsEnv, jobName, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';
import { RCLONE_RESOURCES, storeEnv } from './store-containers';

/** Uploaded files that are backed up beside the database. */
export interface BackedUpFiles {
  /** Name of their folder among the backups. */
  readonly name: string;

  /** Claim that holds them; it is mounted read-only. */
  readonly claim: Claim;

  /**
   * Group that may read them; on NFS the kubelet does not change that.
   *
   * @default - everybody may, or group 999
   */
  readonly group?: number;
}

/** Where the uploaded files are mounted, a folder for each. */
const FILES_DIR = '/files';

/** The container that backs up uploaded files; none when there are none. */
export function filesContainers(backups: Backups): ScriptContainer[] {
  const env = [...runEnv, jobName, { name: 'CRON_JOB', value: backups.name }, ...backups.retention.env];
  return containers(backups, { name: 'files', program: 'files.sh', env, mounts: [runFolder] }, true);
}

/** The container that lists states of uploaded files and brings one back; none when there are none. */
export function uploadedFilesContainers(backups: Backups): ScriptContainer[] {
  return containers(backups, { name: 'uploaded-files', program: 'uploaded-files.sh', args: ['list'] }, false);
}

function containers(
  backups: Backups,
  own: Pick<ScriptContainer, 'name' | 'program' | 'args' | 'env' | 'mounts'>,
  readOnly: boolean,
): ScriptContainer[] {
  const { files, images } = backups;
  if (files.length === 0 || images.rclone === undefined) {
    return [];
  }
  return [
    {
      ...own,
      image: images.rclone,
      env: [...backupsEnv(backups), ...filesEnv(backups), ...(own.env ?? [])],
      mounts: [backupFolder(backups), ...(own.mounts ?? []), ...filesMounts(files, readOnly)],
      resources: RCLONE_RESOURCES,
    },
  ];
}

function filesEnv({ store, volume }: Backups): k8s.EnvVar[] {
  return [
    { name: 'FILES_DIR', value: FILES_DIR },
    ...(store === undefined ? [] : storeEnv(store)),
    ...(store === undefined || volume === undefined ? [] : [{ name: 'TARGETS', value: 'folder s3' }]),
  ];
}

function filesMounts(files: readonly BackedUpFiles[], readOnly: boolean): Mount[] {
  return files.map(({ name, claim }) =>
    claimMount(claim, { path: `${FILES_DIR}/${name}`, volume: `files-${name}`, ...(readOnly && { readOnly }) }),
  );
}
