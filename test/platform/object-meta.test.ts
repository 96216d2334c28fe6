import { objectMeta } from '../../lib/platform/object-meta';
import { testPlatform } from '../support/test-platform';

test('an object lies in the namespace of its platform and is of the workload that has its name', () => {
  expect(objectMeta(testPlatform().layers.app, 'api')).toEqual({
    name: 'api',
    namespace: 'market',
    labels: { 'app.kubernetes.io/name': 'api' },
  });
});

test('an object may serve a workload that has another name', () => {
  expect(objectMeta(testPlatform().layers.app, 'api-schema', 'api')).toEqual({
    name: 'api-schema',
    namespace: 'market',
    labels: { 'app.kubernetes.io/name': 'api' },
  });
});
