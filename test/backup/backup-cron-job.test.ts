import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { Retention } from '../../lib/backup/retention';
import { Schedule } from '../../lib/platform/schedule';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: BackupCronJobProps = {
  name: 'shop-backup',
  database: new FakeDatabase(),
  schedule: Schedule.daily('03:00', 'Australia/Perth'),
  retention: Retention.days(30),
  target: { name: 'shop-backups' },
};

const everything: Required<BackupCronJobProps> = {
  ...minimal,
  filePrefix: 'warehouse',
  deadline: Duration.hours(2),
  resources: { cpu: Cpu.millis(300), memory: Size.mebibytes(200), memoryLimit: Size.mebibytes(300) },
};

function render(props: BackupCronJobProps, name = 'my-shop') {
  const platform = testPlatform({ name });
  new BackupCronJob(platform.layers.backup, 'Backup', props);
  return { platform, cronJob: only(platform, 'CronJob', 'shop-backup') };
}

describe('a minimal backup', () => {
  const { platform, cronJob } = render(minimal);
  const dump = containerOf(cronJob, 'dump');

  test('is a CronJob, its script, a ServiceAccount and a NetworkPolicy', () => {
    expect(namesOf(platform)).toEqual([
      'NetworkPolicy/shop-backup',
      'ConfigMap/shop-backup-scripts',
      'ServiceAccount/shop-backup',
      'CronJob/shop-backup',
    ]);
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
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'BACKUP_DIR', value: '/backups' },
      { name: 'FILE_PREFIX', value: 'my_shop' },
      { name: 'RETENTION_DAYS', value: '30' },
    ]);
  });

  test('sees target, script and /tmp, and can write to the target as a whole', () => {
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
  test('runs as the postgres user, and has half a minute to clean up', () => {
    expect(templateOf(cronJob).spec).toMatchObject({
      serviceAccountName: 'shop-backup',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
    });
  });

  test('asks for 100 millicores and 128 MiB, and is killed above 256 MiB', () => {
    expect(dump.resources).toEqual({ requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } });
  });

  test('is a backup of the platform, rolled by its script', () => {
    const { labels, annotations } = templateOf(cronJob).metadata;
    expect(labels).toEqual({
      'app.kubernetes.io/name': 'shop-backup',
      'app.kubernetes.io/part-of': 'my-shop',
      'app.kubernetes.io/component': 'backup',
    });
    expect(Object.keys(annotations ?? {})).toEqual(['checksum/shop-backup-scripts']);
  });

  test('brings the scripts as they lie in the repository', () => {
    const script = (file: string) => readFileSync(join(__dirname, '../../lib/backup/scripts', file), 'utf8');
    const scripts = only(platform, 'ConfigMap', 'shop-backup-scripts');
    expect(scripts.data).toEqual({ 'backup.sh': script('backup.sh'), 'retention.sh': script('retention.sh') });
    expect(scripts.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'shop-backup' });
  });

  test('may connect to the database and to nothing else', () => {
    expect(platform.flows).toEqual([{ from: 'shop-backup', to: 'db.example.com', port: 5433 }]);
  });
});

describe('a backup with everything', () => {
  const { cronJob } = render(everything);

  test('has its own file names', () => {
    expect(containerOf(cronJob, 'dump').env).toContainEqual({ name: 'FILE_PREFIX', value: 'warehouse' });
  });

  test('has its own deadline', () => {
    expect(cronJob).toHaveProperty('spec.jobTemplate.spec.activeDeadlineSeconds', 7200);
  });

  test('has its own resources', () => {
    expect(containerOf(cronJob, 'dump').resources).toEqual({
      requests: { cpu: '300m', memory: '200Mi' },
      limits: { memory: '300Mi' },
    });
  });
});

test('the file prefix is the platform’s name with underscores, everywhere', () => {
  const { cronJob } = render(minimal, 'my-big-shop');
  expect(containerOf(cronJob, 'dump').env).toContainEqual({ name: 'FILE_PREFIX', value: 'my_big_shop' });
});
