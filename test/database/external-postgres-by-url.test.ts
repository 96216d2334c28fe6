import { ExternalPostgresByUrl, type ExternalPostgresByUrlProps } from '../../lib/database/external-postgres-by-url';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretKey } from '../../lib/platform/secret-key';
import { NetworkAccess } from '../../lib/pod/network-access';
import { only, testPlatform } from '../support/test-platform';

const minimal: ExternalPostgresByUrlProps = {
  name: 'shop',
  clientImage: ImageReference.parse('postgres:17.6-bookworm'),
  url: new SecretKey('shop-db-secret', 'dsn'),
  host: 'db.example.com',
};

const everything: Required<ExternalPostgresByUrlProps> = {
  ...minimal,
  host: 'pgbouncer.example.com',
  port: 6432,
  address: '10.0.0.7',
  direct: { host: 'db.example.com' },
  sslMode: 'verify-full',
};

const fromSecret = {
  name: 'CONNECTION_STRING',
  valueFrom: { secretKeyRef: { name: 'shop-db-secret', key: 'dsn' } },
};

test('a minimal one is told by its Secret alone, and reached with TLS', () => {
  const database = new ExternalPostgresByUrl(minimal);
  expect(database).toMatchObject({ name: 'shop', major: 17, clientImage: minimal.clientImage });
  expect(database.direct).toEqual([fromSecret, { name: 'PGSSLMODE', value: 'require' }]);
});

test('with everything, the server behind the pooler takes the place of what the Secret names', () => {
  expect(new ExternalPostgresByUrl(everything).direct).toEqual([
    fromSecret,
    { name: 'PGSSLMODE', value: 'verify-full' },
    { name: 'PGHOST', value: 'db.example.com' },
    { name: 'PGPORT', value: '5432' },
  ]);
});

test.each([
  [{ host: 'pgbouncer' }, 'host "pgbouncer:5432" of database "shop" is a connection pooler'],
  [{ port: 6432 }, 'name the server behind it as direct'],
  [{ host: 'postgres://db' }, 'host "postgres://db" of database "shop" is no host name'],
])('%j is refused', (props, message) => {
  expect(() => new ExternalPostgresByUrl({ ...minimal, ...props })).toThrow(message);
});

test.each([
  ['a host name', minimal, ['db.example.com 5432']],
  ['Neon’s pooler', { ...minimal, host: 'a-pooler.neon.tech' }, ['a-pooler.neon.tech 5432']],
  ['an address', { ...minimal, host: '192.0.2.7' }, ['192.0.2.7 5432']],
  ['a pooler and its server', everything, ['pgbouncer.example.com 6432', 'db.example.com 5432']],
])('%s is opened once', (_, props, flows) => {
  const platform = testPlatform();
  const access = new NetworkAccess(platform.layers.app, 'Access', { name: 'shop', selector: { app: 'shop' } });
  new ExternalPostgresByUrl(props).allowFrom(access);
  expect(platform.flows.map(({ to, port }) => `${to} ${port}`)).toEqual(flows);
});

test('a host in a private network is opened by its address', () => {
  const platform = testPlatform();
  const access = new NetworkAccess(platform.layers.app, 'Access', { name: 'shop', selector: { app: 'shop' } });
  new ExternalPostgresByUrl({ ...minimal, address: '10.0.0.7' }).allowFrom(access);
  const spec = only(platform, 'NetworkPolicy', 'shop').spec as { egress: unknown[] };
  expect(spec.egress).toContainEqual({
    to: [{ ipBlock: { cidr: '10.0.0.7/32' } }],
    ports: [{ port: 5432, protocol: 'TCP' }],
  });
});
