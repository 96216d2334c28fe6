import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Platform } from '../../lib/platform/platform';
import { SecretReference } from '../../lib/platform/secret-reference';
import { claimMount } from '../../lib/pod/mount';
import { NetworkAccess } from '../../lib/pod/network-access';
import { AppWithInitSchemaSync, type AppWithInitSchemaSyncProps } from '../../lib/workload/app-with-init-schema-sync';
import { Replicas } from '../../lib/workload/replicas';
import { loadSqlGrammar, SchemaFile } from '../../lib/workload/schema/schema-file';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const SQL = 'CREATE TABLE IF NOT EXISTS item (id integer PRIMARY KEY);\n';

let minimal: AppWithInitSchemaSyncProps;
let everything: Required<AppWithInitSchemaSyncProps>;
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
  everything = {
    ...minimal,
    env: [{ name: 'MODE', value: 'fast' }],
    mounts: [claimMount({ name: 'shop-files' }, { path: '/files', volume: 'files' })],
    user: { uid: 1234, supplementalGroups: [999] },
    pullSecret: new SecretReference('registry', {}),
    replicas: Replicas.fixed(3),
    host: 'shop.example.com',
    externalHosts: [{ host: 'mail.example.com', port: 587 }],
    startupBudget: Duration.minutes(2),
    drain: Duration.seconds(20),
  };
});

function render(props: AppWithInitSchemaSyncProps): Platform {
  const platform = testPlatform();
  new AppWithInitSchemaSync(platform.layers.app, 'App', props);
  return platform;
}

const deployment = (props: AppWithInitSchemaSyncProps) => only(render(props), 'Deployment', 'web');

const selector = { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' };
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

describe('a minimal app', () => {
  test('is a Deployment, a Service, its schema, a ServiceAccount and a NetworkPolicy', () => {
    expect(namesOf(render(minimal))).toEqual([
      'NetworkPolicy/web',
      'ServiceAccount/web',
      'ConfigMap/web-schema',
      'Deployment/web',
      'Service/web',
    ]);
  });

  test('has this Deployment', () => {
    const { annotations } = templateOf(deployment(minimal)).metadata;
    expect(annotations).toEqual({ 'checksum/web-schema': expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(deployment(minimal)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'market', labels: selector },
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: expect.any(Number),
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: { ...selector, 'app.kubernetes.io/component': 'app' }, annotations },
          spec: {
            serviceAccountName: 'web',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 1000,
              runAsGroup: 1000,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            terminationGracePeriodSeconds: 40,
            initContainers: [
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
                securityContext: { ...restricted, runAsUser: 999 },
              },
            ],
            containers: [
              {
                name: 'app',
                image: 'registry.example.com/shop:1.2',
                env: [{ name: 'PGHOST', value: 'db.example.com' }],
                ports: [{ name: 'http', containerPort: 3000 }],
                resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
                volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
                startupProbe: {
                  httpGet: { path: '/healthz', port: 'http' },
                  periodSeconds: 5,
                  failureThreshold: 60,
                  timeoutSeconds: 5,
                },
                readinessProbe: {
                  httpGet: { path: '/healthz', port: 'http' },
                  periodSeconds: 5,
                  timeoutSeconds: 3,
                  failureThreshold: 3,
                },
                lifecycle: { preStop: { exec: { command: ['sleep', '10'] } } },
                securityContext: restricted,
              },
            ],
            volumes: [
              { name: 'schema', configMap: { name: 'web-schema' } },
              { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
            ],
          },
        },
      },
    });
  });

  test('is reached on port 80, by the name of its own port', () => {
    expect(only(render(minimal), 'Service', 'web').spec).toEqual({
      selector,
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    });
  });

  test('may connect to the database, and nobody else is in the picture', () => {
    expect(render(minimal).flows).toEqual([{ from: 'web', to: 'db.example.com', port: 5433 }]);
  });
});

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

