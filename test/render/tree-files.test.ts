import type { Manifest } from '../../lib/platform/manifest';
import { treeFiles } from '../../lib/render/tree-files';
import { testTree } from '../support/test-platform';

const object = (kind: string, name: string): Manifest => ({ apiVersion: 'v1', kind, metadata: { name } });

test('a tree without objects has no files', () => {
  expect(treeFiles(testTree())).toEqual([]);
});

test('each resource is a file of its layer, each Flux object one of its cluster', () => {
  const base = [object('PersistentVolumeClaim', 'data'), object('Namespace', 'market')];
  const app = [object('Service', 'web')];
  const flux = [object('Kustomization', 'shop-test')];
  const tree = testTree({
    layers: [
      { name: 'base', path: 'platforms/shop/test/base', objects: base },
      { name: 'app', path: 'platforms/shop/test/app', objects: app },
    ],
    flux,
  });
  expect(treeFiles(tree)).toEqual([
    { path: 'platforms/shop/test/base/persistentvolumeclaim-data.yaml', object: base[0] },
    { path: 'platforms/shop/test/base/namespace-market.yaml', object: base[1] },
    { path: 'platforms/shop/test/app/service-web.yaml', object: app[0] },
    { path: 'clusters/test-cluster/shop/kustomization-shop-test.yaml', object: flux[0] },
  ]);
});

// The rule on unique identity sees two objects on one path; a renderer that renamed one of them would hide that.
test('two objects of one kind and name have one path', () => {
  const objects = [object('Secret', 'a'), object('Secret', 'a')];
  const tree = testTree({ layers: [{ name: 'app', path: 'platforms/shop/test/app', objects }] });
  expect(new Set(treeFiles(tree).map(({ path }) => path)).size).toBe(1);
});
