import { ConfigEnv } from '../../lib/pod/config-env';
import { only, renderedContainer, testPlatform } from '../support/test-platform';

const values = { MODE: 'fast', PORT: '8080' };

function configEnv(restartsPods?: boolean) {
  const platform = testPlatform();
  const config = new ConfigEnv(platform.layers.app, 'Config', { name: 'shop-config', values, restartsPods });
  return { config, map: only(platform, 'ConfigMap', 'shop-config') };
}

test('values are the data of a ConfigMap, and a container takes all of them', () => {
  const { config, map } = configEnv();
  expect(map).toHaveProperty('data', values);
  expect(map.metadata).not.toHaveProperty('annotations');
  expect(renderedContainer({ envFrom: [config] })).toMatchObject({
    envFrom: [{ configMapRef: { name: 'shop-config' } }],
  });
});

test('its pods carry the checksum of the values', () => {
  expect(configEnv().config.checksum).toEqual({ 'checksum/shop-config': expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('without restartsPods there is no checksum, and the ConfigMap says so', () => {
  const { config, map } = configEnv(false);
  expect(config.checksum).toEqual({});
  expect(map.metadata.annotations).toEqual({ 'mooring/restart': 'by-hand' });
});
