import { Size } from 'cdk8s';
import { DynamicClaim, type DynamicClaimProps } from '../../lib/storage/dynamic-claim';
import { objectsOf, testCluster, testPlatform } from '../support/test-platform';

const minimal: DynamicClaimProps = { name: 'shop-data', storageClass: 'kept', size: Size.mebibytes(1536) };

const everything: Required<DynamicClaimProps> = { ...minimal, accessMode: 'ReadWriteOncePod' };

function render(props: DynamicClaimProps, platform = testPlatform()) {
  new DynamicClaim(platform.layers.base, 'Claim', props);
  return objectsOf(platform);
}

test('a claim names its class and is never pruned', () => {
  expect(render(minimal)).toEqual([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: 'shop-data',
        namespace: 'market',
        annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' },
        labels: { 'app.kubernetes.io/part-of': 'shop' },
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1536Mi' } },
        storageClassName: 'kept',
      },
    },
  ]);
});

test('it may have another access mode', () => {
  expect(render(everything)[0]).toHaveProperty('spec.accessModes', ['ReadWriteOncePod']);
});

test('pods mount it by its name', () => {
  expect(new DynamicClaim(testPlatform().layers.base, 'Claim', minimal).name).toBe('shop-data');
});

test('a class that deletes the volume of a lost claim is refused', () => {
  expect(() => render({ ...minimal, storageClass: 'standard' })).toThrow(
    'storage class "standard" of claim "shop-data" deletes the volume of a lost claim; ' +
      'name a class whose reclaim policy is Retain',
  );
});

test.each([
  ['the cluster has others', testCluster],
  ['the cluster has none', { ...testCluster, storageClasses: undefined }],
])('a class that nobody knows is refused: %s', (_, cluster) => {
  expect(() => render({ ...minimal, storageClass: 'fast' }, testPlatform({ cluster }))).toThrow(
    'storage class "fast" of claim "shop-data" is not among the facts of cluster "test-cluster"; ' +
      'name a class whose reclaim policy is Retain',
  );
});
