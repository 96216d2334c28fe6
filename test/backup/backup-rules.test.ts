import { Size } from 'cdk8s';
import {
  AppliedMigrations,
  BackupCronJob,
  type BackupCronJobProps,
  BackupTarget,
  BackupTools,
  Cpu,
  type ImageMigration,
  ImageReference,
  NfsClaim,
  type Platform,
  PostgresDeployment,
  RestoreDrill,
  RestoreMigration,
  RestoreTemplate,
  renderPlatforms,
  Schedule,
  SecretUrl,
} from '../../lib';
import { testPlatform } from '../support/test-platform';
import { curl, encryption, minimalBackup, rclone } from './support/backup-props';

/** A platform that is nothing but a database with backups, restore and tools. */
function platform(targets: 'volume' | 'store' | 'both'): Platform {
  const shop = testPlatform();
  const { base, database, backup } = shop.layers;
  const claim = (name: string) =>
    new NfsClaim(base, name, {
      name: `shop-${name.toLowerCase()}`,
      volumeName: `shop-${name.toLowerCase()}-pv`,
      path: `/shop/${name.toLowerCase()}`,
      size: Size.gibibytes(10),
    });
  const secret = shop.secret('shop-backup-secret', {
    ID: 'access key of the store',
    SECRET: 'its secret',
    WEBHOOK: 'of the chat',
    PING: 'push URL',
    IDENTITY: 'private key of age',
  });
  const credentials = shop.secret('shop-db-secret', { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: '', POSTGRES_DB: '' });
  const postgres = new PostgresDeployment(database, 'Database', {
    name: 'shop-db',
    image: ImageReference.parse('postgres:17.6-bookworm'),
    credentials,
    storage: claim('Data'),
    memory: Size.gibibytes(1),
  });
  const volume = BackupTarget.claim(claim('Backups'));
  const store = BackupTarget.s3({
    endpoint: 'https://s3.example.com',
    bucket: 'shop',
    prefix: 'prod',
    accessKeyId: secret.key('ID'),
    secretAccessKey: secret.key('SECRET'),
    address: '192.168.1.10',
  });
  const props: BackupCronJobProps = {
    ...minimalBackup,
    database: postgres,
    targets: { volume: [volume], store: [store], both: [volume, store] }[targets],
    slack: SecretUrl.slack(secret.key('WEBHOOK')),
    pingUrl: SecretUrl.at('https://hc-ping.com', secret.key('PING')),
    encryption,
    migrations: AppliedMigrations.prisma(),
    files: [{ name: 'photos', claim: claim('Photos'), group: 1000 }],
    images: { curl, rclone },
  };
  const backups = new BackupCronJob(backup, 'Backup', props);
  const identity = secret.key('IDENTITY');
  new BackupTools(backup, 'Tools', { name: 'shop-db-backups', backups, identity });
  const migration: ImageMigration = {
    image: ImageReference.parse('example.com/shop:1.2'),
    command: ['npx', 'prisma', 'migrate', 'deploy'],
    uid: 1000,
    resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(256) },
  };
  new RestoreDrill(backup, 'Drill', {
    name: 'shop-db-drill',
    backups,
    schedule: Schedule.weekly('sunday', '05:00', 'Etc/UTC'),
    space: Size.gibibytes(5),
    checks: "SELECT 'true', true",
    identity,
    rehearsal: migration,
  });
  new RestoreTemplate(backup, 'Restore', {
    name: 'shop-db-restore',
    backups,
    identity,
    migration: RestoreMigration.image(migration),
  });
  return shop;
}

test.each(['volume', 'store', 'both'] as const)('backups to %s pass every rule', (targets) => {
  const { dist } = renderPlatforms([() => [platform(targets)]]);
  const cronJobs = [...dist.keys()].filter((path) => path.includes('/cronjob-'));
  expect(cronJobs.map((path) => path.replace(/^.*\/cronjob-|\.yaml$/g, ''))).toEqual([
    'shop-backup',
    'shop-backup-watchdog',
    'shop-db-backups',
    'shop-db-drill',
    'shop-db-restore',
  ]);
});

test('a warning names platform and environment, and refuses nothing', () => {
  expect(renderPlatforms([() => [platform('volume')]]).warnings).toEqual([
    expect.stringMatching(/^warning: shop test: database "shop-db" and its backups lie on one NFS server/),
  ]);
  expect(renderPlatforms([() => [platform('both')]]).warnings).toEqual([]);
});
