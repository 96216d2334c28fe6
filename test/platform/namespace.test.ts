import { Namespace } from '../../lib/platform/namespace';
import { objectsOf, testPlatform } from '../support/test-platform';

test('an owned namespace is rendered once, in base, never pruned and with Pod Security restricted', () => {
  const platform = testPlatform({ namespace: Namespace.owned('store') });
  expect(platform.layers.base.manifests()).toEqual([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'store',
        annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' },
        labels: {
          'app.kubernetes.io/part-of': 'shop',
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
          'pod-security.kubernetes.io/audit': 'restricted',
        },
      },
    },
  ]);
  expect(objectsOf(platform)).toHaveLength(1);
});

test('nothing is rendered for a namespace that others made', () => {
  expect(objectsOf(testPlatform({ namespace: Namespace.existing('market') }))).toEqual([]);
});

test.each([
  ['owned', Namespace.owned('store'), { name: 'store', owned: true }],
  ['existing', Namespace.existing('market'), { name: 'market', owned: false }],
])('%s says whose it is', (_, namespace, expected) => {
  expect({ ...namespace }).toEqual(expected);
});
