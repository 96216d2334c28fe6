import { ConfigFiles, type ConfigFilesProps } from '../../lib/pod/config-files';
import { minimalContainer, only, renderedTemplate, testPlatform } from '../support/test-platform';

const everything: Required<ConfigFilesProps> = {
  name: 'web-config',
  workload: 'web',
  files: { 'a.conf': 'on = yes\n' },
};

// printf '[["a.conf","on = yes\\n"]]' | sha256sum
const CHECKSUM = '90834100be9443f15df85d7bef3c4ec4243f4e25a424ec80981d507495260471';

test('the files are a ConfigMap of a fixed name, of the workload that uses them', () => {
  const platform = testPlatform();
  new ConfigFiles(platform.layers.app, 'Config', everything);
  expect(only(platform, 'ConfigMap', 'web-config')).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'web-config',
      namespace: 'market',
      labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' },
    },
    data: { 'a.conf': 'on = yes\n' },
  });
});

test('the workload has the name of the ConfigMap when no other is given', () => {
  const platform = testPlatform();
  const { workload: _, ...minimal } = everything;
  new ConfigFiles(platform.layers.app, 'Config', minimal);
  expect(only(platform, 'ConfigMap', 'web-config').metadata.labels).toMatchObject({
    'app.kubernetes.io/name': 'web-config',
  });
});

test('the pod that mounts them carries the checksum of their content', () => {
  const files = new ConfigFiles(testPlatform().layers.app, 'Config', everything);
  const { metadata, spec } = renderedTemplate({
    containers: [{ ...minimalContainer, mounts: [files.mount('/etc/web', 'config')] }],
  });
  expect(metadata.annotations).toEqual({ 'checksum/web-config': CHECKSUM });
  expect(spec.volumes).toEqual([{ name: 'config', configMap: { name: 'web-config' } }]);
  expect(spec.containers[0]?.volumeMounts).toEqual([{ name: 'config', mountPath: '/etc/web', readOnly: true }]);
});

test('the checksum follows the content and nothing else', () => {
  const { app } = testPlatform().layers;
  const { checksum } = new ConfigFiles(app, 'One', everything);
  const changed = new ConfigFiles(app, 'Two', { ...everything, files: { 'a.conf': 'on = no\n' } });
  const same = new ConfigFiles(app, 'Three', { ...everything, workload: 'worker' });
  expect(changed.checksum).not.toEqual(checksum);
  expect(same.checksum).toEqual(checksum);
});
