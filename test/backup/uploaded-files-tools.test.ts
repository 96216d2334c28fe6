import { Duration } from 'cdk8s';
import { BackupCronJob, type BackupCronJobProps } from '../../lib/backup/backup-cron-job';
import { UploadedFilesTools, type UploadedFilesToolsProps } from '../../lib/backup/uploaded-files-tools';
import { containerOf, only, templateOf, testPlatform } from '../support/test-platform';
import { minimalBackup, rclone, store, storeEnv, volume } from './support/backup-props';

const photos = { name: 'photos', claim: { name: 'shop-photos' } };

function render(props: Partial<BackupCronJobProps> = {}, own: Partial<UploadedFilesToolsProps> = {}) {
  const platform = testPlatform();
  const { backup } = platform.layers;
  const made = { ...minimalBackup, files: [photos], images: { rclone }, ...props };
  const backups = new BackupCronJob(backup, 'Backup', made);
  new UploadedFilesTools(backup, 'Files', { name: 'shop-files', backups, ...own });
  return only(platform, 'CronJob', 'shop-files');
}

describe('minimal tools', () => {
  const cronJob = render();
  const container = containerOf(cronJob, 'uploaded-files');

  test('are a template that never runs by itself', () => {
    expect(cronJob.spec).toMatchObject({
      suspend: true,
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 12 * 3600 } },
    });
  });

  test('list the states when nothing else is asked, and never back up', () => {
    expect(container).toMatchObject({ command: ['sh', '/scripts/uploaded-files.sh'], args: ['list'] });
  });

  test('reach the backups, and may write beside the live files', () => {
    expect(container.volumeMounts).toContainEqual({ name: 'backups', mountPath: '/backups' });
    expect(container.volumeMounts).toContainEqual({ name: 'files-photos', mountPath: '/files/photos' });
  });

  test('run as the user of the backups', () => {
    expect(templateOf(cronJob).spec.securityContext).toMatchObject({ runAsUser: 999, runAsGroup: 999, fsGroup: 999 });
  });
});

test('files are brought back for their owner, who reads the backups by their group', () => {
  const cronJob = render(
    { files: [{ ...photos, group: 2000 }] },
    { owner: { uid: 1000, gid: 1001 }, deadline: Duration.hours(1) },
  );
  expect(templateOf(cronJob).spec.securityContext).toMatchObject({
    runAsUser: 1000,
    runAsGroup: 1001,
    supplementalGroups: [999, 2000],
  });
  expect(cronJob.spec).toHaveProperty('jobTemplate.spec.activeDeadlineSeconds', 3600);
});

test('a store alone is reached', () => {
  expect(containerOf(render({ targets: [store] }), 'uploaded-files').env).toEqual(expect.arrayContaining(storeEnv));
});

test('of both targets the folder comes first', () => {
  const { env } = containerOf(render({ targets: [volume, store] }), 'uploaded-files');
  expect(env).toContainEqual({ name: 'TARGETS', value: 'folder s3' });
});

test('backups without files are refused', () => {
  expect(() => render({ files: [] })).toThrow('"shop-files" would bring back files of "shop-backup", which has none');
});
