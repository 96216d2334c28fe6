import { Size } from 'cdk8s';
import {
  AppWithInitSchemaSync,
  type Cluster,
  Cpu,
  type Database,
  ImageReference,
  Namespace,
  Platform,
  SchemaFile,
} from '../lib';

const CLUSTER: Cluster = {
  name: 'bench',
  registry: 'registry.example.com',
  flux: {
    source: { kind: 'GitRepository', name: 'flux-system', namespace: 'flux-system' },
    decryptionSecret: 'sops-age',
  },
  ingress: {
    className: 'nginx',
    controllerNamespace: 'ingress-nginx',
    issuer: { name: 'letsencrypt', challenge: 'dns01' },
  },
};

const SCHEMA = `CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS orders_placed_at ON orders (placed_at);
`;

/** Name of an environment, of its namespace and of its folder; the number has four digits at least. */
export function environmentName(index: number): string {
  return `env-${String(index).padStart(4, '0')}`;
}

/**
 * One environment of a typical small product in a namespace that exists, eight objects: ServiceAccount, NetworkPolicy,
 * ConfigMap, Deployment, Service, Ingress, and the Flux Kustomizations of the Secrets and of the app.
 *
 * @param health path of the readiness probe; it occurs in the Deployment alone
 */
export function typicalPlatform(index: number, health = '/health'): Platform {
  const name = environmentName(index);
  const platform = new Platform({
    name: 'shop',
    folder: __dirname,
    namespace: Namespace.existing(name),
    environment: { name, cluster: CLUSTER, images: {} },
  });
  const secret = platform.secret('shop-db', { PGPASSWORD: 'password of the database' });
  const client = ImageReference.parse('postgres:17.6-bookworm');
  const connection = [{ name: 'PGHOST', value: 'db.example.com' }, secret.env('PGPASSWORD')];
  const database: Database = {
    name: 'shop-db',
    major: 17,
    clientImage: client,
    connection,
    direct: connection,
    allowFrom: (access) => access.allowToHost('db.example.com', 5432),
  };
  new AppWithInitSchemaSync(platform.layers.app, 'App', {
    name: 'shop',
    image: ImageReference.parse('registry.example.com/shop:1.4.2'),
    pullSecret: platform.secret('shop-registry', { '.dockerconfigjson': 'credentials of the registry' }),
    port: 8080,
    health,
    database,
    schema: SchemaFile.fromText(SCHEMA, 'schema.sql'),
    host: `${name}.example.com`,
    resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(128) },
  });
  return platform;
}
