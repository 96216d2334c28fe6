import { k8s } from 'cdk8s-plus-28';
import type { Cluster } from '../../lib/platform/cluster';
import { LAYER_NAMES, type LayerName } from '../../lib/platform/layer-name';
import type { Manifest } from '../../lib/platform/manifest';
import { platformTree } from '../../lib/platform-tree';
import { testCluster, testPlatform } from '../support/test-platform';

interface Props {
  /** Layers that have an object. */
  readonly layers: readonly LayerName[];
  readonly secrets?: boolean;
  readonly cluster?: Cluster;
  /** Put into the app layer. */
  readonly progressDeadlineSeconds?: number;
}

/** What is looked at in each Kustomization. */
interface Spec {
  readonly sourceRef: object;
  readonly prune: boolean;
  readonly deletionPolicy?: string;
  readonly timeout: string;
}

function flux({ layers, secrets = false, cluster, progressDeadlineSeconds }: Props): readonly Manifest[] {
  const platform = testPlatform({ cluster });
  for (const name of layers) {
    new k8s.KubeConfigMap(platform.layers[name], 'Config', { metadata: { name } });
  }
  if (secrets) {
    platform.secret('shop-secret', { KEY: 'value' });
  }
  if (progressDeadlineSeconds !== undefined) {
    new k8s.KubeDeployment(platform.layers.app, 'Deployment', {
      metadata: { name: 'slow' },
      spec: { progressDeadlineSeconds, selector: {}, template: {} },
    });
  }
  return platformTree(platform, { facts: {}, released: [] }).flux;
}

/** Names of the Kustomizations, each with those that it waits for. */
function order(props: Props): Record<string, string[]> {
  return Object.fromEntries(
    flux(props).map(({ metadata, spec }) => {
      const { dependsOn = [] } = spec as { dependsOn?: { name: string }[] };
      return [metadata.name, dependsOn.map(({ name }) => name)];
    }),
  );
}

const EVERY_LAYER = LAYER_NAMES.filter((name) => name !== 'secrets');

test('a whole platform is a chain from base to app, with backup and monitoring after the database', () => {
  expect(order({ layers: EVERY_LAYER, secrets: true })).toEqual({
    'shop-test-base': [],
    'shop-test-secrets': ['shop-test-base'],
    'shop-test-database': ['shop-test-secrets'],
    'shop-test-migrate': ['shop-test-database'],
    'shop-test': ['shop-test-migrate'],
    'shop-test-backup': ['shop-test-database'],
    'shop-test-monitoring': ['shop-test-database'],
  });
});

test.each<[string, Props, Record<string, string[]>]>([
  ['nothing at all', { layers: [] }, {}],
  ['an app alone', { layers: ['app'] }, { 'shop-test': [] }],
  [
    'secrets between',
    { layers: ['base', 'database'] },
    { 'shop-test-base': [], 'shop-test-database': ['shop-test-base'] },
  ],
  [
    'migrate between, as in the school platform',
    { layers: ['base', 'database', 'app'], secrets: true },
    {
      'shop-test-base': [],
      'shop-test-secrets': ['shop-test-base'],
      'shop-test-database': ['shop-test-secrets'],
      'shop-test': ['shop-test-database'],
    },
  ],
  [
    'three in a row',
    { layers: ['base', 'app', 'backup'] },
    { 'shop-test-base': [], 'shop-test': ['shop-test-base'], 'shop-test-backup': ['shop-test-base'] },
  ],
  ['all before it', { layers: ['backup'] }, { 'shop-test-backup': [] }],
])('a layer waits for the nearest one before it that has objects: %s', (_, props, expected) => {
  expect(order(props)).toEqual(expected);
});

test('the chain of a platform with empty layers in between, in full', () => {
  const common = {
    interval: '10m',
    retryInterval: '1m',
    timeout: '5m',
    sourceRef: { kind: 'GitRepository', name: 'config', namespace: 'flux-system' },
    wait: true,
  };
  const kustomization = (name: string, spec: object) => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux-system', labels: { 'app.kubernetes.io/part-of': 'shop' } },
    spec: { ...common, ...spec },
  });
  expect(flux({ layers: ['base', 'app'], secrets: true })).toEqual([
    kustomization('shop-test-base', { path: './platforms/shop/test/base', prune: false, deletionPolicy: 'Orphan' }),
    kustomization('shop-test-secrets', {
      path: './secrets/shop/test',
      prune: true,
      dependsOn: [{ name: 'shop-test-base' }],
      decryption: { provider: 'sops', secretRef: { name: 'sops-age' } },
    }),
    kustomization('shop-test', {
      path: './platforms/shop/test/app',
      prune: true,
      dependsOn: [{ name: 'shop-test-secrets' }],
    }),
  ]);
});

describe('every Kustomization', () => {
  const all = flux({ layers: EVERY_LAYER, secrets: true });
  const specs = all.map(({ metadata, spec }) => ({ name: metadata.name, ...(spec as Spec) }));

  // Only with an identical source does dependsOn wait for the same revision.
  test('reads the identical source', () => {
    expect(new Set(specs.map(({ sourceRef }) => JSON.stringify(sourceRef))).size).toBe(1);
  });

  test('waits until its objects are healthy, and never forces', () => {
    for (const spec of specs) {
      expect(spec).toHaveProperty('wait', true);
      expect(spec).not.toHaveProperty('force');
    }
  });

  test('prunes, but for base, which also outlives its own deletion', () => {
    for (const { name, prune, deletionPolicy } of specs) {
      const isBase = name === 'shop-test-base';
      expect({ name, prune, deletionPolicy }).toEqual({
        name,
        prune: !isBase,
        ...(isBase && { deletionPolicy: 'Orphan' }),
      });
    }
  });

  test('decrypts only what people wrote', () => {
    expect(specs.filter((spec) => 'decryption' in spec).map(({ name }) => name)).toEqual(['shop-test-secrets']);
  });
});

test('there is no secrets layer without a secret contract', () => {
  expect(Object.keys(order({ layers: EVERY_LAYER }))).not.toContain('shop-test-secrets');
});

test('the source is what the cluster says', () => {
  const source = { kind: 'OCIRepository', name: 'artifacts', namespace: 'gitops' } as const;
  const cluster = { ...testCluster, flux: { source, decryptionSecret: 'other-key' } };
  const [secrets] = flux({ layers: [], secrets: true, cluster });
  expect(secrets).toMatchObject({
    metadata: { namespace: 'gitops' },
    spec: { sourceRef: source, decryption: { secretRef: { name: 'other-key' } } },
  });
});

test('the timeout is above the deadline of the layer’s own objects, and only of those', () => {
  const all = flux({ layers: ['base'], progressDeadlineSeconds: 1200 });
  const timeouts = all.map(({ metadata, spec }) => [metadata.name, (spec as Spec).timeout]);
  expect(timeouts).toEqual([
    ['shop-test-base', '5m'],
    ['shop-test', '25m'],
  ]);
});

test.each([
  ['a claim that a storage class serves, perhaps only for its first pod', undefined, false],
  ['a claim that is bound to its volume', 'pv', true],
])('a base with %s is waited for: %s → %s', (_, volumeName, wait) => {
  const platform = testPlatform();
  new k8s.KubePersistentVolumeClaim(platform.layers.base, 'Claim', {
    metadata: { name: 'data' },
    spec: { volumeName },
  });
  const [base] = platformTree(platform, { facts: {}, released: [] }).flux;
  expect(base?.spec).toMatchObject({ wait, prune: false });
});
