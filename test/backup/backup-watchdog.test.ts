import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { BackupWatchdog, type BackupWatchdogProps } from '../../lib/backup/backup-watchdog';
import { Schedule } from '../../lib/platform/schedule';
import { containerOf, namesOf, only, templateOf, testPlatform } from '../support/test-platform';
import { curl, minimalBackup, namespace, rclone, slack, store, storeEnv, urlEnv, volume } from './support/backup-props';

/** A watchdog of its own, beside the one that comes with the backups. */
function render(props: Partial<BackupCronJobProps> = {}) {
  const platform = testPlatform();
  const backups = new BackupCronJob(platform.layers.backup, 'Backup', {
    ...minimalBackup,
    slack,
    images: { curl, rclone },
    ...props,
  });
  const everything: Required<BackupWatchdogProps> = { backups, name: 'shop-guard' };
  new BackupWatchdog(platform.layers.backup, 'Guard', everything);
  return { platform, cronJob: only(platform, 'CronJob', 'shop-guard') };
}

const variable = (name: string, value: string) => ({ name, value });

describe('the watchdog of a daily backup', () => {
  const { platform, cronJob } = render();
  const watchdog = containerOf(cronJob, 'watchdog');

  test('is a CronJob of its own, which a suspended or lost backup does not stop', () => {
    expect(namesOf(platform).filter((name) => name.endsWith('/shop-guard') || name.includes('shop-guard-'))).toEqual([
      'NetworkPolicy/shop-guard',
      'ConfigMap/shop-guard-scripts',
      'ServiceAccount/shop-guard',
      'CronJob/shop-guard',
    ]);
  });

  test('is called after the backups unless it has a name', () => {
    expect(namesOf(platform)).toContain('CronJob/shop-backup-watchdog');
  });

  test('looks four times a day for a backup of the last two days', () => {
    expect(cronJob.spec).toMatchObject({ schedule: '45 */6 * * *', timeZone: 'Etc/UTC' });
    expect(watchdog.command).toEqual(['sh', '/scripts/watchdog.sh']);
    expect(watchdog.env).toEqual([
      variable('BACKUP_DIRS', '/backups'),
      variable('FILE_PREFIX', 'shop'),
      variable('MAX_AGE_SECONDS', String(2 * 86_400)),
      variable('TITLE', 'Shop'),
      variable('CRON_JOB', 'shop-backup'),
      namespace,
      ...urlEnv('WEBHOOK'),
    ]);
  });

  test('cannot change the backups', () => {
    expect(watchdog.volumeMounts).toContainEqual({ name: 'backups', mountPath: '/backups', readOnly: true });
  });

  test('may connect to the chat alone', () => {
    const hosts = platform.flows.filter(({ from }) => from === 'shop-guard').map(({ to }) => to);
    expect(hosts).toEqual(['hooks.slack.com']);
  });
});

test.each([
  ['every minute', '* * * * *', '* * * * *', 2],
  ['every quarter of an hour', '*/15 * * * *', '*/15 * * * *', 30],
  ['every 25 minutes at most', '0,25,50 * * * *', '*/20 * * * *', 50],
  ['every hour', '5 * * * *', '45 * * * *', 120],
  ['every five hours at most', '0 */5 * * *', '45 */4 * * *', 600],
  ['on weekdays', '0 3 * * mon-fri', '45 */6 * * *', 2 * 3 * 1440],
  ['every week', '0 3 * * 0', '45 */6 * * *', 2 * 7 * 1440],
])('of backups made %s ("%s") it looks at "%s" for one of the last %d minutes', (_, made, looks, minutes) => {
  const { cronJob } = render({ schedule: Schedule.cron(made, 'Europe/Berlin') });
  expect(cronJob).toHaveProperty('spec.schedule', looks);
  expect(containerOf(cronJob, 'watchdog').env).toContainEqual(variable('MAX_AGE_SECONDS', String(minutes * 60)));
});

describe.each([
  ['a second copy in a store', [volume, store], '/backups:/store'],
  ['backups in a store alone', [store], '/store'],
])('the watchdog of %s', (_, targets, folders) => {
  const { platform, cronJob } = render({ targets });

  test('looks at each place', () => {
    expect(containerOf(cronJob, 'watchdog').env).toContainEqual(variable('BACKUP_DIRS', folders));
    expect(containerOf(cronJob, 'watchdog').volumeMounts).toContainEqual({ name: 'store', mountPath: '/store' });
  });

  // Nobody would hear of an init container that has no image.
  test('brings the newest sidecar, and goes on when the store cannot be reached', () => {
    const runDir = variable('RUN_DIR', '/run/backup');
    const [first] = templateOf(cronJob).spec.containers;
    expect(first).toMatchObject({ name: 'store', args: ['sidecars', '10'] });
    expect(first?.command).toEqual(['sh', '-c', 'sh "$0" "$@" || true', '/scripts/store.sh']);
    expect(first?.env).toEqual([
      variable('BACKUP_DIR', '/store'),
      variable('FILE_PREFIX', 'shop'),
      runDir,
      ...storeEnv,
    ]);
    const { env } = containerOf(cronJob, 'watchdog');
    expect(env).toEqual(expect.arrayContaining([runDir, variable('STORE_DIR', '/store')]));
    const hosts = platform.flows.filter(({ from }) => from === 'shop-guard').map(({ to }) => to);
    expect(hosts).toEqual(['hooks.slack.com', 's3.example.com']);
  });
});

test('without somewhere to tell there is no watchdog', () => {
  const platform = testPlatform();
  const backups = new BackupCronJob(platform.layers.backup, 'Backup', minimalBackup);
  expect(() => new BackupWatchdog(platform.layers.backup, 'Watchdog', { backups })).toThrow(
    'watchdog "shop-backup-watchdog" has nowhere to send its message; give slack and images.curl to "shop-backup"',
  );
});
