import { ExternalPostgres, type ExternalPostgresProps } from '../../lib/database/external-postgres';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretKey } from '../../lib/platform/secret-key';
import { NetworkAccess } from '../../lib/pod/network-access';
import { only, testPlatform } from '../support/test-platform';

const minimal: ExternalPostgresProps = {
  name: 'shop',
  clientImage: ImageReference.parse('postgres:17.6-bookworm'),
  host: 'db.example.com',
  database: 'shop',
  user: 'shop-app',
  password: new SecretKey('shop-secrets', 'POSTGRES_PASSWORD'),
};

const everything: Required<ExternalPostgresProps> = {
  ...minimal,
  host: 'pgbouncer.example.com',
  port: 6432,
  address: '10.0.0.7',
  database: new SecretKey('shop-secrets', 'DB'),
  user: new SecretKey('shop-secrets', 'USER'),
  direct: { host: 'db.example.com', port: 5433 },
  sslMode: 'verify-full',
};

/** Variables with a value, by name. */
function values(env: ExternalPostgres['connection']): Record<string, string | undefined> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

test('a minimal one is reached with TLS, by libpq’s variables, the password from its Secret', () => {
  const database = new ExternalPostgres(minimal);
  expect(database).toMatchObject({ name: 'shop', major: 17, clientImage: minimal.clientImage });
  expect(database.connection).toEqual([
    { name: 'PGHOST', value: 'db.example.com' },
    { name: 'PGPORT', value: '5432' },
    { name: 'PGUSER', value: 'shop-app' },
    { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'shop-secrets', key: 'POSTGRES_PASSWORD' } } },
    { name: 'PGDATABASE', value: 'shop' },
    { name: 'PGSSLMODE', value: 'require' },
  ]);
  expect(database.direct).toEqual(database.connection);
});

test('with everything, user and database come from the Secret and migrations go to the server itself', () => {
  const database = new ExternalPostgres(everything);
  expect(values(database.connection)).toMatchObject({ PGHOST: 'pgbouncer.example.com', PGPORT: '6432' });
  expect(values(database.direct)).toMatchObject({
    PGHOST: 'db.example.com',
    PGPORT: '5433',
    PGSSLMODE: 'verify-full',
  });
  expect(database.direct.slice(2)).toEqual(database.connection.slice(2));
  expect(database.connection).toContainEqual({
    name: 'PGUSER',
    valueFrom: { secretKeyRef: { name: 'shop-secrets', key: 'USER' } },
  });
});

test('Neon’s pooler is passed by without being told', () => {
  const database = new ExternalPostgres({
    ...minimal,
    host: 'ep-cool-name-123456-pooler.eu-central-1.aws.neon.tech',
  });
  expect(values(database.connection).PGHOST).toBe('ep-cool-name-123456-pooler.eu-central-1.aws.neon.tech');
  expect(values(database.direct).PGHOST).toBe('ep-cool-name-123456.eu-central-1.aws.neon.tech');
});

test.each([
  [
    { host: 'aws-0-eu-central-1.pooler.supabase.com' },
    'host "aws-0-eu-central-1.pooler.supabase.com:5432" of database "shop" is a connection pooler, in which migrations lose their locks; name the server behind it as direct',
  ],
  [{ host: 'pgbouncer' }, 'host "pgbouncer:5432" of database "shop" is a connection pooler'],
  [{ port: 6432 }, 'host "db.example.com:6432" of database "shop" is a connection pooler'],
  [{ port: 6543 }, 'name the server behind it as direct'],
  [
    { direct: { host: 'pgbouncer.example.com' } },
    'direct host "pgbouncer.example.com:5432" of database "shop" is a connection pooler, too; name the server itself',
  ],
  [
    { host: 'postgres://db.example.com' },
    'host "postgres://db.example.com" of database "shop" is no host name; write the name alone, without scheme, user or port',
  ],
])('%j is refused', (props, message) => {
  expect(() => new ExternalPostgres({ ...minimal, ...props })).toThrow(message);
});

test.each([
  ['one rule for two names on one port', minimal, [5432]],
  ['a rule for each port', everything, [6432, 5433]],
])('NetworkPolicies have %s', (_, props, ports) => {
  const platform = testPlatform();
  const access = new NetworkAccess(platform.layers.app, 'Access', { name: 'shop', selector: { app: 'shop' } });
  new ExternalPostgres(props).allowFrom(access);
  const [, ...egress] = (only(platform, 'NetworkPolicy', 'shop').spec as { egress: { ports: { port: number }[] }[] })
    .egress;
  expect(egress.map((rule) => rule.ports[0]?.port)).toEqual(ports);
});
