import type { Manifest } from '../../lib/platform/manifest';
import type { LayerTree } from '../../lib/platform/tree';
import { workloads } from '../../lib/render/workloads';
import { testTree } from '../support/test-platform';

const pod = { containers: [{ name: 'main', image: 'app:1.0' }] };

const object = (kind: string, spec?: object, name = 'web'): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...(spec && { spec }),
});

const layer = (name: LayerTree['name'], ...objects: Manifest[]): LayerTree => ({ name, path: name, objects });

test.each([
  ['one replica', object('Deployment', { replicas: 1, template: { spec: pod } }), '1 pod'],
  ['several replicas', object('Deployment', { replicas: 3, template: { spec: pod } }), '3 pods'],
  ['none', object('Deployment', { replicas: 0, template: { spec: pod } }), '0 pods'],
  ['a StatefulSet', object('StatefulSet', { replicas: 2, template: { spec: pod } }), '2 pods'],
  ['a Job', object('Job', { template: { spec: pod } }), 'once for each image'],
  [
    'a CronJob',
    object('CronJob', {
      schedule: '0 3 * * *',
      timeZone: 'Australia/Perth',
      jobTemplate: { spec: { template: { spec: pod } } },
    }),
    '0 3 * * * Australia/Perth',
  ],
  [
    'a suspended CronJob',
    object('CronJob', {
      schedule: '0 0 29 2 *',
      timeZone: 'Etc/UTC',
      suspend: true,
      jobTemplate: { spec: { template: { spec: pod } } },
    }),
    'by hand',
  ],
])('%s', (_, workload, often) => {
  expect(workloads(testTree({ layers: [layer('app', workload)] }))).toEqual([
    { layer: 'app', object: workload, pod, often },
  ]);
});

test('an autoscaler of the same name says how many, wherever it lies', () => {
  const deployment = object('Deployment', { template: { spec: pod } });
  const scaler = object('HorizontalPodAutoscaler', { minReplicas: 2, maxReplicas: 5 });
  const other = object('HorizontalPodAutoscaler', { minReplicas: 7, maxReplicas: 9 }, 'other');
  const tree = testTree({ layers: [layer('app', other, deployment), layer('monitoring', scaler)] });
  expect(workloads(tree).map(({ often }) => often)).toEqual(['2–5 pods']);
});

test('what runs no pods is left out', () => {
  const others = [object('Service', { ports: [] }), object('ConfigMap'), object('ServiceAccount')];
  expect(workloads(testTree({ layers: [layer('app', ...others)] }))).toEqual([]);
});

test('layers come in their order, objects in that of their layer', () => {
  const run = (name: string) => object('Deployment', { replicas: 1, template: { spec: pod } }, name);
  const tree = testTree({ layers: [layer('database', run('z')), layer('app', run('m'), run('a'))] });
  expect(workloads(tree).map((each) => [each.layer, each.object.metadata.name])).toEqual([
    ['database', 'z'],
    ['app', 'm'],
    ['app', 'a'],
  ]);
});
