import { platformTree } from '../../lib/platform-tree';
import { checkTrees } from '../../lib/policy/check-trees';
import { volaticloudEnvironments } from '../../platforms/volaticloud/environments';
import { VolatiCloud } from '../../platforms/volaticloud/platform';
import { objectsOf, only, templateOf } from '../support/test-platform';

/** Staging as it would be with one other word in its environment. */
function byJob(): VolatiCloud {
  const staging = volaticloudEnvironments().find(({ name }) => name === 'staging');
  return new VolatiCloud({ ...(staging as NonNullable<typeof staging>), migrates: 'by-job' });
}

test('with a Job, the backend’s pods wait for it, the dashboard’s do not, and every rule is kept', () => {
  const platform = byJob();
  const initContainers = (name: string) =>
    (templateOf(only(platform, 'Deployment', name)).spec.initContainers ?? []).map((each) => each.name);
  expect(initContainers('volaticloud-backend')).toEqual(['list-migrations', 'migration-gate']);
  expect(initContainers('volaticloud-dashboard')).toEqual([]);
  expect(checkTrees([platformTree(platform, { facts: {}, released: [] })])).toEqual([]);
});

test('the Job runs the backend’s image and takes the whole connection string from the Secret', () => {
  const platform = byJob();
  const jobs = objectsOf(platform).filter(({ kind }) => kind === 'Job');
  expect(jobs.map(({ metadata }) => metadata.name)).toEqual([
    expect.stringMatching(/^volaticloud-migrate-[0-9a-f]{10}$/),
  ]);
  const [migrate] = templateOf(jobs[0] as NonNullable<(typeof jobs)[0]>).spec.containers;
  expect(migrate).toMatchObject({
    image: expect.stringMatching(/^ghcr\.io\/volaticloud\/volaticloud:main-/),
    command: ['sh', '/mooring/scripts/run-migration.sh', 'volaticloud', 'migrate'],
    env: expect.arrayContaining([
      {
        name: 'CONNECTION_STRING',
        valueFrom: { secretKeyRef: { name: 'volaticloud-db-secret', key: 'dsn' } },
      },
    ]),
  });
});

test('at its start, there is neither Job nor gate', () => {
  const [staging] = volaticloudEnvironments();
  const platform = new VolatiCloud({ ...(staging as NonNullable<typeof staging>), migrates: 'at-start' });
  expect(objectsOf(platform).map(({ kind }) => kind)).not.toContain('Job');
  expect(templateOf(only(platform, 'Deployment', 'volaticloud-backend')).spec.initContainers).toBeUndefined();
});
