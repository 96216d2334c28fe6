import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { AppliedMigrations } from '../../lib/backup/applied-migrations';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { BackupFormat } from '../../lib/backup/backup-format';
import { scriptFiles } from '../../lib/backup/scripts';
import { SecretUrl } from '../../lib/backup/secret-url';
import { containerOf, namesOf, only, templateOf, testPlatform } from '../support/test-platform';
import {
  curl,
  encryption,
  jobName,
  minimalBackup,
  namespace,
  rclone,
  secret,
  slack,
  store,
  storeEnv,
  urlEnv,
  volume,
} from './support/backup-props';

const everything: Required<BackupCronJobProps> = {
  ...minimalBackup,
  targets: [volume, store],
  format: BackupFormat.plain({ gzipLevel: 6 }),
  filePrefix: 'warehouse',
  title: 'The Shop',
  slack,
  pingUrl: SecretUrl.at('https://hc-ping.com', secret.key('PING')),
  encryption,
  migrations: AppliedMigrations.alembic(),
  files: [{ name: 'photos', claim: { name: 'shop-photos' }, group: 1000 }],
  images: { curl, rclone },
  stagingSpace: Size.gibibytes(3),
  deadline: Duration.hours(2),
  resources: { cpu: Cpu.millis(300), memory: Size.mebibytes(200), memoryLimit: Size.mebibytes(300) },
};

function render(props: Partial<BackupCronJobProps> = {}, name = 'my-shop') {
  const platform = testPlatform({ name });
  new BackupCronJob(platform.layers.backup, 'Backup', { ...minimalBackup, ...props });
  return { platform, cronJob: only(platform, 'CronJob', 'shop-backup') };
}

const variable = (name: string, value: string) => ({ name, value });

describe('a minimal backup', () => {
  const { platform, cronJob } = render();
  const dump = containerOf(cronJob, 'dump');

  test('is a CronJob, its scripts, a ServiceAccount and a NetworkPolicy', () => {
    expect(namesOf(platform)).toEqual([
      'NetworkPolicy/shop-backup',
      'ConfigMap/shop-backup-scripts',
      'ServiceAccount/shop-backup',
      'CronJob/shop-backup',
    ]);
    expect(templateOf(cronJob).spec.containers.map(({ name }) => name)).toEqual(['dump']);
  });

  test('runs in its zone, one at a time, within six hours, and is not tried again', () => {
    expect(cronJob.spec).toMatchObject({
      schedule: '0 3 * * *',
      timeZone: 'Australia/Perth',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 3600,
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 21_600 } },
    });
  });

  test('dumps with the client programs of the server’s own version', () => {
    expect(dump.image).toBe('postgres:17.6-bookworm');
    expect(dump.command).toEqual(['bash', '/scripts/backup.sh']);
  });

  test('tells the script where to connect, where to write, under which name, and how long to keep', () => {
    expect(dump.env).toEqual([
      variable('PGHOST', 'db.example.com'),
      variable('BACKUP_DIR', '/backups'),
      variable('FILE_PREFIX', 'my_shop'),
      variable('TIME_ZONE', 'Australia/Perth'),
      jobName,
      variable('CRON_JOB', 'shop-backup'),
      variable('FORMAT', 'custom'),
      variable('KEEP_ALL_DAYS', '30'),
      variable('KEEP_DAILY_DAYS', '0'),
      variable('KEEP_MONTHLY_DAYS', '0'),
    ]);
  });

  test('sees target, scripts and /tmp, and can write to the target as a whole', () => {
    expect(dump.volumeMounts).toEqual([
      { name: 'backups', mountPath: '/backups' },
      { name: 'scripts', mountPath: '/scripts', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ]);
    expect(templateOf(cronJob).spec.volumes).toEqual([
      { name: 'backups', persistentVolumeClaim: { claimName: 'shop-backups' } },
      { name: 'scripts', configMap: { name: 'shop-backup-scripts' } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ]);
  });

  // 999 is `postgres` in the official image, Debian flavour.
  test('runs as the postgres user, and has a minute to clean up', () => {
    expect(templateOf(cronJob).spec).toMatchObject({
      serviceAccountName: 'shop-backup',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 60,
      securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
    });
  });

  test('asks for 100 millicores and 128 MiB, and is killed above 256 MiB', () => {
    expect(dump.resources).toEqual({ requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } });
  });

  test('is a backup of the platform, rolled by its scripts', () => {
    const { labels, annotations } = templateOf(cronJob).metadata;
    expect(labels).toEqual({
      'app.kubernetes.io/name': 'shop-backup',
      'app.kubernetes.io/part-of': 'my-shop',
      'app.kubernetes.io/component': 'backup',
    });
    expect(Object.keys(annotations ?? {})).toEqual(['checksum/shop-backup-scripts']);
  });

  test('brings the scripts as they lie in the repository', () => {
    const scripts = only(platform, 'ConfigMap', 'shop-backup-scripts');
    expect(scripts.data).toEqual(scriptFiles(['backup.sh']));
    expect(scripts.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'shop-backup' });
  });

  test('may connect to the database and to nothing else', () => {
    expect(platform.flows).toEqual([{ from: 'shop-backup', to: 'db.example.com', port: 5433 }]);
  });
});

