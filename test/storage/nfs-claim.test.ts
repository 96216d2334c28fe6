import { Size } from 'cdk8s';
import type { Platform } from '../../lib/platform/platform';
import { NfsClaim, type NfsClaimProps } from '../../lib/storage/nfs-claim';
import { objectsOf, only, testCluster, testPlatform } from '../support/test-platform';

const minimal: NfsClaimProps = {
  name: 'shop-data',
  volumeName: 'shop-test-pv',
  path: '/export/shop',
  size: Size.gibibytes(20),
};

const everything: Required<NfsClaimProps> = {
  ...minimal,
  accessMode: 'ReadWriteOnce',
  contains: { paths: ['/export/shop/db'], reason: 'the NAS exports one share' },
};

function render(props: NfsClaimProps, platform: Platform = testPlatform()): Platform {
  new NfsClaim(platform.layers.base, 'Claim', props);
  return platform;
}

const labels = { 'app.kubernetes.io/part-of': 'shop' };
const annotations = { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' };

test('volume and claim name each other, are kept whatever happens, and have no class', () => {
  expect(objectsOf(render(minimal))).toEqual([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'shop-test-pv', annotations, labels },
      spec: {
        accessModes: ['ReadWriteMany'],
        capacity: { storage: '20Gi' },
        claimRef: { name: 'shop-data', namespace: 'market' },
        mountOptions: ['nfsvers=4.1', 'hard'],
        nfs: { server: 'nas.example.lan', path: '/export/shop' },
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: '',
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'shop-data', namespace: 'market', annotations, labels },
      spec: {
        accessModes: ['ReadWriteMany'],
        resources: { requests: { storage: '20Gi' } },
        storageClassName: '',
        volumeName: 'shop-test-pv',
      },
    },
  ]);
});

test('an access mode is that of volume and claim', () => {
  const platform = render(everything);
  expect(only(platform, 'PersistentVolume', 'shop-test-pv')).toHaveProperty('spec.accessModes', ['ReadWriteOnce']);
  expect(only(platform, 'PersistentVolumeClaim', 'shop-data')).toHaveProperty('spec.accessModes', ['ReadWriteOnce']);
});

test('paths that lie inside are stated with their reason', () => {
  expect(render(everything).nestedNfsPaths).toEqual([
    { path: '/export/shop', contains: ['/export/shop/db'], reason: 'the NAS exports one share' },
  ]);
  expect(render(minimal).nestedNfsPaths).toEqual([]);
});

test('pods mount it by its name', () => {
  expect(new NfsClaim(testPlatform().layers.base, 'Claim', minimal).name).toBe('shop-data');
});

test('a cluster without an NFS server is refused', () => {
  const { nfs: _, ...cluster } = testCluster;
  expect(() => render(minimal, testPlatform({ cluster }))).toThrow(
    'NFS path "/export/shop" needs an NFS server; add nfs to the facts of cluster "test-cluster"',
  );
});

test.each(['', 'export/shop', './shop', '/', '/export/', '/export//shop', '/export/../shop', 'nas:/export'])(
  'the path "%s" is refused',
  (path) => {
    expect(() => render({ ...minimal, path })).toThrow(
      `NFS path "${path}" is not a plain absolute path; write it as the server exports it, without a slash at its end, e.g. /school/db`,
    );
  },
);
