import { Size } from 'cdk8s';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { SecretUrl } from '../../lib/backup/secret-url';
import { containerOf, FakeDatabase, only, templateOf, testPlatform } from '../support/test-platform';
import { minimalBackup, rclone, secret, slack, store, storeEnv, volume } from './support/backup-props';

const pingUrl = SecretUrl.at('https://hc-ping.com', secret.key('PING'));
const files = [{ name: 'photos', claim: { name: 'shop-photos' } }];

function render(props: Partial<BackupCronJobProps>) {
  const platform = testPlatform();
  new BackupCronJob(platform.layers.backup, 'Backup', { ...minimalBackup, ...props });
  return { platform, cronJob: only(platform, 'CronJob', 'shop-backup') };
}

const variable = (name: string, value: string) => ({ name, value });

describe('a backup to a store alone', () => {
  const { cronJob } = render({ targets: [store], images: { rclone }, stagingSpace: Size.gibibytes(3) });

  test('works in a scratch folder of a given size', () => {
    expect(templateOf(cronJob).spec.volumes).toContainEqual({ name: 'backups', emptyDir: { sizeLimit: '3Gi' } });
  });

  test('brings the sidecars first and leaves pruning to the upload', () => {
    const [first] = templateOf(cronJob).spec.containers;
    expect(first).toMatchObject({ name: 'store', args: ['sidecars', '10'] });
    // The dump says when nothing could be brought, and the upload may do well all the same.
    expect(first?.command).toEqual(['sh', '-c', 'sh "$0" "$@" || true', '/scripts/store.sh']);
    expect(first?.env).toEqual(expect.arrayContaining(storeEnv));
    expect(containerOf(cronJob, 'dump').env).toContainEqual(variable('STORE', 'archives'));
    expect(containerOf(cronJob, 'dump').env).toContainEqual(variable('PRUNE', 'no'));
  });

  test('is compared with the last one that the store has', () => {
    const previous = variable('PREVIOUS_METADATA', '/backups/previous.meta.json');
    expect(containerOf(cronJob, 'store').env).toContainEqual(previous);
    expect(containerOf(cronJob, 'dump').env).toContainEqual(previous);
  });

  test('has room for 10 GiB unless it is said otherwise', () => {
    const { volumes } = templateOf(render({ targets: [store], images: { rclone } }).cronJob).spec;
    expect(volumes).toContainEqual({ name: 'backups', emptyDir: { sizeLimit: '10Gi' } });
  });
});

test.each([
  ['both', [volume, store], [variable('TARGETS', 'folder s3')]],
  ['the volume', [volume], []],
  ['the store', [store], []],
])('files go where the archives go: %s', (_, targets, expected) => {
  const { env = [] } = containerOf(render({ targets, files, images: { rclone } }).cronJob, 'files');
  expect(env.filter(({ name }) => name === 'TARGETS')).toEqual(expected);
});

test.each<[string, Partial<BackupCronJobProps>, string]>([
  ['no target', { targets: [] }, 'backup "shop-backup" has 0 volumes and 0 stores as targets'],
  ['two volumes', { targets: [volume, volume] }, 'has 2 volumes and 0 stores as targets; give one, or one of each'],
  ['a chat and no curl', { slack }, 'slack of backup "shop-backup" needs an image; give images.curl'],
  ['a push URL and no curl', { pingUrl: pingUrl }, 'pingUrl of backup "shop-backup" needs an image'],
  [
    'a store and no rclone',
    { targets: [store] },
    'the store of backup "shop-backup" needs an image; give images.rclone',
  ],
  ['files and no rclone', { files: files }, 'files of backup "shop-backup" needs an image; give images.rclone'],
  [
    'files with a path for a name',
    { files: [{ name: '../x', claim: { name: 'x' } }], images: { rclone } },
    'files "../x" of backup "shop-backup" are not a name; write lower-case letters, digits and dashes',
  ],
  [
    'two claims of files with one name',
    { files: [...files, ...files], images: { rclone } },
    'files "photos" of backup "shop-backup" are named twice; give each claim a name of its own',
  ],
])('%s is refused', (_, props, message) => {
  expect(() => render(props)).toThrow(message);
});

test('all that does not go together is said at once', () => {
  expect(() => render({ targets: [], slack })).toThrow(/has 0 volumes.*\n.*needs an image/);
});

describe('a backup on the file server of its database', () => {
  const nfs = (name: string) => ({ name, exportPath: `/${name}` });
  const database = Object.assign(new FakeDatabase(), { storage: nfs('db') });
  const onServer = { ...volume, volume: nfs('backups') };

  test('is warned of', () => {
    expect(render({ database, targets: [onServer] }).platform.warnings).toEqual([
      'database "fake" and its backups lie on one NFS server, nas.example.lan, and are lost with it; ' +
        'add BackupTarget.s3 to "shop-backup" for a second copy elsewhere',
    ]);
  });

  test.each<[string, Partial<BackupCronJobProps>]>([
    ['a second copy is elsewhere', { database, targets: [onServer, store], images: { rclone } }],
    ['the backups are elsewhere', { database }],
    ['the database is elsewhere', { targets: [onServer] }],
  ])('is not warned of when %s', (_, props) => {
    expect(render(props).platform.warnings).toEqual([]);
  });
});
