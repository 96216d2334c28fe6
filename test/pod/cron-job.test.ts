import { Duration } from 'cdk8s';
import { Schedule } from '../../lib/platform/schedule';
import { CronJob, type CronJobProps } from '../../lib/pod/cron-job';
import { minimalPod, only, renderedTemplate, testPlatform } from '../support/test-platform';

const everything: Required<CronJobProps> = {
  name: 'nightly',
  schedule: Schedule.daily('03:00', 'Australia/Perth'),
  deadline: Duration.minutes(10),
  pod: minimalPod,
  startingDeadline: Duration.minutes(20),
  retries: 2,
  suspended: true,
};

function render(props: CronJobProps) {
  const platform = testPlatform();
  new CronJob(platform.layers.app, 'CronJob', props);
  return only(platform, 'CronJob', 'nightly');
}

test('a minimal CronJob runs one at a time, in its zone, with a deadline, and is not tried again', () => {
  const { startingDeadline: _, retries: __, suspended: ___, ...minimal } = everything;
  const { metadata, spec } = renderedTemplate({});
  expect(render(minimal)).toEqual({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: 'nightly',
      namespace: 'market',
      labels: { 'app.kubernetes.io/name': 'nightly', 'app.kubernetes.io/part-of': 'shop' },
    },
    spec: {
      schedule: '0 3 * * *',
      timeZone: 'Australia/Perth',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          activeDeadlineSeconds: 600,
          template: { metadata, spec: { ...spec, restartPolicy: 'Never' } },
        },
      },
    },
  });
});

test.each([
  ['startingDeadline', 'spec.startingDeadlineSeconds', 1200],
  ['retries', 'spec.jobTemplate.spec.backoffLimit', 2],
  ['deadline', 'spec.jobTemplate.spec.activeDeadlineSeconds', 600],
  ['suspended', 'spec.suspend', true],
])('%s becomes %s', (_, path, value) => {
  expect(render(everything)).toHaveProperty(path, value);
});
