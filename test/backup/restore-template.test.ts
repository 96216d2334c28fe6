import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { type ImageMigration, RestoreMigration } from '../../lib/backup/restore-migration';
import { RestoreTemplate, type RestoreTemplateProps } from '../../lib/backup/restore-template';
import { scriptFiles } from '../../lib/backup/scripts';
import { ImageReference } from '../../lib/platform/image-reference';
import { containerOf, only, templateOf, testPlatform } from '../support/test-platform';
import { curl, encryption, jobName, minimalBackup, rclone, secret, slack, store } from './support/backup-props';

const image: Required<ImageMigration> = {
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  command: ['npx', 'prisma', 'migrate', 'deploy'],
  uid: 1000,
  resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(256) },
  env: [secret.env('DATABASE_URL', 'SECRET')],
  urlVariables: ['DATABASE_URL', 'DIRECT_URL'],
  pullSecret: secret,
};

const everything: Required<Omit<RestoreTemplateProps, 'backups'>> = {
  name: 'shop-db-restore',
  migration: RestoreMigration.image(image),
  identity: secret.key('IDENTITY'),
  deadline: Duration.hours(3),
  resources: { cpu: Cpu.millis(300), memory: Size.mebibytes(300) },
};

function render(own: Partial<RestoreTemplateProps> = {}, props: Partial<BackupCronJobProps> = {}) {
  const platform = testPlatform();
  const backups = new BackupCronJob(platform.layers.backup, 'Backup', { ...minimalBackup, ...props });
  new RestoreTemplate(platform.layers.backup, 'Restore', { name: 'shop-db-restore', backups, ...own });
  return { platform, cronJob: only(platform, 'CronJob', 'shop-db-restore') };
}

const variable = (name: string, value: string) => ({ name, value });
const containersOf = (cronJob: Parameters<typeof templateOf>[0]) =>
  templateOf(cronJob).spec.containers.map(({ name }) => name);

describe('a minimal restore', () => {
  const { platform, cronJob } = render();
  const restore = containerOf(cronJob, 'restore');

  test('is a template that never runs by itself', () => {
    expect(cronJob.spec).toMatchObject({
      suspend: true,
      schedule: '0 0 29 2 *',
      timeZone: 'Etc/UTC',
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 12 * 3600 } },
    });
    expect(containersOf(cronJob)).toEqual(['restore']);
  });

  test('does nothing unless it is told what', () => {
    expect(restore.command).toEqual(['bash', '/scripts/restore.sh']);
    expect(restore.args).toBeUndefined();
  });

  // A Job that is applied again has the same name.
  test('is done once a Job', () => {
    expect(restore.env).toContainEqual({ ...jobName, name: 'RESTORE_ID' });
  });

  test('can make the safety backup that a dump would make', () => {
    const dump = containerOf(only(platform, 'CronJob', 'shop-backup'), 'dump');
    expect(restore.env).toEqual(expect.arrayContaining([...(dump.env ?? [])]));
    expect(only(platform, 'ConfigMap', 'shop-db-restore-scripts').data).toMatchObject(scriptFiles(['backup.sh']));
    expect(restore.volumeMounts).toContainEqual({ name: 'backups', mountPath: '/backups' });
  });

  test('may connect to the database alone', () => {
    const own = platform.flows.filter(({ from }) => from === 'shop-db-restore').map(({ to }) => to);
    expect(own).toEqual(['db.example.com']);
  });
});

describe('a restore with everything', () => {
  const { cronJob } = render(everything, { encryption, slack, images: { curl } });

  test('restores, migrates and reports', () => {
    expect(containersOf(cronJob)).toEqual(['age', 'restore', 'migrate', 'report']);
    expect(cronJob).toHaveProperty('spec.jobTemplate.spec.activeDeadlineSeconds', 3 * 3600);
    expect(containerOf(cronJob, 'restore').resources).toMatchObject({ limits: { memory: '300Mi' } });
  });

  test('runs the migrations of the app’s image as the image’s user, when the restore asks', () => {
    expect(containerOf(cronJob, 'restore').env).toContainEqual(variable('MIGRATE', 'container'));
    const migrate = containerOf(cronJob, 'migrate');
    expect(migrate).toMatchObject({
      image: 'registry.example.com/shop:1.2',
      command: ['sh', '/scripts/migrate-restored.sh'],
      args: ['npx', 'prisma', 'migrate', 'deploy'],
      securityContext: { runAsUser: 1000 },
      resources: { requests: { memory: '256Mi' } },
    });
    expect(migrate.env).toEqual([
      variable('PGHOST', 'db.example.com'),
      secret.env('DATABASE_URL', 'SECRET'),
      variable('URL_VARIABLES', 'DATABASE_URL DIRECT_URL'),
      variable('RUN_DIR', '/run/backup'),
    ]);
    expect(templateOf(cronJob).spec.imagePullSecrets).toEqual([{ name: 'shop-backup-secret' }]);
  });

  test('tells of a restore', () => {
    expect(containerOf(cronJob, 'report').env).toEqual(
      expect.arrayContaining([variable('SUBJECT', 'Restore'), variable('WORKERS', 'restore')]),
    );
  });

  test('reads encrypted backups, and encrypts the safety backup', () => {
    expect(containerOf(cronJob, 'restore').env).toEqual(
      expect.arrayContaining([
        variable('AGE_IDENTITY', '/identity/age.key'),
        variable('AGE_RECIPIENTS', encryption.recipients.join(' ')),
      ]),
    );
    expect(containerOf(cronJob, 'restore').env).toContainEqual(variable('AGE', 'container'));
  });
});

describe('a restore with a schema file', () => {
  const files = { 'schema-sync.sh': 'true', 'schema.sql': 'SELECT 1' };
  const migration = RestoreMigration.schemaSync('shop', { configMapData: () => files });
  const { platform, cronJob } = render({ migration });

  test('applies it by the app’s own script, under the app’s name', () => {
    expect(containerOf(cronJob, 'restore').env).toEqual(
      expect.arrayContaining([variable('MIGRATE', 'bash /schema/schema-sync.sh'), variable('SYNC_NAME', 'shop')]),
    );
    expect(containersOf(cronJob)).toEqual(['restore']);
  });

  test('has a copy of it in its own layer, whose change reaches the next Job', () => {
    expect(only(platform, 'ConfigMap', 'shop-db-restore-schema').data).toEqual(files);
    const mount = { name: 'schema', mountPath: '/schema', readOnly: true };
    expect(containerOf(cronJob, 'restore').volumeMounts).toContainEqual(mount);
    expect(Object.keys(templateOf(cronJob).metadata.annotations ?? {})).toContain('checksum/shop-db-restore-schema');
  });
});

test('from a store alone the backup is brought that it asks for, and the safety backup goes there', () => {
  const { platform, cronJob } = render({}, { targets: [store], images: { rclone } });
  expect(containersOf(cronJob)).toEqual(['store', 'restore', 'upload']);
  expect(containerOf(cronJob, 'store').args).toBeUndefined();
  for (const name of ['store', 'upload']) {
    expect(containerOf(cronJob, name).env).toContainEqual(variable('LEADER', 'restore'));
  }
  expect(containerOf(cronJob, 'restore').env).toContainEqual(variable('STORE', 'archives'));
  const own = platform.flows.filter(({ from }) => from === 'shop-db-restore').map(({ to }) => to);
  expect(own).toEqual(['db.example.com', 's3.example.com']);
});

test('a migration without a command is refused', () => {
  expect(() => RestoreMigration.image({ ...image, command: [] })).toThrow('a migration command is empty');
});
