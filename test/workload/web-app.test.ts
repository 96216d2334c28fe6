import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Platform } from '../../lib/platform/platform';
import { SecretReference } from '../../lib/platform/secret-reference';
import { ConfigEnv } from '../../lib/pod/config-env';
import { claimMount } from '../../lib/pod/mount';
import { NetworkAccess } from '../../lib/pod/network-access';
import { Replicas } from '../../lib/workload/replicas';
import { WebApp, type WebAppProps } from '../../lib/workload/web-app';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: WebAppProps = {
  name: 'web',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  port: 3000,
  health: '/healthz',
  resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(256), memoryLimit: Size.mebibytes(512) },
};
const everything: Required<WebAppProps> = {
  ...minimal,
  command: ['node', 'server.js'],
  database: new FakeDatabase(),
  gates: [{ initContainers: [{ ...minimal, name: 'wait', command: ['wait'] }], budget: Duration.minutes(3) }],
  env: [{ name: 'MODE', value: 'fast' }],
  config: [],
  mounts: [claimMount({ name: 'shop-files' }, { path: '/files', volume: 'files' })],
  user: { uid: 1234, supplementalGroups: [999] },
  pullSecret: new SecretReference('registry', {}),
  replicas: Replicas.fixed(3),
  host: 'shop.example.com',
  servicePort: 8080,
  externalHosts: [{ host: 'mail.example.com', port: 587 }],
  startupBudget: Duration.minutes(2),
  drain: Duration.seconds(20),
  readiness: { delay: Duration.seconds(5), period: Duration.seconds(10), timeout: Duration.seconds(2), failures: 5 },
  liveness: { delay: Duration.seconds(10) },
  podLabels: { app: 'shop-web' },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
};

function render(props: WebAppProps): Platform {
  const platform = testPlatform();
  new WebApp(platform.layers.app, 'App', props);
  return platform;
}

const deployment = (props: WebAppProps) => only(render(props), 'Deployment', 'web');
const progressDeadlineOf = (props: WebAppProps) =>
  (deployment(props).spec as { progressDeadlineSeconds: number }).progressDeadlineSeconds;

const selector = { 'app.kubernetes.io/name': 'web', 'app.kubernetes.io/part-of': 'shop' };
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

