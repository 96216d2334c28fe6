import { Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { AgeEncryption } from '../../lib/backup/age-encryption';
import { BackupBeforeMigration, type BackupBeforeMigrationProps } from '../../lib/backup/backup-before-migration';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { BackupTarget } from '../../lib/backup/backup-target';
import { Retention } from '../../lib/backup/retention';
import { MigrationJob } from '../../lib/migration/migration-job';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import { Schedule } from '../../lib/platform/schedule';
import { SecretKey } from '../../lib/platform/secret-key';
import { platformTree } from '../../lib/platform-tree';
import { checkTrees } from '../../lib/policy/check-trees';
import { formatProblems } from '../../lib/policy/problem';
import { NfsClaim } from '../../lib/storage/nfs-claim';
import { containerOf, FakeDatabase, only, templateOf, testPlatform } from '../support/test-platform';

const encryption = new AgeEncryption({
  recipients: [`age1${'q'.repeat(58)}`],
  image: ImageReference.parse('registry.example.com/age:1.3'),
});
const store = BackupTarget.s3({
  endpoint: 'https://s3.example.com',
  bucket: 'backups',
  prefix: 'shop',
  accessKeyId: new SecretKey('s3', 'ID'),
  secretAccessKey: new SecretKey('s3', 'KEY'),
});

/** A platform with nightly backups, and a Job that makes one before it migrates. */
function render(props: Partial<BackupCronJobProps & Omit<BackupBeforeMigrationProps, 'backups'>> = {}) {
  const platform = testPlatform();
  const { base, backup, migrate } = platform.layers;
  const database = new FakeDatabase();
  const backups = new BackupCronJob(backup, 'Backup', {
    name: 'shop-backup',
    database,
    schedule: Schedule.daily('03:00', 'Australia/Perth'),
    retention: Retention.days(30),
    targets: [
      BackupTarget.claim(
        new NfsClaim(base, 'Backups', {
          name: 'shop-backups',
          volumeName: 'shop-backups-pv',
          path: '/shop/backups',
          size: Size.gibibytes(1),
        }),
      ),
    ],
    ...props,
  });
  const { name } = new MigrationJob(migrate, 'Migration', {
    name: 'shop-migrate',
    image: ImageReference.parse('registry.example.com/shop:1.2'),
    database,
    tool: MigrationTool.goose('/migrations'),
    user: { uid: 1000 },
    resources: { cpu: Cpu.millis(10), memory: Size.mebibytes(16) },
    pullSecret: platform.secret('shop-registry', { '.dockerconfigjson': 'pull credentials' }),
    backup: new BackupBeforeMigration({ backups, resources: props.resources }),
  });
  return { platform, job: only(platform, 'Job', name) };
}

describe('a backup before a migration', () => {
  const { platform, job } = render();
  const container = containerOf(job, 'backup');

  test('is made by the nightly backup’s script, in the client’s image, as its user and group', () => {
    expect(container).toMatchObject({
      image: 'postgres:17.6-bookworm',
      command: ['sh', '/mooring/scripts/before-migration.sh', 'bash', '/scripts/safety-backup.sh'],
      securityContext: { runAsUser: 999 },
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    });
    expect(templateOf(job).spec.securityContext).toMatchObject({ runAsGroup: 999, fsGroup: 999 });
  });

  test('lies beside the nightly ones, under the same name and rules', () => {
    const nightly = containerOf(only(platform, 'CronJob', 'shop-backup'), 'dump');
    expect(container.env).toEqual([...(nightly.env ?? []), { name: 'RUN_DIR', value: '/run/backup' }]);
    expect(container.volumeMounts).toContainEqual({ name: 'backups', mountPath: '/backups' });
    expect(templateOf(job).spec.volumes).toContainEqual({
      name: 'backups',
      persistentVolumeClaim: { claimName: 'shop-backups' },
    });
  });

  test('brings the scripts in a ConfigMap of the Job’s own layer', () => {
    const brought = Object.keys(only(platform, 'ConfigMap', 'shop-migrate-backup-scripts').data as object);
    const nightly = Object.keys(only(platform, 'ConfigMap', 'shop-backup-scripts').data as object);
    expect(brought.sort()).toEqual([...nightly, 'safety-backup.sh'].sort());
    expect(templateOf(job).metadata.annotations).toHaveProperty(['checksum/shop-migrate-backup-scripts']);
  });

  test('keeps every rule', () => {
    const tree = platformTree(platform, {
      facts: { namespace: 'market', 'PersistentVolume/shop-backups-pv nfs': 'nas.example.lan:/shop/backups' },
      released: [],
    });
    expect(formatProblems(checkTrees([tree]))).toBe('');
  });
});

test('it has resources of its own', () => {
  const { job } = render({ resources: { cpu: Cpu.millis(200), memory: Size.gibibytes(1) } });
  expect(containerOf(job, 'backup')).toMatchObject({ resources: { limits: { memory: '1Gi' } } });
});

test('where backups are encrypted, age is there before it', () => {
  const { platform, job } = render({ encryption });
  const { initContainers = [] } = templateOf(job).spec;
  expect(initContainers.map(({ name }) => name)).toEqual(['list-migrations', 'age', 'hold-lock', 'backup']);
  const { command, ...age } = containerOf(job, 'age');
  expect(age).toMatchObject({ image: 'registry.example.com/age:1.3', securityContext: { runAsUser: 999 } });
  for (const program of [(command as string[])[1], '/scripts/backup.sh']) {
    expect(only(platform, 'ConfigMap', 'shop-migrate-backup-scripts')).toHaveProperty([
      'data',
      String(program).replace('/scripts/', ''),
    ]);
  }
  expect(containerOf(job, 'backup').volumeMounts).toContainEqual({
    name: 'tools',
    mountPath: '/tools',
    readOnly: true,
  });
});

test('backups in a store alone are refused', () => {
  const images = { rclone: ImageReference.parse('rclone/rclone:1.71.2') };
  expect(() => render({ targets: [store], images })).toThrow(
    'the backups of "shop-backup" lie in an object store alone, which the pod of a migration does not reach; give them a volume as well, with BackupTarget.claim',
  );
});
