import { AgeEncryption } from '../../../lib/backup/age-encryption';
import type { BackupCronJobProps } from '../../../lib/backup/backup-cron-job';
import { BackupTarget } from '../../../lib/backup/backup-target';
import { Retention } from '../../../lib/backup/retention';
import { SecretUrl } from '../../../lib/backup/secret-url';
import { ImageReference } from '../../../lib/platform/image-reference';
import { Schedule } from '../../../lib/platform/schedule';
import { SecretReference } from '../../../lib/platform/secret-reference';
import { FakeDatabase } from '../../support/test-platform';

/** The Secret of every URL and key that tests use. */
export const secret = new SecretReference('shop-backup-secret', {
  WEBHOOK: 'of the chat',
  PING: 'push URL',
  ID: 'access key of the store',
  SECRET: 'its secret',
  IDENTITY: 'private key of age',
});

export const curl = ImageReference.parse('curlimages/curl:8.16.0');
export const rclone = ImageReference.parse('rclone/rclone:1.71.2');

export const slack = SecretUrl.slack(secret.key('WEBHOOK'));

/** What the container of a script that calls a URL gets; it starts without the Secret, too. */
export function urlEnv(name: 'WEBHOOK' | 'PING') {
  const secretKeyRef = { name: 'shop-backup-secret', key: name, optional: true };
  return [
    { name: `${name}_URL`, valueFrom: { secretKeyRef } },
    { name: `${name}_SOURCE`, value: `key ${name} of Secret shop-backup-secret` },
  ];
}

/** A volume that is not on a file server. */
export const volume = BackupTarget.claim({ name: 'shop-backups' });

export const store = BackupTarget.s3({
  endpoint: 'https://s3.example.com',
  bucket: 'shop',
  prefix: 'prod/db',
  accessKeyId: secret.key('ID'),
  secretAccessKey: secret.key('SECRET'),
});

/** To the public key of age's own README. */
export const encryption = new AgeEncryption({
  recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
  image: ImageReference.parse('example.com/age:1.2'),
});

/** What the container of a store's script gets. */
export const storeEnv = [
  { name: 'S3_ENDPOINT', value: 'https://s3.example.com' },
  { name: 'S3_BUCKET', value: 'shop' },
  { name: 'S3_PREFIX', value: 'prod/db' },
  secret.env('S3_ACCESS_KEY_ID', 'ID'),
  secret.env('S3_SECRET_ACCESS_KEY', 'SECRET'),
];

/** Backups of which nothing is said that need not be. */
export const minimalBackup: BackupCronJobProps = {
  name: 'shop-backup',
  database: new FakeDatabase(),
  schedule: Schedule.daily('03:00', 'Australia/Perth'),
  retention: Retention.days(30),
  targets: [volume],
};

/** The downward API's way to the name of the pod's Job. */
export const jobName = {
  name: 'JOB_NAME',
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
};

/** The downward API's way to the pod's namespace. */
export const namespace = { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } };
