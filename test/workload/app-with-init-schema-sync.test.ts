import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Platform } from '../../lib/platform/platform';
import { AppWithInitSchemaSync, type AppWithInitSchemaSyncProps } from '../../lib/workload/app-with-init-schema-sync';
import { loadSqlGrammar, SchemaFile } from '../../lib/workload/schema/schema-file';
import { WebApp } from '../../lib/workload/web-app';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const SQL = 'CREATE TABLE IF NOT EXISTS item (id integer PRIMARY KEY);\n';

let minimal: AppWithInitSchemaSyncProps;
beforeAll(async () => {
  await loadSqlGrammar();
  minimal = {
    name: 'web',
    image: ImageReference.parse('registry.example.com/shop:1.2'),
    port: 3000,
    health: '/healthz',
    database: new FakeDatabase(),
    schema: SchemaFile.fromText(SQL, 'schema.sql'),
    resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(256), memoryLimit: Size.mebibytes(512) },
  };
});

function render(props: AppWithInitSchemaSyncProps): Platform {
  const platform = testPlatform();
  new AppWithInitSchemaSync(platform.layers.app, 'App', props);
  return platform;
}

const deployment = (props: AppWithInitSchemaSyncProps) => only(render(props), 'Deployment', 'web');

const selector = { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' };

test('is a web app with its schema', () => {
  const platform = testPlatform();
  const { schema, ...app } = minimal;
  new WebApp(platform.layers.app, 'App', app);
  expect(namesOf(render(minimal)).sort()).toEqual([...namesOf(platform), 'ConfigMap/web-schema'].sort());
  expect(containerOf(deployment(minimal), 'app')).toEqual(containerOf(only(platform, 'Deployment', 'web'), 'app'));
});

describe('schema-sync', () => {
  test('is the first init container, runs psql of the database’s image as its user, and knows the app’s name', () => {
    const budget = Duration.minutes(1);
    const other = { ...containerProps(), name: 'other' };
    const app = deployment({ ...minimal, gates: [{ budget, initContainers: [other] }] });
    expect(templateOf(app).spec.initContainers).toEqual([
      {
        name: 'schema-sync',
        image: 'postgres:17.6-bookworm',
        command: ['bash', '/schema/schema-sync.sh'],
        env: [
          { name: 'PGHOST', value: 'db.example.com' },
          { name: 'SYNC_NAME', value: 'web' },
        ],
        resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '128Mi' } },
        volumeMounts: [
          { name: 'schema', mountPath: '/schema', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsUser: 999,
        },
      },
      expect.objectContaining({ name: 'other' }),
    ]);
  });

  test('gets none of the app’s environment', () => {
    const env = [{ name: 'MODE', value: 'fast' }];
    expect(containerOf(deployment({ ...minimal, env }), 'schema-sync').env).not.toContainEqual(env[0]);
  });
});

function containerProps() {
  return { image: minimal.image, resources: minimal.resources };
}

describe('the schema', () => {
  test('lies beside its script in a ConfigMap of a fixed name', () => {
    const { data, metadata } = only(render(minimal), 'ConfigMap', 'web-schema');
    const script = readFileSync(join(__dirname, '../../lib/workload/scripts/schema-sync.sh'), 'utf8');
    expect(data).toMatchObject({ 'schema.sql': SQL, 'schema-sync.sh': script });
    expect(metadata.labels).toEqual(selector);
  });

  test('rolls the pods when it changes', () => {
    const schema = SchemaFile.fromText(SQL.replaceAll('item', 'thing'), 'schema.sql');
    const checksum = (props: AppWithInitSchemaSyncProps) => templateOf(deployment(props)).metadata.annotations;
    expect(checksum({ ...minimal, schema })).not.toEqual(checksum(minimal));
    expect(checksum({ ...minimal, port: 8080 })).toEqual(checksum(minimal));
  });
});

test('the progress deadline is above all that schema-sync may wait for, the start of the app and five minutes more', () => {
  const script = readFileSync(join(__dirname, '../../lib/workload/scripts/schema-sync.sh'), 'utf8');
  const setting = (pattern: RegExp) => Number(pattern.exec(script)?.[1]);
  const server = setting(/WAIT_SECONDS:-(\d+)\}/);
  const otherPod = setting(/PEER_TIMEOUT:-(\d+)min\}/) * 60;
  const locks = setting(/LOCK_ATTEMPTS:-(\d+)\}/) * setting(/LOCK_TIMEOUT:-(\d+)s\}/);
  const startup = 300;
  const { progressDeadlineSeconds } = deployment(minimal).spec as { progressDeadlineSeconds: number };
  expect(progressDeadlineSeconds).toBeGreaterThanOrEqual(server + otherPod + locks + startup + 300);
});
