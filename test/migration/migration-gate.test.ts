import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ExternalPostgresByUrl } from '../../lib/database/external-postgres-by-url';
import { MigrationGate, type MigrationGateProps } from '../../lib/migration/migration-gate';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretKey } from '../../lib/platform/secret-key';
import { ConfigEnv } from '../../lib/pod/config-env';
import { Worker } from '../../lib/workload/worker';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: MigrationGateProps = {
  name: 'shop-schema',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  database: new FakeDatabase(),
  tool: MigrationTool.goose('/migrations'),
  job: 'shop-migrate',
};

const BY_URL = new ExternalPostgresByUrl({
  name: 'shop',
  clientImage: ImageReference.parse('postgres:17.6-bookworm'),
  host: 'db.example.com',
  url: new SecretKey('shop-db-secret', 'dsn'),
});

const config = new ConfigEnv(testPlatform().layers.app, 'Config', { name: 'shop-config', values: { LEVEL: '1' } });

const everything: Required<MigrationGateProps> = {
  ...minimal,
  wait: Duration.minutes(30),
  resources: { cpu: Cpu.millis(30), memory: Size.mebibytes(512) },
  env: [{ name: 'MODE', value: 'fast' }],
  config: [config],
};

/** Two workers behind one gate. */
function render(props: MigrationGateProps) {
  const platform = testPlatform();
  const gate = new MigrationGate(platform.layers.app, 'Gate', props);
  for (const name of ['api', 'worker']) {
    new Worker(platform.layers.app, name, {
      name,
      image: ImageReference.parse('registry.example.com/worker:1.2'),
      resources: { cpu: Cpu.millis(10), memory: Size.mebibytes(16) },
      gates: [gate],
    });
  }
  return { platform, gate, api: only(platform, 'Deployment', 'api'), worker: only(platform, 'Deployment', 'worker') };
}

describe('a minimal gate', () => {
  const { platform, gate, api, worker } = render(minimal);

  test('is one ConfigMap for all workloads behind it', () => {
    expect(namesOf(platform).filter((name) => name.startsWith('ConfigMap'))).toEqual(['ConfigMap/shop-schema']);
    expect(templateOf(worker).spec.initContainers).toEqual(templateOf(api).spec.initContainers);
    expect(templateOf(api).metadata.annotations).toHaveProperty(['checksum/shop-schema']);
  });

  test('lists the migrations in the app’s image, which is told nothing of the database', () => {
    expect(containerOf(api, 'list-migrations')).toMatchObject({
      image: 'registry.example.com/shop:1.2',
      command: ['sh', '/mooring/scripts/list-migrations.sh', 'sh', '/mooring/scripts/list-goose.sh', '/migrations'],
      resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    });
    expect(containerOf(api, 'list-migrations')).not.toHaveProperty('env');
  });

  test('compares them in the client’s image, on the way past poolers', () => {
    expect(containerOf(api, 'migration-gate')).toMatchObject({
      image: 'postgres:17.6-bookworm',
      command: ['bash', '/mooring/scripts/migration-gate.sh'],
      env: [
        { name: 'PGHOST', value: 'db.example.com' },
        { name: 'MIGRATION_TABLE', value: 'goose_db_version' },
        { name: 'MIGRATION_JOB', value: 'shop-migrate' },
        { name: 'NAMESPACE', value: 'market' },
        { name: 'WAIT_SECONDS', value: '720' },
      ],
      securityContext: { runAsUser: 999 },
    });
    const direct = [{ name: 'PGHOST', value: 'direct.example.com' }];
    const { api: other } = render({ ...minimal, database: Object.assign(new FakeDatabase(), { direct }) });
    expect(containerOf(other, 'migration-gate').env).toContainEqual(direct[0]);
  });

  test('reaches a database that is known by one connection string', () => {
    const { api: other } = render({ ...minimal, database: BY_URL });
    expect(containerOf(other, 'migration-gate').env?.slice(0, 2)).toEqual([
      { name: 'CONNECTION_STRING', valueFrom: { secretKeyRef: { name: 'shop-db-secret', key: 'dsn' } } },
      { name: 'PGSSLMODE', value: 'require' },
    ]);
  });

  test('is counted in the time that a new pod may take', () => {
    expect(gate.budget.toMinutes()).toBe(12);
    expect(api).toHaveProperty('spec.progressDeadlineSeconds', (12 + 5 + 5) * 60);
  });

  test('brings every script that its containers run', () => {
    expect(Object.keys(only(platform, 'ConfigMap', 'shop-schema').data as object).sort()).toEqual([
      'connection-string.sh',
      'direct-host.sh',
      'goose-up.sh',
      'list-goose.sh',
      'list-migrations.sh',
      'migration-common.sh',
      'migration-gate.sh',
      'migration-state.sql',
      'missing.sql',
    ]);
  });
});

test('a gate with everything', () => {
  const { gate, api } = render(everything);
  expect(gate.budget).toBe(everything.wait);
  expect(containerOf(api, 'migration-gate').env).toContainEqual({ name: 'WAIT_SECONDS', value: '1800' });
  expect(containerOf(api, 'list-migrations')).toMatchObject({
    env: [{ name: 'MODE', value: 'fast' }],
    envFrom: [{ configMapRef: { name: 'shop-config' } }],
    resources: { requests: { cpu: '30m', memory: '512Mi' }, limits: { memory: '512Mi' } },
  });
});

test('a tool that migrates at the app’s start has no gate', () => {
  expect(() => render({ ...minimal, tool: MigrationTool.ent() })).toThrow('ent migrates when the app starts');
});
