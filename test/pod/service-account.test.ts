import { ServiceAccount } from '../../lib/pod/service-account';
import { objectsOf, testPlatform } from '../support/test-platform';

test('a ServiceAccount has the name of its workload, and its token is mounted nowhere', () => {
  const platform = testPlatform();
  const account = new ServiceAccount(platform.layers.app, 'ServiceAccount', { name: 'web' });
  expect(account.name).toBe('web');
  expect(objectsOf(platform)).toEqual([
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: 'web',
        namespace: 'market',
        labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' },
      },
      automountServiceAccountToken: false,
    },
  ]);
});
