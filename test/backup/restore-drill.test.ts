import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { RestoreDrill, type RestoreDrillProps } from '../../lib/backup/restore-drill';
import { ImageReference } from '../../lib/platform/image-reference';
import { Schedule } from '../../lib/platform/schedule';
import { containerOf, only, templateOf, testPlatform } from '../support/test-platform';
import { curl, encryption, jobName, minimalBackup, rclone, secret, slack, store } from './support/backup-props';

const minimal: Omit<RestoreDrillProps, 'backups'> = {
  name: 'shop-db-drill',
  schedule: Schedule.weekly('sunday', '05:00', 'Australia/Perth'),
  space: Size.gibibytes(5),
};

const everything: Required<Omit<RestoreDrillProps, 'backups'>> = {
  ...minimal,
  checks: "SELECT 'there are orders', count(*) > 0 FROM orders",
  rehearsal: {
    image: ImageReference.parse('registry.example.com/shop:1.3'),
    command: ['npx', 'prisma', 'migrate', 'deploy'],
    uid: 1000,
    resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(256) },
    env: [secret.env('DATABASE_URL', 'SECRET'), { name: 'NODE_ENV', value: 'production' }],
    pullSecret: secret,
  },
  identity: secret.key('IDENTITY'),
  deadline: Duration.hours(2),
  resources: { cpu: Cpu.millis(300), memory: Size.mebibytes(700) },
};

function render(own: Partial<RestoreDrillProps> = {}, props: Partial<BackupCronJobProps> = {}) {
  const platform = testPlatform();
  const backups = new BackupCronJob(platform.layers.backup, 'Backup', { ...minimalBackup, ...props });
  new RestoreDrill(platform.layers.backup, 'Drill', { ...minimal, backups, ...own });
  return { platform, cronJob: only(platform, 'CronJob', 'shop-db-drill') };
}

const variable = (name: string, value: string) => ({ name, value });

describe('a minimal drill', () => {
  const { platform, cronJob } = render();
  const drill = containerOf(cronJob, 'drill');

  test('runs on its schedule, within six hours', () => {
    expect(cronJob.spec).toMatchObject({
      schedule: '0 5 * * 0',
      timeZone: 'Australia/Perth',
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 6 * 3600 } },
    });
    expect(cronJob.spec).not.toHaveProperty('suspend');
  });

  // Neither address nor password, and no way there.
  test('knows nothing of the live database', () => {
    expect(drill.env).toEqual([
      variable('BACKUP_DIR', '/backups'),
      variable('FILE_PREFIX', 'shop'),
      variable('TIME_ZONE', 'Australia/Perth'),
      variable('RUN_DIR', '/run/backup'),
      jobName,
      variable('DRILL_DIR', '/drill'),
    ]);
    expect(platform.flows.filter(({ from }) => from === 'shop-db-drill')).toEqual([]);
  });

  test('runs the server’s own version in a scratch folder of a given size, and cannot change the backups', () => {
    expect(drill.image).toBe('postgres:17.6-bookworm');
    expect(drill.command).toEqual(['bash', '/scripts/drill.sh']);
    expect(drill.volumeMounts).toEqual(
      expect.arrayContaining([
        { name: 'backups', mountPath: '/backups', readOnly: true },
        { name: 'drill', mountPath: '/drill' },
      ]),
    );
    expect(templateOf(cronJob).spec.volumes).toContainEqual({ name: 'drill', emptyDir: { sizeLimit: '5Gi' } });
  });

  test('asks for 250 millicores and 512 MiB, and is killed above 1 GiB', () => {
    expect(drill.resources).toEqual({ requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '1Gi' } });
  });
});

describe('a drill with everything', () => {
  const { platform, cronJob } = render(everything, { encryption, slack, images: { curl } });
  const drill = containerOf(cronJob, 'drill');

  test('restores, rehearses and reports', () => {
    expect(templateOf(cronJob).spec.containers.map(({ name }) => name)).toEqual(['age', 'drill', 'migrate', 'report']);
    expect(cronJob).toHaveProperty('spec.jobTemplate.spec.activeDeadlineSeconds', 7200);
    expect(drill.resources).toMatchObject({ limits: { memory: '700Mi' } });
    expect(containerOf(cronJob, 'report').env).toEqual(
      expect.arrayContaining([variable('SUBJECT', 'Drill'), variable('WORKERS', 'drill')]),
    );
  });

  test('runs the platform’s own checks', () => {
    expect(drill.env).toContainEqual(variable('CHECKS', '/checks/checks.sql'));
    expect(drill.volumeMounts).toContainEqual({ name: 'checks', mountPath: '/checks', readOnly: true });
    expect(only(platform, 'ConfigMap', 'shop-db-drill-checks').data).toEqual({ 'checks.sql': everything.checks });
  });

  test('rehearses on its own server, whatever the app’s variables say', () => {
    expect(drill.env).toContainEqual(variable('MIGRATE', 'container'));
    const migrate = containerOf(cronJob, 'migrate');
    expect(migrate.env).toEqual([
      variable('PGHOST', '127.0.0.1'),
      variable('PGPORT', '5432'),
      variable('PGUSER', 'postgres'),
      variable('NODE_ENV', 'production'),
      variable('DATABASE_URL', 'postgresql://postgres@127.0.0.1:5432/postgres'),
      variable('WORKER', 'drill'),
      variable('RUN_DIR', '/run/backup'),
    ]);
    expect(migrate).toMatchObject({ image: 'registry.example.com/shop:1.3', securityContext: { runAsUser: 1000 } });
    expect(templateOf(cronJob).spec.imagePullSecrets).toEqual([{ name: 'shop-backup-secret' }]);
  });

  test('reads encrypted backups', () => {
    expect(drill.env).toContainEqual(variable('AGE_IDENTITY', '/identity/age.key'));
    expect(drill.env).toContainEqual(variable('AGE', 'container'));
    expect(templateOf(cronJob).spec.containers[0]?.name).toBe('age');
  });
});

test('several variables with a URL are all pointed at the drill’s server', () => {
  const rehearsal = { ...everything.rehearsal, urlVariables: ['DIRECT_URL', 'DATABASE_URL'] };
  const url = 'postgresql://postgres@127.0.0.1:5432/postgres';
  expect(containerOf(render({ rehearsal }).cronJob, 'migrate').env).toEqual(
    expect.arrayContaining([
      variable('DIRECT_URL', url),
      variable('DATABASE_URL', url),
      variable('URL_VARIABLES', 'DIRECT_URL DATABASE_URL'),
    ]),
  );
});

test('from a store alone the newest backup is brought', () => {
  const { platform, cronJob } = render({}, { targets: [store], images: { rclone } });
  expect(containerOf(cronJob, 'store').args).toEqual(['newest']);
  expect(containerOf(cronJob, 'drill').env).toContainEqual(variable('STORE', 'archives'));
  const own = platform.flows.filter(({ from }) => from === 'shop-db-drill').map(({ to }) => to);
  expect(own).toEqual(['s3.example.com']);
});

test('encrypted backups are refused without a private key', () => {
  expect(() => render({}, { encryption })).toThrow(
    'drill "shop-db-drill" cannot read the encrypted backups of "shop-backup"; ' +
      'give identity, or hold the drill where the private key is',
  );
});
