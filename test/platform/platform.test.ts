import { type App, Chart, Testing } from 'cdk8s';
import { Construct } from 'constructs';
import { Namespace } from '../../lib/platform/namespace';
import { Platform, type PlatformProps } from '../../lib/platform/platform';
import { testCluster, testPlatform } from '../support/test-platform';

const everything: Required<PlatformProps> = {
  name: 'shop',
  folder: '/platforms/shop',
  namespace: Namespace.owned('store'),
  environment: { name: 'test', cluster: testCluster, images: {} },
  exceptions: [{ rule: 'restricted-pods', object: 'Deployment/old', reason: 'runs as root until 2027' }],
};

test('a platform keeps what it was given', () => {
  const { name, folder, namespace, environment, exceptions } = new Platform(everything);
  expect({ name, folder, namespace, environment, exceptions }).toEqual(everything);
});

test('without exceptions there are none', () => {
  const { exceptions: _, ...minimal } = everything;
  expect(new Platform(minimal).exceptions).toEqual([]);
});

test('every platform has the standard layers', () => {
  expect(Object.keys(testPlatform().layers)).toEqual([
    'base',
    'secrets',
    'database',
    'migrate',
    'app',
    'backup',
    'monitoring',
  ]);
});

test('a construct finds the platform that it belongs to, however deep it lies', () => {
  const platform = testPlatform();
  expect(Platform.of(new Construct(new Construct(platform.layers.app, 'Outer'), 'Inner'))).toBe(platform);
  expect(Platform.of(platform)).toBe(platform);
});

test('a construct outside a platform is refused', () => {
  const stray = new Construct(new Chart(Testing.app(), 'chart'), 'Stray');
  expect(() => Platform.of(stray)).toThrow('chart/Stray is in no Platform; create it in a layer of one');
});

test('cdk8s cannot write a platform past the rules', () => {
  const platform: App = testPlatform();
  expect(() => platform.synth()).toThrow('platform "shop" is written by synthesize([...]), not by synth()');
});

describe('the secret contract', () => {
  test('lists what was declared, in that order', () => {
    const platform = testPlatform();
    const second = platform.secret('b', { KEY: 'what it holds' });
    const first = platform.secret('a', {});
    expect(platform.secrets).toEqual([second, first]);
    expect(second).toEqual({ name: 'b', keys: { KEY: 'what it holds' } });
  });

  test('is empty at first', () => {
    expect(testPlatform().secrets).toEqual([]);
  });

  test('holds each name once', () => {
    const platform = testPlatform();
    platform.secret('a', {});
    expect(() => platform.secret('a', {})).toThrow(
      'secret "a" is declared twice in shop; declare it once and pass it on',
    );
  });
});

test('flows are kept in the order in which they were declared', () => {
  const platform = testPlatform();
  const flows = [
    { from: 'web', to: 'db', port: 5432 },
    { from: 'backup', to: 'db', port: 5432 },
  ];
  for (const flow of flows) {
    platform.addFlow(flow);
  }
  expect(platform.flows).toEqual(flows);
});

test('statements on NFS paths are kept', () => {
  const platform = testPlatform();
  const statement = { path: '/shop', contains: ['/shop/db'], reason: 'one export' };
  platform.addNestedNfsPaths(statement);
  expect(platform.nestedNfsPaths).toEqual([statement]);
});

test('warnings are kept, and there are none at first', () => {
  const platform = testPlatform();
  expect(platform.warnings).toEqual([]);
  platform.addWarning('all eggs lie in one basket; buy another');
  expect(platform.warnings).toEqual(['all eggs lie in one basket; buy another']);
});
