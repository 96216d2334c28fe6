import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { AppliedMigrations } from '../../lib/backup/applied-migrations';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { BackupTools, type BackupToolsProps } from '../../lib/backup/backup-tools';
import { containerOf, only, templateOf, testPlatform } from '../support/test-platform';
import { encryption, minimalBackup, rclone, secret, store, volume } from './support/backup-props';

const everything: Required<Omit<BackupToolsProps, 'backups'>> = {
  name: 'shop-backups',
  identity: secret.key('IDENTITY'),
  deadline: Duration.hours(1),
  resources: { cpu: Cpu.millis(300), memory: Size.mebibytes(300) },
};

function render(props: Partial<BackupCronJobProps> = {}, own: Partial<BackupToolsProps> = {}) {
  const platform = testPlatform();
  const backups = new BackupCronJob(platform.layers.backup, 'Backup', { ...minimalBackup, ...props });
  new BackupTools(platform.layers.backup, 'Tools', { name: 'shop-backups', backups, ...own });
  return { platform, cronJob: only(platform, 'CronJob', 'shop-backups') };
}

const variable = (name: string, value: string) => ({ name, value });

describe('minimal tools', () => {
  const { platform, cronJob } = render({ migrations: AppliedMigrations.prisma() });
  const catalogue = containerOf(cronJob, 'catalogue');

  // A schedule is required; resumed by mistake, it waits for the next 29 February.
  test('are a template that never runs by itself', () => {
    expect(cronJob.spec).toMatchObject({
      suspend: true,
      schedule: '0 0 29 2 *',
      timeZone: 'Etc/UTC',
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 6 * 3600 } },
    });
  });

  test('list the backups when nothing else is asked', () => {
    expect(catalogue.image).toBe('postgres:17.6-bookworm');
    expect(catalogue.command).toEqual(['bash', '/scripts/catalogue.sh']);
    expect(catalogue.args).toEqual(['list']);
  });

  test('know the backups, and the live database with its migrations', () => {
    expect(catalogue.env?.map(({ name }) => name)).toEqual([
      'PGHOST',
      'BACKUP_DIR',
      'FILE_PREFIX',
      'TIME_ZONE',
      'MIGRATION_TOOL',
      'MIGRATION_TABLE',
      'MIGRATION_QUERY',
    ]);
    expect(catalogue.volumeMounts).toContainEqual({ name: 'backups', mountPath: '/backups' });
    const own = platform.flows.filter(({ from }) => from === 'shop-backups').map(({ to }) => to);
    expect(own).toEqual(['db.example.com']);
  });

  test('take what a dump takes', () => {
    expect(catalogue.resources).toEqual({ requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } });
  });
});

test('tools have their own deadline and resources', () => {
  const { identity: _, ...rest } = everything;
  const { cronJob } = render({}, rest);
  expect(cronJob).toHaveProperty('spec.jobTemplate.spec.activeDeadlineSeconds', 3600);
  expect(containerOf(cronJob, 'catalogue').resources).toEqual({
    requests: { cpu: '300m', memory: '300Mi' },
    limits: { memory: '300Mi' },
  });
});

describe('tools with a private key', () => {
  const { cronJob } = render({ encryption }, everything);
  const catalogue = containerOf(cronJob, 'catalogue');

  test('read it from a file that the pod’s group alone reads', () => {
    expect(catalogue.env).toContainEqual(variable('AGE_IDENTITY', '/identity/age.key'));
    expect(catalogue.volumeMounts).toContainEqual({ name: 'identity', mountPath: '/identity', readOnly: true });
    expect(templateOf(cronJob).spec.volumes).toContainEqual({
      name: 'identity',
      secret: {
        secretName: 'shop-backup-secret',
        items: [{ key: 'IDENTITY', path: 'age.key' }],
        defaultMode: 0o440,
        optional: true,
      },
    });
  });

  test('have the program age', () => {
    expect(containerOf(cronJob, 'age')).toMatchObject({
      command: ['sh', '/scripts/provide.sh'],
      args: ['age', '/usr/bin/age', '/tools'],
    });
    expect(catalogue.env).toEqual(
      expect.arrayContaining([variable('AGE', 'container'), variable('RUN_DIR', '/run/backup')]),
    );
    expect(catalogue.volumeMounts).toContainEqual({ name: 'tools', mountPath: '/tools', readOnly: true });
  });

  test('make no sense for backups that are not encrypted', () => {
    expect(() => render({}, { identity: everything.identity })).toThrow(
      'the backups of "shop-backup" are not encrypted, so there is nothing to read with identity; leave it out',
    );
  });
});

test.each([
  ['the archives in a store alone', [store], 'archives', '/backups'],
  ['second copies in a store', [volume, store], 'copy', '/store'],
])('for %s another container reaches it', (_, targets, said, folder) => {
  const { platform, cronJob } = render({ targets, images: { rclone } });
  expect(containerOf(cronJob, 'catalogue').env).toContainEqual(variable('STORE', said));
  const { args, env } = containerOf(cronJob, 'store');
  expect(args).toBeUndefined();
  expect(env).toEqual(expect.arrayContaining([variable('LEADER', 'catalogue'), variable('BACKUP_DIR', folder)]));
  const own = platform.flows.filter(({ from }) => from === 'shop-backups').map(({ to }) => to);
  expect(own).toEqual(['db.example.com', 's3.example.com']);
});
