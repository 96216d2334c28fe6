import { MetricsAgent, type MetricsAgentProps } from '../../lib/monitoring/metrics-agent';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretReference } from '../../lib/platform/secret-reference';
import { NetworkAccess } from '../../lib/pod/network-access';
import { containerOf, only, templateOf, testPlatform } from '../support/test-platform';

function render(props: Partial<MetricsAgentProps> = {}) {
  const platform = testPlatform();
  const access = new NetworkAccess(platform.layers.app, 'Api', { name: 'api', selector: { app: 'api' } });
  new MetricsAgent(platform.layers.app, 'Agent', {
    name: 'vmagent',
    image: ImageReference.parse('victoriametrics/vmagent:v1.101.0'),
    remoteWrite: 'https://metrics.example.com/api/v1/write',
    token: new SecretReference('shop-secrets', { TOKEN: 'token' }).key('TOKEN'),
    targets: [{ workload: { name: 'api', access }, port: 8000 }],
    ...props,
  });
  return platform;
}

test('finds every pod of a target by DNS, through a headless Service', () => {
  const platform = render();
  const { data } = only(platform, 'ConfigMap', 'vmagent-config');
  expect(JSON.parse((data as Record<string, string>)['scrape.json'] ?? '')).toMatchObject({
    scrape_configs: [
      {
        job_name: 'api',
        metrics_path: '/metrics',
        dns_sd_configs: [{ names: ['api-pods.market.svc'], type: 'A', port: 8000 }],
      },
    ],
  });
  expect(only(platform, 'Service', 'api-pods').spec).toMatchObject({
    clusterIP: 'None',
    selector: { 'app.kubernetes.io/name': 'api' },
  });
});

test('talks to its targets and the receiver only', () => {
  expect(render().flows).toEqual([
    { from: 'vmagent', to: 'metrics.example.com', port: 443 },
    { from: 'vmagent', to: 'api', port: 8000 },
  ]);
  expect(render({ remoteWrite: 'https://metrics.example.com:8428/write' }).flows).toContainEqual({
    from: 'vmagent',
    to: 'metrics.example.com',
    port: 8428,
  });
});

test('reads the token from a file of the Secret, never from its arguments', () => {
  const agent = only(render(), 'Deployment', 'vmagent');
  expect(containerOf(agent, 'vmagent').args).toContain('-remoteWrite.bearerTokenFile=/token/token');
  expect(templateOf(agent).spec.volumes).toContainEqual({
    name: 'token',
    secret: { secretName: 'shop-secrets', items: [{ key: 'TOKEN', path: 'token' }] },
  });
});

test('refuses to send a token in the clear', () => {
  expect(() => render({ remoteWrite: 'http://metrics.example.com/write' })).toThrow(
    'remote write address "http://metrics.example.com/write" is not https; the token would travel in the clear',
  );
});
