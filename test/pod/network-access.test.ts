import type { Platform } from '../../lib/platform/platform';
import { NetworkAccess, type NetworkAccessProps } from '../../lib/pod/network-access';
import { only, testPlatform } from '../support/test-platform';

let platform: Platform;
beforeEach(() => {
  platform = testPlatform();
});

function access(name: string): NetworkAccess {
  const props: Required<NetworkAccessProps> = { name, selector: { 'app.kubernetes.io/name': name } };
  return new NetworkAccess(platform.layers.app, name, props);
}

const policy = (name: string) => only(platform, 'NetworkPolicy', name);

const DNS = {
  ports: [
    { port: 53, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ],
};

test('until a flow is allowed, nobody talks to the pods and they talk to nobody', () => {
  access('web');
  expect(policy('web')).toEqual({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: 'web',
      namespace: 'market',
      labels: { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' },
    },
    spec: {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    },
  });
  expect(platform.flows).toEqual([]);
});

test('a flow between workloads opens both ends for one port, name look-ups at the client, and nothing the other way', () => {
  access('web').allowTo(access('db'), 5432);
  expect(policy('web').spec).toEqual({
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [
      DNS,
      {
        to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'db' } } }],
        ports: [{ port: 5432, protocol: 'TCP' }],
      },
    ],
  });
  expect(policy('db').spec).toEqual({
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'db' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      {
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web' } } }],
        ports: [{ port: 5432, protocol: 'TCP' }],
      },
    ],
    egress: [],
  });
  expect(platform.flows).toEqual([{ from: 'web', to: 'db', port: 5432 }]);
});

// RFC 1918, RFC 6598, RFC 3927.
test('a host outside is its port on every address that is not private', () => {
  access('web').allowToHost('calendar.example.com', 443);
  expect(policy('web')).toHaveProperty('spec.egress', [
    DNS,
    {
      to: [
        {
          ipBlock: {
            cidr: '0.0.0.0/0',
            except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
          },
        },
      ],
      ports: [{ port: 443, protocol: 'TCP' }],
    },
  ]);
  expect(policy('web')).toHaveProperty('spec.ingress', []);
  expect(platform.flows).toEqual([{ from: 'web', to: 'calendar.example.com', port: 443 }]);
});

test.each([
  { what: 'a host in a private network, with its address', host: 'nas.example.lan', address: '192.168.1.10' },
  { what: 'an address', host: '192.168.1.10', address: undefined },
])('$what is its port on that address alone', ({ host, address }) => {
  access('web').allowToHost(host, 9000, address);
  expect(policy('web')).toHaveProperty('spec.egress', [
    DNS,
    { to: [{ ipBlock: { cidr: '192.168.1.10/32' } }], ports: [{ port: 9000, protocol: 'TCP' }] },
  ]);
  expect(platform.flows).toEqual([{ from: 'web', to: host, port: 9000 }]);
});

test('a namespace is let in by its name, to one port', () => {
  access('web').allowFromNamespace('ingress-nginx', 3000, 'ingress controller');
  expect(policy('web')).toHaveProperty('spec.ingress', [
    {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
      ports: [{ port: 3000, protocol: 'TCP' }],
    },
  ]);
  expect(policy('web')).toHaveProperty('spec.egress', []);
  expect(platform.flows).toEqual([{ from: 'ingress controller', to: 'web', port: 3000 }]);
});

test('flows add up, and name look-ups are allowed once', () => {
  const web = access('web');
  web.allowTo(access('db'), 5432);
  web.allowTo(access('cache'), 6379);
  web.allowToHost('mail.example.com', 587);
  const { egress } = policy('web').spec as { egress: { ports: { port: number }[] }[] };
  expect(egress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([[53, 53], [5432], [6379], [587]]);
  expect(platform.flows).toHaveLength(3);
});
