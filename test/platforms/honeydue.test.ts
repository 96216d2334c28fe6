import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

// Facts of honeyDue's own document, read from the committed YAML. Nothing is imported from the program: what is expected
// is written here once more, by hand.
const PROD = join(__dirname, '../../dist/platforms/honeydue/prod');
const FLUX = join(__dirname, '../../dist/clusters/honeydue-k3s/honeydue');

// biome-ignore lint/suspicious/noExplicitAny: YAML of every kind, looked into by each test
type Yaml = any;

const read = (path: string): Yaml => load(readFileSync(path, 'utf8'));
const app = (file: string): Yaml => read(join(PROD, 'app', `${file}.yaml`));
const pod = (name: string): Yaml => app(`deployment-${name}`).spec.template.spec;
const migration = (): Yaml => {
  const [file = ''] = readdirSync(join(PROD, 'app')).filter((each) => each.startsWith('job-'));
  return read(join(PROD, 'app', file));
};
const api = 'gitea.example.com/admin/honeydue-api:';
const tagOf = (image: string): string => image.slice(image.lastIndexOf(':') + 1);

test.each(['api', 'worker', 'admin', 'web'])('%s is built by Gitea from a commit, and runs on amd64', (name) => {
  expect(pod(name).containers[0].image).toMatch(
    new RegExp(`^gitea\\.example\\.com/admin/honeydue-${name}:[0-9a-f]{40}$`),
  );
  expect(pod(name).nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64' });
});

test.each(['api', 'worker', 'admin', 'web', 'redis', 'vmagent'])('%s is selected by app.kubernetes.io/name', (name) => {
  const { metadata, spec } = app(`deployment-${name}`);
  expect(metadata).toMatchObject({ name, namespace: 'honeydue' });
  expect(spec.template.metadata.labels['app.kubernetes.io/name']).toBe(name);
  expect(spec.revisionHistoryLimit).toBe(10);
});

describe('the api', () => {
  test('has at least three pods, and a release adds one before it takes one away', () => {
    const { spec } = app('deployment-api');
    expect(spec).not.toHaveProperty('replicas');
    expect(app('horizontalpodautoscaler-api').spec.minReplicas).toBe(3);
    expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(app('poddisruptionbudget-api').spec.maxUnavailable).toBe(1);
  });

  test('may take 240 s for a cold boot', () => {
    const { periodSeconds, failureThreshold } = pod('api').containers[0].startupProbe;
    expect(periodSeconds * failureThreshold).toBe(240);
  });

  test('drains before it is asked to stop, within its grace period', () => {
    const [sleep, seconds] = pod('api').containers[0].lifecycle.preStop.exec.command;
    expect(sleep).toBe('sleep');
    expect(pod('api').terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 20);
  });
});

describe('the configuration', () => {
  const checksum = (name: string): string =>
    app(`deployment-${name}`).spec.template.metadata.annotations?.['checksum/honeydue-config'];

  test('is honeydue-config in api and worker, and its change rolls them and nobody else', () => {
    const users = ['api', 'worker', 'admin', 'web', 'redis', 'vmagent'].filter((name) => checksum(name) !== undefined);
    expect(users).toEqual(['api', 'worker']);
    for (const name of users) {
      expect(pod(name).containers[0].envFrom).toEqual([{ configMapRef: { name: 'honeydue-config' } }]);
    }
  });

  test('names Neon’s pooler, and no secret', () => {
    const { data } = app('configmap-honeydue-config');
    expect(data.DB_HOST).toMatch(/-pooler\./);
    expect(Object.keys(data).filter((name) => /PASSWORD|SECRET|TOKEN/.test(name))).toEqual([]);
  });

  test('the secrets are keys of honeydue-secrets', () => {
    const secret = pod('api')
      .containers[0].env.filter(({ valueFrom }: Yaml) => valueFrom)
      .map(({ valueFrom }: Yaml) => valueFrom.secretKeyRef);
    expect(secret.length).toBeGreaterThan(2);
    expect(new Set(secret.map(({ name }: Yaml) => name))).toEqual(new Set(['honeydue-secrets']));
    expect(secret.map(({ key }: Yaml) => key)).toContain('POSTGRES_PASSWORD');
  });
});

describe('the migration', () => {
  const container = (): Yaml => migration().spec.template.spec.containers[0];

  test('is goose in the api’s image, ten minutes at most, never removed by time', () => {
    expect(container().image).toBe(pod('api').containers[0].image);
    expect(container().command).toEqual(expect.arrayContaining(['/mooring/scripts/goose-up.sh', '/app/migrations']));
    expect(migration().spec.activeDeadlineSeconds).toBe(600);
    expect(migration().spec).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(migration().metadata.name).toMatch(/^honeydue-migrate-[0-9a-f]{10}$/);
  });

  test('and every gate go past the pooler', () => {
    const hosts = [migration().spec.template.spec, pod('api'), pod('worker')]
      .flatMap(({ initContainers, containers }: Yaml) => [...initContainers, ...containers])
      .flatMap(({ env = [] }: Yaml) => env)
      .filter(({ name }: Yaml) => name === 'PGHOST');
    expect(hosts.length).toBeGreaterThan(3);
    for (const { value } of hosts) {
      expect(value).toMatch(/^ep-[a-z0-9-]+\.us-east-2\.aws\.neon\.tech$/);
      expect(value).not.toContain('-pooler');
    }
  });

  test.each(['api', 'worker'])('holds %s back with the list of the api’s image of the same tag', (name) => {
    const [list, gate] = pod(name).initContainers;
    expect(list.image.startsWith(api)).toBe(true);
    expect(tagOf(list.image)).toBe(tagOf(pod(name).containers[0].image));
    expect(gate.name).toBe('migration-gate');
  });

  test.each(['admin', 'web'])('does not hold %s back', (name) => {
    expect(pod(name)).not.toHaveProperty('initContainers');
  });

  test('lies in the app’s layer, for which Flux waits longer than Job, gate and start may take', () => {
    const flux = read(join(FLUX, 'kustomization-honeydue-prod.yaml'));
    expect(flux.spec).toMatchObject({ wait: true, path: './platforms/honeydue/prod/app' });
    const gate = pod('api').initContainers[1].env.find(({ name }: Yaml) => name === 'WAIT_SECONDS');
    expect(Number(gate.value)).toBeGreaterThanOrEqual(migration().spec.activeDeadlineSeconds);
    expect(Number(/^(\d+)m$/.exec(flux.spec.timeout)?.[1]) * 60).toBeGreaterThan(Number(gate.value) + 240);
  });
});

test('vmagent sends with a token from the Secret', () => {
  const { args, volumeMounts } = pod('vmagent').containers[0];
  expect(args).toEqual(expect.arrayContaining([expect.stringMatching(/^-remoteWrite\.url=https:/)]));
  expect(volumeMounts).toContainEqual({ name: 'token', mountPath: '/token', readOnly: true });
});

test('redis is reached by api and worker only', () => {
  const peers = app('networkpolicy-redis').spec.ingress.flatMap(({ from }: Yaml) => from);
  expect(peers.map(({ podSelector }: Yaml) => podSelector.matchLabels['app.kubernetes.io/name'])).toEqual([
    'api',
    'worker',
  ]);
});
