import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { Resources } from '../pod/container';
import type { Mount } from '../pod/mount';
import { backupFolder, backupsEnv, runEnv, runFolder } from './backup-folders';
import type { S3Store } from './backup-target';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';

/** What a container with rclone may use. */
export const RCLONE_RESOURCES: Resources = {
  cpu: Cpu.millis(50),
  memory: Size.mebibytes(64),
  memoryLimit: Size.mebibytes(256),
};

/**
 * The container that copies what a dump published to the store and removes there what is too old; none without a store.
 *
 * @param leader container that makes the dump
 */
export function uploadContainers(backups: Backups, leader = 'dump'): ScriptContainer[] {
  const { store, images, retention } = backups;
  if (store === undefined || images.rclone === undefined) {
    return [];
  }
  return [
    {
      name: 'upload',
      image: images.rclone,
      program: 'upload.sh',
      env: [
        ...backupsEnv(backups),
        ...runEnv,
        ...(leader === 'dump' ? [] : [{ name: 'LEADER', value: leader }]),
        ...storeEnv(store),
        ...retention.env,
      ],
      mounts: [backupFolder(backups), runFolder],
      resources: RCLONE_RESOURCES,
    },
  ];
}

/** What a container that works on the store is to do. */
export interface StoreTask {
  /** The one thing that it does: a command of `store.sh`. @default - what `leader` asks for */
  readonly args?: readonly string[];

  /** Container of the pod that asks. @default - none: it has `args` */
  readonly leader?: string;

  /** Environment beside that of every such container. @default - none */
  readonly env?: readonly k8s.EnvVar[];

  /** Where it brings files to. @default - the folder of the archives */
  readonly folder?: Mount;
}

/**
 * The container that brings something from the store, or changes something there, for another one of the pod; none
 * without a store. Not an init container: when its image cannot be pulled, the others start all the same and say so.
 */
export function storeContainers(backups: Backups, task: StoreTask): ScriptContainer[] {
  const { store, images } = backups;
  const { args, leader, env = [], folder = backupFolder(backups) } = task;
  if (store === undefined || images.rclone === undefined) {
    return [];
  }
  return [
    {
      name: 'store',
      image: images.rclone,
      program: 'store.sh',
      args,
      // The one that awaits it decides what a failure means.
      mayFail: true,
      env: [
        { name: 'BACKUP_DIR', value: folder.path },
        { name: 'FILE_PREFIX', value: backups.filePrefix },
        ...(leader === undefined ? [] : [{ name: 'LEADER', value: leader }]),
        ...runEnv,
        ...env,
        ...storeEnv(store),
      ],
      mounts: [folder, runFolder],
      resources: RCLONE_RESOURCES,
    },
  ];
}

/** Where a store is, and what opens it. */
export function storeEnv(store: S3Store): k8s.EnvVar[] {
  const { endpoint, bucket, prefix, region, provider } = store;
  return [
    { name: 'S3_ENDPOINT', value: endpoint },
    { name: 'S3_BUCKET', value: bucket },
    { name: 'S3_PREFIX', value: prefix },
    ...(region === undefined ? [] : [{ name: 'S3_REGION', value: region }]),
    ...(provider === undefined ? [] : [{ name: 'RCLONE_CONFIG_TARGET_PROVIDER', value: provider }]),
    store.accessKeyId.env('S3_ACCESS_KEY_ID'),
    store.secretAccessKey.env('S3_SECRET_ACCESS_KEY'),
  ];
}
