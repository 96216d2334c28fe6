import { jobFromCronJob } from '../../../bin/backups/job-from-cron-job';
import type { CronJob } from '../../../bin/backups/kubernetes-objects';

function cronJob(name: string): CronJob {
  const containers = [
    { name: 'restore', args: ['nothing'], env: [{ name: 'A', value: '1' }] },
    { name: 'report', args: ['x'] },
  ];
  const initContainers = [{ name: 'age' }, { name: 'fetch', command: ['sh', '/scripts/fetch.sh'], args: ['newest'] }];
  return {
    metadata: { name, namespace: 'school', uid: 'f00d' },
    spec: {
      jobTemplate: {
        metadata: { labels: { team: 'school' }, annotations: { note: 'x' } },
        spec: { template: { spec: { containers, initContainers } } },
      },
    },
  };
}

test('only the container that does the work is changed, and the one that fetches for it', () => {
  const { metadata, spec } = jobFromCronJob(cronJob('school-db'), 'restore', {
    args: ['restore', 'x'],
    env: { A: '2', B: '3' },
    fetch: ['backup', 'x'],
  });
  expect(metadata).toMatchObject({
    generateName: 'school-db-manual-',
    labels: { team: 'school' },
    annotations: { note: 'x', 'cronjob.kubernetes.io/instantiate': 'manual' },
  });
  expect(spec.template.spec).toEqual({
    containers: [
      {
        name: 'restore',
        args: ['restore', 'x'],
        env: [
          { name: 'A', value: '2' },
          { name: 'B', value: '3' },
        ],
      },
      { name: 'report', args: ['x'] },
    ],
    initContainers: [{ name: 'age' }, { name: 'fetch', command: ['sh', '/scripts/fetch.sh'], args: ['backup', 'x'] }],
  });
});

test('what fetches can be left out', () => {
  const { spec } = jobFromCronJob(cronJob('school-db'), 'restore', { fetch: [] });
  expect(spec.template.spec.initContainers).toEqual([{ name: 'age' }]);
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
