import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { Resources } from '../pod/container';
import { claimMount, type Mount } from '../pod/mount';
import type { Claim } from '../storage/claim';
import { backupFolder, backupsEnv, jobName, runEnv, runFolder } from './backup-folders';
import type { S3Store } from './backup-target';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';

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

const RESOURCES: Resources = { cpu: Cpu.millis(50), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(256) };

/** Where the uploaded files are mounted, a folder for each. */
const FILES_DIR = '/files';

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
      resources: RESOURCES,
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
      resources: RESOURCES,
    },
  ];
}

/** The container that backs up uploaded files; none when there are none. */
export function filesContainers(backups: Backups, files: readonly BackedUpFiles[]): ScriptContainer[] {
  const { store, volume, images, retention } = backups;
  if (files.length === 0 || images.rclone === undefined) {
    return [];
  }
  const folders = files.map(({ name, claim }) =>
    claimMount(claim, { path: `${FILES_DIR}/${name}`, volume: `files-${name}`, readOnly: true }),
  );
  return [
    {
      name: 'files',
      image: images.rclone,
      program: 'files.sh',
      env: [
        ...backupsEnv(backups),
        ...runEnv,
        jobName,
        { name: 'CRON_JOB', value: backups.name },
        { name: 'FILES_DIR', value: FILES_DIR },
        ...(store === undefined ? [] : storeEnv(store)),
        ...(store === undefined || volume === undefined ? [] : [{ name: 'TARGETS', value: 'folder s3' }]),
        ...retention.env,
      ],
      mounts: [backupFolder(backups), runFolder, ...folders],
      resources: RESOURCES,
    },
  ];
}

function storeEnv(store: S3Store): k8s.EnvVar[] {
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
