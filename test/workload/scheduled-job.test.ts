import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import { Schedule } from '../../lib/platform/schedule';
import { SecretReference } from '../../lib/platform/secret-reference';
import { claimMount } from '../../lib/pod/mount';
import { ScheduledJob, type ScheduledJobProps } from '../../lib/workload/scheduled-job';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: ScheduledJobProps = {
  name: 'calendar-sync',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  command: ['node', 'sync.js'],
  schedule: Schedule.hourly(15, 'Australia/Perth'),
  deadline: Duration.minutes(10),
  resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128) },
  user: { uid: 1000 },
};

const everything: Required<ScheduledJobProps> = {
  ...minimal,
  database: new FakeDatabase(),
  externalHosts: [{ host: 'calendar.example.com', port: 443 }],
  env: [{ name: 'MODE', value: 'fast' }],
  mounts: [claimMount({ name: 'shop-files' }, { path: '/files', volume: 'files' })],
  pullSecret: new SecretReference('registry', {}),
};

function render(props: ScheduledJobProps) {
  const platform = testPlatform();
  new ScheduledJob(platform.layers.app, 'CalendarSync', props);
  return { platform, cronJob: only(platform, 'CronJob', 'calendar-sync') };
}

describe('a minimal scheduled job', () => {
  const { platform, cronJob } = render(minimal);

  test('is a CronJob, a ServiceAccount and a NetworkPolicy of one name', () => {
    expect(namesOf(platform)).toEqual([
      'NetworkPolicy/calendar-sync',
      'ServiceAccount/calendar-sync',
      'CronJob/calendar-sync',
    ]);
  });

  test('runs its command on its schedule, once at a time, and never longer than its deadline', () => {
    expect(cronJob.spec).toMatchObject({
      schedule: '15 * * * *',
      timeZone: 'Australia/Perth',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 3600,
      jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 600 } },
    });
    expect(containerOf(cronJob, 'run')).toMatchObject({
      image: 'registry.example.com/shop:1.2',
      command: ['node', 'sync.js'],
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '128Mi' } },
    });
  });

  test('is a cron workload of the platform', () => {
    const { metadata, spec } = templateOf(cronJob);
    expect(metadata.labels).toEqual({
      'app.kubernetes.io/name': 'calendar-sync',
      'app.kubernetes.io/part-of': 'shop',
      'app.kubernetes.io/component': 'cron',
    });
    expect(spec).toMatchObject({ serviceAccountName: 'calendar-sync', securityContext: { runAsUser: 1000 } });
  });

  test('has /tmp to write to, and no environment, pull secret or network', () => {
    expect(containerOf(cronJob, 'run').volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
    expect(containerOf(cronJob, 'run')).not.toHaveProperty('env');
    expect(templateOf(cronJob).spec).not.toHaveProperty('imagePullSecrets');
    expect(only(platform, 'NetworkPolicy', 'calendar-sync').spec).toEqual({
      podSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'calendar-sync', 'app.kubernetes.io/part-of': 'shop' },
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    });
  });
});

describe('a scheduled job with everything', () => {
  const { platform, cronJob } = render(everything);

  test('gets libpq’s variables, then its own', () => {
    expect(containerOf(cronJob, 'run').env).toEqual([
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'MODE', value: 'fast' },
    ]);
  });

  test('may connect to the database and the hosts that it calls', () => {
    expect(platform.flows).toEqual([
      { from: 'calendar-sync', to: 'db.example.com', port: 5433 },
      { from: 'calendar-sync', to: 'calendar.example.com', port: 443 },
    ]);
  });

  test('has its volumes beside /tmp', () => {
    expect(containerOf(cronJob, 'run').volumeMounts).toEqual([
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'files', mountPath: '/files' },
    ]);
  });

  test('is pulled with its secret', () => {
    expect(templateOf(cronJob).spec.imagePullSecrets).toEqual([{ name: 'registry' }]);
  });
});
