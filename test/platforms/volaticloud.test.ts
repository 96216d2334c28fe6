import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

// Facts of VolatiCloud's own document, read from the committed YAML. Nothing is imported from the program: what is
// expected is written here once more, by hand.
const DIST = join(__dirname, '../../dist');

// biome-ignore lint/suspicious/noExplicitAny: YAML of every kind, looked into by each test
type Yaml = any;

const read = (path: string): Yaml => load(readFileSync(join(DIST, path), 'utf8'));

describe.each(['staging', 'prod'])('in %s', (environment) => {
  const app = (file: string): Yaml => read(`platforms/volaticloud/${environment}/app/${file}.yaml`);
  const backend = () => app('deployment-volaticloud-backend');
  const container = () => backend().spec.template.spec.containers[0];

  test('it is applied on a cluster of its own', () => {
    expect(existsSync(join(DIST, `clusters/volaticloud-${environment}/volaticloud`))).toBe(true);
  });

  test('the backend runs a build of main and is labelled as the runbook selects it', () => {
    expect(container().image).toMatch(/^ghcr\.io\/volaticloud\/volaticloud:main-[0-9a-f]{7}$/);
    expect(backend().metadata.namespace).toBe('volaticloud');
    expect(backend().spec.template.metadata.labels.app).toBe('volaticloud-backend');
    expect(backend().spec.selector.matchLabels).not.toHaveProperty('app');
  });

  test('it has a quarter of a CPU and 256 MiB, and at most one CPU and 512 MiB', () => {
    expect(container().resources).toEqual({
      requests: { cpu: '250m', memory: '256Mi' },
      limits: { cpu: '1000m', memory: '512Mi' },
    });
  });

  test('/health is asked on 8080 from the tenth and the fifth second on', () => {
    expect(container().ports).toEqual([{ name: 'http', containerPort: 8080 }]);
    const httpGet = { path: '/health', port: 'http' };
    const both = { httpGet, timeoutSeconds: 3, failureThreshold: 3 };
    expect(container().livenessProbe).toEqual({ ...both, initialDelaySeconds: 10, periodSeconds: 10 });
    expect(container().readinessProbe).toEqual({ ...both, initialDelaySeconds: 5, periodSeconds: 5 });
  });

  test('liveness cannot kill ent’s migration: the startup probe allows a quarter of an hour before it', () => {
    const { periodSeconds, failureThreshold } = container().startupProbe;
    expect(periodSeconds * failureThreshold).toBe(900);
    expect(backend().spec.progressDeadlineSeconds).toBeGreaterThan(900);
  });

  test('two to ten pods, by CPU 70 % and memory 80 %', () => {
    const { spec } = app('horizontalpodautoscaler-volaticloud-backend');
    expect(backend().spec).not.toHaveProperty('replicas');
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 10, scaleTargetRef: { name: 'volaticloud-backend' } });
    const targets = spec.metrics.map(({ resource }: Yaml) => [resource.name, resource.target.averageUtilization]);
    expect(targets).toEqual([
      ['cpu', 70],
      ['memory', 80],
    ]);
  });

  test('a drain takes one pod at a time, so that one of two stays', () => {
    expect(app('poddisruptionbudget-volaticloud-backend').spec.maxUnavailable).toBe(1);
  });

  test('a release adds one pod before it takes one away, and pods prefer hosts of their own', () => {
    expect(backend().spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const [preferred] =
      backend().spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(preferred.podAffinityTerm.topologyKey).toBe('kubernetes.io/hostname');
  });

  test('it runs as user 1000', () => {
    expect(backend().spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  });

  test('the database’s address comes from volaticloud-db-secret, everything else is plain', () => {
    const env = Object.fromEntries(container().env.map(({ name, ...rest }: Yaml) => [name, rest]));
    expect(env.VOLATICLOUD_DATABASE).toEqual({
      valueFrom: { secretKeyRef: { name: 'volaticloud-db-secret', key: 'dsn' } },
    });
    expect(env).toMatchObject({
      VOLATICLOUD_HOST: { value: '0.0.0.0' },
      VOLATICLOUD_PORT: { value: '8080' },
      VOLATICLOUD_KEYCLOAK_URL: { value: expect.stringMatching(/^https:\/\/auth\./) },
    });
  });

  test('the dashboard’s Ingress is the only one, with a certificate of Let’s Encrypt', () => {
    const { metadata, spec } = app('ingress-volaticloud-dashboard');
    expect(existsSync(join(DIST, `platforms/volaticloud/${environment}/app/ingress-volaticloud-backend.yaml`))).toBe(
      false,
    );
    expect(spec.ingressClassName).toBe('nginx');
    expect(metadata.annotations['cert-manager.io/cluster-issuer']).toBe('letsencrypt-prod');
    expect(app('service-volaticloud-backend').spec).not.toHaveProperty('type');
  });

  test('only the dashboard and Prometheus reach the backend', () => {
    const peers = app('networkpolicy-volaticloud-backend').spec.ingress.flatMap(({ from }: Yaml) => from);
    expect(peers).toEqual([
      {
        podSelector: {
          matchLabels: {
            'app.kubernetes.io/name': 'volaticloud-dashboard',
            'app.kubernetes.io/part-of': 'volaticloud',
          },
        },
      },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
    ]);
  });
});
