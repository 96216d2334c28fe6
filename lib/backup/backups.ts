import type { Size } from 'cdk8s';
import type { Database } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import type { Schedule } from '../platform/schedule';
import type { Claim } from '../storage/claim';
import type { AgeEncryption } from './age-encryption';
import type { AppliedMigrations } from './applied-migrations';
import type { BackupFormat } from './backup-format';
import type { S3Store } from './backup-target';
import type { BackedUpFiles } from './files-containers';
import type { Retention } from './retention';
import type { SecretUrl } from './secret-url';

/** Official images beside the database's own; one is needed only when something uses it. */
export interface BackupImages {
  /** `curlimages/curl`: messages. @default - none */
  readonly curl?: ImageReference;

  /** `rclone/rclone`: object stores and uploaded files. @default - none */
  readonly rclone?: ImageReference;
}

/** The backups of one database: where they lie, what they are called, and who is told; as `BackupCronJob` makes them. */
export interface Backups {
  /** Name of the CronJob that makes them. */
  readonly name: string;

  readonly database: Database;

  /** When they are made. */
  readonly schedule: Schedule;

  readonly retention: Retention;

  readonly format: BackupFormat;

  /** First part of the file names. */
  readonly filePrefix: string;

  /** What messages call the product. */
  readonly title: string;

  /** Volume on which they lie. @default - none: they lie in `store` alone */
  readonly volume?: Claim;

  /** Object store in which they, or second copies of them, lie. @default - none: they lie on `volume` alone */
  readonly store?: S3Store;

  /** Space for two archives in a pod, when they lie in a store alone. */
  readonly stagingSpace: Size;

  /** Where messages are sent. @default - nowhere */
  readonly slack?: SecretUrl;

  /** Called after each verified backup. @default - none */
  readonly pingUrl?: SecretUrl;

  /** @default - none: archives are not encrypted */
  readonly encryption?: AgeEncryption;

  /** @default - none: whether a backup fits the running app is unknown */
  readonly migrations?: AppliedMigrations;

  readonly images: BackupImages;

  /** Uploaded files that are backed up beside the database. */
  readonly files: readonly BackedUpFiles[];
}
