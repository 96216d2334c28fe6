import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import { Worker, type WorkerProps } from '../../lib/workload/worker';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: WorkerProps = {
  name: 'mailer',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(256) },
};

function render(props: Partial<WorkerProps> = {}) {
  const platform = testPlatform();
  new Worker(platform.layers.app, 'Worker', { ...minimal, ...props });
  return platform;
}

test('a minimal worker is a Deployment, a ServiceAccount and a NetworkPolicy that lets nobody in or out', () => {
  expect(namesOf(render())).toEqual(['NetworkPolicy/mailer', 'ServiceAccount/mailer', 'Deployment/mailer']);
  expect(only(render(), 'NetworkPolicy', 'mailer').spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
  expect(render().flows).toEqual([]);
});

test('it is labelled as a worker, has no port and no probe', () => {
  const worker = only(render(), 'Deployment', 'mailer');
  expect(templateOf(worker).metadata.labels).toMatchObject({ 'app.kubernetes.io/component': 'worker' });
  for (const none of ['ports', 'startupProbe', 'readinessProbe', 'livenessProbe']) {
    expect(containerOf(worker, 'worker')).not.toHaveProperty(none);
  }
});

test('started is asked within the startup budget', () => {
  const worker = only(
    render({ started: ['test', '-e', '/tmp/up'], startupBudget: Duration.minutes(1) }),
    'Deployment',
    'mailer',
  );
  expect(containerOf(worker, 'worker').startupProbe).toMatchObject({
    exec: { command: ['test', '-e', '/tmp/up'] },
    periodSeconds: 5,
    failureThreshold: 12,
  });
});

test('a database may be connected to', () => {
  expect(render({ database: new FakeDatabase() }).flows).toEqual([
    { from: 'mailer', to: 'db.example.com', port: 5433 },
  ]);
});