describe('a minimal app', () => {
  test('is a Deployment, a Service, a ServiceAccount and a NetworkPolicy', () => {
    expect(namesOf(render(minimal))).toEqual([
      'NetworkPolicy/web',
      'ServiceAccount/web',
      'Deployment/web',
      'Service/web',
    ]);
  });

  test('has this Deployment', () => {
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
          metadata: { labels: { ...selector, 'app.kubernetes.io/component': 'app' } },
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
            containers: [
              {
                name: 'app',
                image: 'registry.example.com/shop:1.2',
                ports: [{ name: 'http', containerPort: 3000 }],
                resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
                volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
                startupProbe: {
                  httpGet: { path: '/healthz', port: 'http' },
                  periodSeconds: 1,
                  failureThreshold: 300,
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
            volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
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
});

describe('each thing that may be said', () => {
  test('database is a flow, and libpq’s variables come before env', () => {
    const { database, env } = everything;
    const platform = render({ ...minimal, database, env });
    expect(platform.flows).toEqual([{ from: 'web', to: 'db.example.com', port: 5433 }]);
    expect(containerOf(only(platform, 'Deployment', 'web'), 'app').env).toEqual([
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'MODE', value: 'fast' },
    ]);
  });

  test('config is all variables of a ConfigMap, whose change rolls the pods', () => {
    const platform = testPlatform();
    const values = { PORT: '3000' };
    const config = [new ConfigEnv(platform.layers.app, 'Config', { name: 'web-config', values })];
    new WebApp(platform.layers.app, 'App', { ...minimal, config });
    const app = only(platform, 'Deployment', 'web');
    expect(containerOf(app, 'app').envFrom).toEqual([{ configMapRef: { name: 'web-config' } }]);
    expect(templateOf(app).metadata.annotations).toEqual({ 'checksum/web-config': expect.any(String) });
  });

  test('command is the container’s', () => {
    const { command } = everything;
    expect(containerOf(deployment({ ...minimal, command }), 'app').command).toEqual(['node', 'server.js']);
  });

  test('gates come before the container, and move the progress deadline', () => {
    const { gates } = everything;
    const app = deployment({ ...minimal, gates });
    expect(templateOf(app).spec.initContainers).toEqual([expect.objectContaining({ name: 'wait' })]);
    expect(progressDeadlineOf({ ...minimal, gates }) - progressDeadlineOf(minimal)).toBe(180);
  });

  test('the progress deadline waits for the first question about readiness', () => {
    const readiness = { delay: Duration.minutes(20) };
    const { spec } = deployment({ ...minimal, readiness, startupBudget: Duration.minutes(2) });
    expect(spec).toMatchObject({ progressDeadlineSeconds: (20 + 5) * 60 });
  });

  test('readiness and liveness are asked as often as they say', () => {
    const { readiness, liveness } = everything;
    const app = containerOf(deployment({ ...minimal, readiness, liveness }), 'app');
    const httpGet = { path: '/healthz', port: 'http' };
    expect(app.readinessProbe).toEqual({
      httpGet,
      initialDelaySeconds: 5,
      periodSeconds: 10,
      timeoutSeconds: 2,
      failureThreshold: 5,
    });
    expect(app.livenessProbe).toEqual({
      httpGet,
      initialDelaySeconds: 10,
      periodSeconds: 5,
      timeoutSeconds: 3,
      failureThreshold: 3,
    });
  });

  test('podLabels are beside the selector’s, which they cannot change', () => {
    const podLabels = { app: 'shop-web', 'app.kubernetes.io/name': 'other' };
    const { metadata } = templateOf(deployment({ ...minimal, podLabels }));
    expect(metadata.labels).toEqual({ ...selector, app: 'shop-web', 'app.kubernetes.io/component': 'app' });
  });

  test('nodeSelector is the pod’s', () => {
    const { nodeSelector } = everything;
    expect(templateOf(deployment({ ...minimal, nodeSelector })).spec.nodeSelector).toEqual(nodeSelector);
  });

  test('servicePort is the Service’s, the container keeps its own', () => {
    const { servicePort } = everything;
    const { spec } = only(render({ ...minimal, servicePort }), 'Service', 'web');
    expect(spec).toMatchObject({ ports: [{ name: 'http', port: 8080, targetPort: 'http' }] });
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

  test('user is the pod’s', () => {
    const { user } = everything;
    const app = deployment({ ...minimal, user });
    expect(templateOf(app).spec.securityContext).toMatchObject({ runAsUser: 1234, supplementalGroups: [999] });
    expect(containerOf(app, 'app').securityContext).not.toHaveProperty('runAsUser');
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
    expect(containerOf(app, 'app').startupProbe).toMatchObject({ periodSeconds: 1, failureThreshold: 120 });
    expect(progressDeadlineOf(minimal) - progressDeadlineOf({ ...minimal, startupBudget })).toBe(180);
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
    expect(templateOf(only(platform, 'Deployment', 'web')).spec).not.toHaveProperty('affinity');
  });

  test.each([2, 3])('%d are spread over hosts where that is possible, and one may go at a time', (count) => {
    const platform = render({ ...minimal, replicas: Replicas.fixed(count) });
    expect(only(platform, 'Deployment', 'web')).toHaveProperty('spec.replicas', count);
    expect(templateOf(only(platform, 'Deployment', 'web')).spec.affinity).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selector } },
          },
        ],
      },
    });
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
  expect(names).toHaveLength(7);
});

test('other workloads may be let in', () => {
  const platform = testPlatform();
  const app = new WebApp(platform.layers.app, 'App', minimal);
  const cron = new NetworkAccess(platform.layers.app, 'Cron', { name: 'cron', selector: { job: 'cron' } });
  cron.allowTo(app.access, 3000);
  expect(app.name).toBe('web');
  expect(only(platform, 'NetworkPolicy', 'web')).toHaveProperty('spec.ingress', [
    { from: [{ podSelector: { matchLabels: { job: 'cron' } } }], ports: [{ port: 3000, protocol: 'TCP' }] },
  ]);
});
