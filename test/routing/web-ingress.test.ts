import type { Cluster } from '../../lib/platform/cluster';
import { NetworkAccess } from '../../lib/pod/network-access';
import { WebIngress, type WebIngressProps } from '../../lib/routing/web-ingress';
import { namesOf, only, testCluster, testPlatform } from '../support/test-platform';

function render(cluster: Cluster = testCluster) {
  const platform = testPlatform({ cluster });
  const { app } = platform.layers;
  const everything: Required<WebIngressProps> = {
    name: 'web',
    host: 'shop.example.com',
    service: { name: 'web-service', portName: 'http' },
    pods: { access: new NetworkAccess(app, 'Access', { name: 'web-pods', selector: { app: 'web' } }), port: 3000 },
  };
  new WebIngress(app, 'Ingress', everything);
  return platform;
}

const metadata = (name: string) => ({
  name,
  namespace: 'market',
  labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' },
});

test('the Ingress has class and issuer of the cluster, and TLS for the one host that it serves', () => {
  expect(only(render(), 'Ingress', 'web')).toEqual({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...metadata('web'), annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'web-service', port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
      tls: [{ hosts: ['shop.example.com'], secretName: 'web-tls' }],
    },
  });
});

test('the controller is let in to the pods, and shows on the page', () => {
  const platform = render();
  expect(only(platform, 'NetworkPolicy', 'web-pods')).toHaveProperty('spec.ingress', [
    {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
      ports: [{ port: 3000, protocol: 'TCP' }],
    },
  ]);
  expect(platform.flows).toEqual([{ from: 'shop.example.com (ingress controller)', to: 'web-pods', port: 3000 }]);
});

// Label and port are cert-manager's own.
test('with HTTP-01 the controller is let in to the solver pods, which every deny-all would cut off', () => {
  const policy = only(render(), 'NetworkPolicy', 'web-http01-solver');
  expect(policy.spec).toEqual({
    podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
        ports: [{ port: 8089, protocol: 'TCP' }],
      },
    ],
  });
});

test('with DNS-01 there are no solver pods', () => {
  const { ingress } = testCluster;
  const cluster: Cluster = {
    ...testCluster,
    ingress: { ...ingress, issuer: { name: 'letsencrypt-dns', challenge: 'dns01' } },
  };
  expect(namesOf(render(cluster))).toEqual(['NetworkPolicy/web-pods', 'Ingress/web']);
});

test('a cluster without an ingress controller is refused', () => {
  const { ingress: _, ...cluster } = testCluster;
  expect(() => render(cluster)).toThrow(
    'host "shop.example.com" needs an ingress controller; add ingress to the facts of cluster "test-cluster"',
  );
});