describe('a backup with everything', () => {
  const { platform, cronJob } = render(everything);
  const { spec } = templateOf(cronJob);

  test('dumps, uploads, backs up files and reports, the slow image to pull first', () => {
    // A pod whose init container has no image starts nobody who could say so.
    expect(spec.initContainers).toBeUndefined();
    expect(spec.containers.map(({ name, image, command }) => [name, image, command])).toEqual([
      ['age', 'example.com/age:1.2', ['sh', '/scripts/provide.sh']],
      ['dump', 'postgres:17.6-bookworm', ['bash', '/scripts/backup.sh']],
      ['upload', 'rclone/rclone:1.71.2', ['sh', '/scripts/upload.sh']],
      ['files', 'rclone/rclone:1.71.2', ['sh', '/scripts/files.sh']],
      ['report', 'curlimages/curl:8.16.0', ['sh', '/scripts/report.sh']],
    ]);
  });

  test('comes with a watchdog', () => {
    expect(only(platform, 'CronJob', 'shop-backup-watchdog').metadata.name).toBe('shop-backup-watchdog');
  });

  test.each([
    ['file names', variable('FILE_PREFIX', 'warehouse')],
    ['format', variable('FORMAT', 'plain')],
    ['compression', variable('COMPRESSION_LEVEL', '6')],
    ['recipients', variable('AGE_RECIPIENTS', encryption.recipients.join(' '))],
    ['migration tool', variable('MIGRATION_TOOL', 'alembic')],
    ['migration table', variable('MIGRATION_TABLE', 'public.alembic_version')],
  ])('has its own %s', (_, expected) => {
    expect(containerOf(cronJob, 'dump').env).toContainEqual(expected);
  });

  test('has its own deadline and resources', () => {
    expect(cronJob).toHaveProperty('spec.jobTemplate.spec.activeDeadlineSeconds', 7200);
    expect(containerOf(cronJob, 'dump').resources).toEqual({
      requests: { cpu: '300m', memory: '200Mi' },
      limits: { memory: '300Mi' },
    });
  });

  test('prunes on the volume and on the store by the same rule', () => {
    const rule = expect.arrayContaining([variable('KEEP_ALL_DAYS', '30')]);
    expect(containerOf(cronJob, 'dump').env).toEqual(rule);
    expect(containerOf(cronJob, 'upload').env).toEqual(rule);
    expect(containerOf(cronJob, 'dump').env).not.toContainEqual(variable('PRUNE', 'no'));
  });

  test('lets the containers see each other’s state, in little space', () => {
    for (const name of ['dump', 'upload', 'files', 'report']) {
      expect(containerOf(cronJob, name).env).toContainEqual(variable('RUN_DIR', '/run/backup'));
      expect(containerOf(cronJob, name).volumeMounts).toContainEqual({ name: 'run', mountPath: '/run/backup' });
    }
    expect(spec.volumes).toContainEqual({ name: 'run', emptyDir: { sizeLimit: '16Mi' } });
  });

  test('gives the report all that a message says, and what must be kept secret from a Secret', () => {
    expect(containerOf(cronJob, 'report').env).toEqual([
      variable('RUN_DIR', '/run/backup'),
      jobName,
      namespace,
      variable('CRON_JOB', 'shop-backup'),
      variable('TITLE', 'The Shop'),
      variable('SUBJECT', 'Backup'),
      variable('WORKERS', 'dump upload files'),
      variable('EVICT_BYTES', '16777216'),
      ...urlEnv('WEBHOOK'),
      ...urlEnv('PING'),
    ]);
  });

  test('tells rclone which store it is', () => {
    expect(containerOf(cronJob, 'upload').env).toEqual(expect.arrayContaining(storeEnv));
  });

  test('copies age to where the dump finds it', () => {
    const age = containerOf(cronJob, 'age');
    expect([age.image, age.args]).toEqual(['example.com/age:1.2', ['age', '/usr/bin/age', '/tools']]);
    expect(age.volumeMounts).toContainEqual({ name: 'tools', mountPath: '/tools' });
    expect(containerOf(cronJob, 'dump').volumeMounts).toContainEqual({
      name: 'tools',
      mountPath: '/tools',
      readOnly: true,
    });
  });

  test('reads uploaded files and cannot change them', () => {
    const mount = { name: 'files-photos', mountPath: '/files/photos', readOnly: true };
    expect(containerOf(cronJob, 'files').volumeMounts).toContainEqual(mount);
    expect(spec.securityContext).toMatchObject({ supplementalGroups: [1000] });
    expect(spec.volumes).toContainEqual({ name: 'files-photos', persistentVolumeClaim: { claimName: 'shop-photos' } });
  });

  test('may connect to what it needs', () => {
    const hosts = platform.flows.filter(({ from }) => from === 'shop-backup').map(({ to, port }) => `${to}:${port}`);
    expect(hosts).toEqual(['db.example.com:5433', 's3.example.com:443', 'hooks.slack.com:443', 'hc-ping.com:443']);
  });
});

test('the file prefix is the platform’s name with underscores; the title has its words', () => {
  const { cronJob } = render({ slack, images: { curl } }, 'my-big-shop');
  expect(containerOf(cronJob, 'dump').env).toContainEqual(variable('FILE_PREFIX', 'my_big_shop'));
  expect(containerOf(cronJob, 'report').env).toContainEqual(variable('TITLE', 'My Big Shop'));
});

test('a push URL alone brings the report, but no watchdog, which has nowhere to tell', () => {
  const { platform, cronJob } = render({ pingUrl: everything.pingUrl, images: { curl } });
  expect(containerOf(cronJob, 'report').env).toEqual(expect.arrayContaining(urlEnv('PING')));
  expect(namesOf(platform)).not.toContain('CronJob/shop-backup-watchdog');
});
