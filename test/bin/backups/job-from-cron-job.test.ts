import { jobFromCronJob } from '../../../bin/backups/job-from-cron-job';
import type { CronJob } from '../../../bin/backups/kubernetes-objects';

const store = { name: 'store', command: ['sh', '-c', 'true', '/scripts/store.sh'] };
const upload = { name: 'upload', command: ['sh', '/scripts/upload.sh'] };

function cronJob(name: string): CronJob {
  const containers = [
    store,
    { name: 'restore', args: ['nothing'], env: [{ name: 'A', value: '1' }] },
    upload,
    { name: 'report', args: ['x'] },
  ];
  return {
    metadata: { name, namespace: 'school', uid: 'f00d' },
    spec: {
      jobTemplate: {
        metadata: { labels: { team: 'school' }, annotations: { note: 'x' } },
        spec: { template: { spec: { containers } } },
      },
    },
  };
}

test('only the container that does the work is changed', () => {
  const { metadata, spec } = jobFromCronJob(cronJob('school-db'), 'restore', {
    args: ['restore', 'x'],
    env: { A: '2', B: '3' },
  });
  expect(metadata).toMatchObject({
    generateName: 'school-db-manual-',
    labels: { team: 'school' },
    annotations: { note: 'x', 'cronjob.kubernetes.io/instantiate': 'manual' },
  });
  expect(spec.template.spec).toEqual({
    containers: [
      store,
      {
        name: 'restore',
        args: ['restore', 'x'],
        env: [
          { name: 'A', value: '2' },
          { name: 'B', value: '3' },
        ],
      },
      upload,
      { name: 'report', args: ['x'] },
    ],
  });
});

test('what reaches a store can be left out', () => {
  const { spec } = jobFromCronJob(cronJob('school-db'), 'restore', { withoutStore: true });
  expect(spec.template.spec.containers.map(({ name }) => name)).toEqual(['restore', 'report']);
});

test('without changes it is the template', () => {
  const template = cronJob('school-db');
  expect(jobFromCronJob(template, 'restore').spec).toEqual(template.spec.jobTemplate.spec);
});

test('the longest name of a CronJob leaves room for what the API server adds', () => {
  const { generateName } = jobFromCronJob(cronJob('a'.repeat(52)), 'restore').metadata;
  expect(generateName).toBe(`${'a'.repeat(50)}-manual-`);
  expect(generateName.length + 5).toBeLessThanOrEqual(63);
});
