import { Autoscaler } from '../../lib/workload/autoscaler';
import type { Autoscaling } from '../../lib/workload/replicas';
import { only, testPlatform } from '../support/test-platform';

function render(range: Autoscaling) {
  const platform = testPlatform();
  new Autoscaler(platform.layers.app, 'Autoscaler', { name: 'web', range });
  return only(platform, 'HorizontalPodAutoscaler', 'web');
}

test('the Deployment of the same name is scaled on 70 % of its CPU request', () => {
  expect(render({ minimum: 2, maximum: 5 })).toEqual({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: 'web',
      namespace: 'market',
      labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' },
    },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
  });
});

test('CPU and memory may have targets of their own', () => {
  const everything: Required<Autoscaling> = { minimum: 1, maximum: 3, cpuPercent: 55, memoryPercent: 80 };
  expect(render(everything)).toHaveProperty('spec.metrics', [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
    { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
  ]);
});