describe('each thing that may be said', () => {
  test('env comes after libpq’s variables, and is not for schema-sync', () => {
    const { env } = everything;
    expect(containerOf(deployment({ ...minimal, env }), 'app').env).toEqual([
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'MODE', value: 'fast' },
    ]);
    expect(containerOf(deployment({ ...minimal, env }), 'schema-sync').env).not.toContainEqual(env[0]);
  });

  test('mounts come beside /tmp', () => {
    const { mounts } = everything;
    const app = deployment({ ...minimal, mounts });
    expect(containerOf(app, 'app').volumeMounts).toEqual([
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'files', mountPath: '/files' },
    ]);
    expect(templateOf(app).spec.volumes).toContainEqual({
      name: 'files',
      persistentVolumeClaim: { claimName: 'shop-files' },
    });
  });

  test('user is the pod’s, but for schema-sync', () => {
    const { user } = everything;
    const app = deployment({ ...minimal, user });
    expect(templateOf(app).spec.securityContext).toMatchObject({ runAsUser: 1234, supplementalGroups: [999] });
    expect(containerOf(app, 'app').securityContext).not.toHaveProperty('runAsUser');
    expect(containerOf(app, 'schema-sync').securityContext).toMatchObject({ runAsUser: 999 });
  });

  test('pullSecret pulls the pod’s images', () => {
    const { pullSecret } = everything;
    expect(templateOf(deployment({ ...minimal, pullSecret })).spec.imagePullSecrets).toEqual([{ name: 'registry' }]);
  });

  test('host is an Ingress to the Service, and lets its controller in', () => {
    const { host } = everything;
    const platform = render({ ...minimal, host });
    expect(only(platform, 'Ingress', 'web').spec).toMatchObject({
      rules: [{ host, http: { paths: [{ backend: { service: { name: 'web', port: { name: 'http' } } } }] } }],
      tls: [{ hosts: [host], secretName: 'web-tls' }],
    });
    expect(platform.flows).toContainEqual({ from: `${host} (ingress controller)`, to: 'web', port: 3000 });
  });

  test('externalHosts may be called', () => {
    const { externalHosts } = everything;
    expect(render({ ...minimal, externalHosts }).flows).toContainEqual({
      from: 'web',
      to: 'mail.example.com',
      port: 587,
    });
  });

  test('startupBudget is what the startup probe allows, and moves the progress deadline', () => {
    const { startupBudget } = everything;
    const app = deployment({ ...minimal, startupBudget });
    expect(containerOf(app, 'app').startupProbe).toMatchObject({ periodSeconds: 5, failureThreshold: 24 });
    const deadline = (props: AppWithInitSchemaSyncProps) =>
      (deployment(props).spec as { progressDeadlineSeconds: number }).progressDeadlineSeconds;
    expect(deadline(minimal) - deadline({ ...minimal, startupBudget })).toBe(180);
  });

  test('drain is slept before the stop, and half a minute is left for the stop itself', () => {
    const { drain } = everything;
    const app = deployment({ ...minimal, drain });
    expect(containerOf(app, 'app').lifecycle).toEqual({ preStop: { exec: { command: ['sleep', '20'] } } });
    expect(templateOf(app).spec.terminationGracePeriodSeconds).toBe(50);
  });
});

describe('replicas', () => {
  test('one has nothing to spread and no disruption budget', () => {
    const platform = render({ ...minimal, replicas: Replicas.fixed(1) });
    expect(namesOf(platform)).toEqual(namesOf(render(minimal)));
    expect(templateOf(only(platform, 'Deployment', 'web')).spec).not.toHaveProperty('topologySpreadConstraints');
  });

  test.each([2, 3])('%d are spread over hosts where that is possible, and one may go at a time', (count) => {
    const platform = render({ ...minimal, replicas: Replicas.fixed(count) });
    expect(only(platform, 'Deployment', 'web')).toHaveProperty('spec.replicas', count);
    expect(templateOf(only(platform, 'Deployment', 'web')).spec.topologySpreadConstraints).toEqual([
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selector },
      },
    ]);
    expect(only(platform, 'PodDisruptionBudget', 'web').spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: selector },
    });
  });

  test('a range is the autoscaler’s: the Deployment says no number, which would be set again at each apply', () => {
    const platform = render({ ...minimal, replicas: Replicas.scaled({ minimum: 2, maximum: 5 }) });
    expect(only(platform, 'Deployment', 'web')).not.toHaveProperty('spec.replicas');
    expect(only(platform, 'HorizontalPodAutoscaler', 'web').spec).toMatchObject({ minReplicas: 2, maxReplicas: 5 });
    expect(namesOf(platform)).toContain('PodDisruptionBudget/web');
  });

  test('a range from one has no disruption budget, which would stop every drain of a node', () => {
    const platform = render({ ...minimal, replicas: Replicas.scaled({ minimum: 1, maximum: 5 }) });
    expect(namesOf(platform)).toContain('HorizontalPodAutoscaler/web');
    expect(namesOf(platform)).not.toContain('PodDisruptionBudget/web');
  });
});

test('everything together renders each object once', () => {
  const names = namesOf(render(everything));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toHaveLength(8);
});

test('other workloads may be let in', () => {
  const platform = testPlatform();
  const app = new AppWithInitSchemaSync(platform.layers.app, 'App', minimal);
  const cron = new NetworkAccess(platform.layers.app, 'Cron', { name: 'cron', selector: { job: 'cron' } });
  cron.allowTo(app.access, 3000);
  expect(app.name).toBe('web');
  expect(only(platform, 'NetworkPolicy', 'web')).toHaveProperty('spec.ingress', [
    { from: [{ podSelector: { matchLabels: { job: 'cron' } } }], ports: [{ port: 3000, protocol: 'TCP' }] },
  ]);
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
