import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { testPlatform } from '../support/test-platform';

function addConfigMap(scope: Construct, id: string, name: string): void {
  new k8s.KubeConfigMap(scope, id, { metadata: { name }, data: { z: '1', a: '2' } });
}

test('a layer is a folder of its platform and environment', () => {
  expect(testPlatform().layers.app.path).toBe('platforms/shop/test/app');
  expect(testPlatform().layers.base.layerName).toBe('base');
});

test('its objects come in the order in which they were made, however deep', () => {
  const { app } = testPlatform().layers;
  addConfigMap(app, 'First', 'z');
  addConfigMap(new Construct(app, 'Group'), 'Second', 'a');
  addConfigMap(app, 'Third', 'm');
  expect(app.manifests().map(({ metadata }) => metadata.name)).toEqual(['z', 'a', 'm']);
});

test('each object belongs to the platform, under the name it was given', () => {
  const { app } = testPlatform().layers;
  addConfigMap(app, 'Config', 'settings');
  expect(app.manifests()).toEqual([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', labels: { 'app.kubernetes.io/part-of': 'shop' } },
      data: { a: '2', z: '1' },
    },
  ]);
});

test('nothing of the path of a construct is in an object, so that it can be moved', () => {
  const { app } = testPlatform().layers;
  new k8s.KubeConfigMap(new Construct(app, 'Deep'), 'Config', {});
  expect(app.manifests()[0]?.metadata.name).toBe('app-deep-config');
});

test('an empty layer has no objects', () => {
  expect(testPlatform().layers.app.manifests()).toEqual([]);
});
