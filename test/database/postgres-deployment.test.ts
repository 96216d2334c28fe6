import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { PostgresDeployment, type PostgresDeploymentProps } from '../../lib/database/postgres-deployment';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Manifest } from '../../lib/platform/manifest';
import { SecretReference } from '../../lib/platform/secret-reference';
import { NetworkAccess } from '../../lib/pod/network-access';
import { containerOf, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const credentials = new SecretReference('db-secret', {
  POSTGRES_USER: 'owner',
  POSTGRES_PASSWORD: 'password',
  POSTGRES_DB: 'database',
});

const minimal: PostgresDeploymentProps = {
  name: 'shop-db',
  image: ImageReference.parse('postgres:17.6-bookworm'),
  credentials,
  storage: { name: 'shop-db-data' },
  memory: Size.gibibytes(1),
};

const everything: Required<PostgresDeploymentProps> = {
  ...minimal,
  subPath: 'postgres',
  otherClusters: ['school/db'],
  cpu: Cpu.units(2),
  settings: { maxConnections: 30, sharedMemory: Size.mebibytes(192) },
  startupBudget: Duration.minutes(90),
  grace: Duration.minutes(10),
};

function render(props: PostgresDeploymentProps = minimal) {
  const platform = testPlatform();
  const database = new PostgresDeployment(platform.layers.database, 'Database', props);
  return { platform, database, deployment: only(platform, 'Deployment', 'shop-db') };
}

const INIT_CONTAINERS = ['preflight', 'find-data', 'initialise', 'apply-password'];
const selector = { 'app.kubernetes.io/name': 'shop-db', 'app.kubernetes.io/part-of': 'shop' };
const { platform, database, deployment } = render();
const server = containerOf(deployment, 'postgres');
const { spec: pod, metadata } = templateOf(deployment);
const named = (key: string) => ({ name: key, valueFrom: { secretKeyRef: { name: 'db-secret', key } } });
const value = (workload: Manifest, container: string, name: string) =>
  containerOf(workload, container).env?.find((each) => each.name === name)?.value;

describe('a minimal database', () => {
  test('is a Deployment, a Service, its scripts, a ServiceAccount and a NetworkPolicy', () => {
    expect(namesOf(platform).sort()).toEqual([
      'ConfigMap/shop-db-scripts',
      'Deployment/shop-db',
      'NetworkPolicy/shop-db',
      'Service/shop-db',
      'ServiceAccount/shop-db',
    ]);
  });

  test('is one server that is gone before the next one comes, and gets an hour and five minutes to start', () => {
    const { template: _, ...spec } = deployment.spec as Record<string, unknown>;
    expect(spec).toEqual({
      replicas: 1,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: 3900,
      selector: { matchLabels: selector },
      strategy: { type: 'Recreate' },
    });
  });

  // 999 is `postgres` in the official image, Debian flavour.
  test('runs as the postgres user, with five minutes for a fast shutdown', () => {
    expect(metadata.labels).toEqual({ ...selector, 'app.kubernetes.io/component': 'database' });
    expect(pod).toMatchObject({
      serviceAccountName: 'shop-db',
      terminationGracePeriodSeconds: 300,
      securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, fsGroupChangePolicy: 'OnRootMismatch' },
    });
  });

  test('is checked, initialised and given its password before it starts, all with its own image', () => {
    expect(pod.initContainers?.map(({ name }) => name)).toEqual(INIT_CONTAINERS);
    for (const { image } of [...(pod.initContainers ?? []), server]) {
      expect(image).toBe('postgres:17.6-bookworm');
    }
  });

  test('asks for a quarter of a CPU, and for all its memory', () => {
    expect(server.resources).toEqual({ requests: { cpu: '250m', memory: '1Gi' }, limits: { memory: '1Gi' } });
  });

  test('recovers with the memory of the server: apply-password does it after a crash', () => {
    expect(containerOf(deployment, 'apply-password').resources).toEqual(server.resources);
    expect(containerOf(deployment, 'apply-password').args).toEqual(server.args);
  });

  test('has settings that are derived from its memory', () => {
    expect(server.args).toEqual(expect.arrayContaining(['-c', 'shared_buffers=256MB']));
  });

  test('has /dev/shm in memory, with a limit of its own', () => {
    expect(server.volumeMounts).toContainEqual({ name: 'shared-memory', mountPath: '/dev/shm' });
    expect(pod.volumes).toContainEqual({
      name: 'shared-memory',
      emptyDir: { medium: 'Memory', sizeLimit: '128Mi' },
    });
  });

  test('reads its credentials from the Secret', () => {
    for (const key of ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB']) {
      expect(server.env).toContainEqual(named(key));
      expect(containerOf(deployment, 'apply-password').env).toContainEqual(named(key));
    }
  });

  test('may recover for an hour, answers before it is sent queries, and is never killed by a liveness probe', () => {
    expect(server.startupProbe).toEqual({
      exec: { command: ['bash', '/scripts/startup-probe.sh'] },
      periodSeconds: 10,
      failureThreshold: 360,
      timeoutSeconds: 5,
    });
    expect(server.readinessProbe).toEqual({
      exec: { command: ['pg_isready', '-q', '-h', '127.0.0.1', '-p', '5432'] },
      periodSeconds: 5,
      timeoutSeconds: 3,
      failureThreshold: 3,
    });
    expect(server).not.toHaveProperty('livenessProbe');
    expect(server).not.toHaveProperty('lifecycle');
  });

  test('is reached at its own name and port', () => {
    expect(server.ports).toEqual([{ name: 'postgres', containerPort: 5432 }]);
    expect(only(platform, 'Service', 'shop-db').spec).toEqual({
      selector,
      ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }],
    });
  });

  test('looks at its volume with little', () => {
    for (const name of ['preflight', 'find-data']) {
      const { resources } = containerOf(deployment, name);
      expect(resources).toEqual({ requests: { cpu: '20m', memory: '32Mi' }, limits: { memory: '64Mi' } });
    }
  });

  test('may write to /tmp and to its sockets, the root file system being read-only', () => {
    for (const { volumeMounts } of [...(pod.initContainers ?? []), server]) {
      expect(volumeMounts).toContainEqual({ name: 'tmp', mountPath: '/tmp' });
    }
    for (const { volumeMounts } of [containerOf(deployment, 'apply-password'), server]) {
      expect(volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/var/run/postgresql');
    }
  });

  test('says which pod on which node it is, for whoever finds its lock', () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    expect(server.env).toContainEqual(field('POD_NAME', 'metadata.name'));
    expect(server.env).toContainEqual(field('NODE_NAME', 'spec.nodeName'));
  });

  test('is rolled by its scripts', () => {
    expect(Object.keys(metadata.annotations ?? {})).toEqual(['checksum/shop-db-scripts']);
  });
});

describe('as a Database', () => {
  test('it says its name, major version and client image', () => {
    expect(database).toMatchObject({ name: 'shop-db', major: 17, clientImage: minimal.image });
  });

  test('it gives libpq’s variables, user and password by reference', () => {
    const key = (name: string, secretKey: string) => ({ ...named(secretKey), name });
    expect(database.connection).toEqual([
      { name: 'PGHOST', value: 'shop-db' },
      { name: 'PGPORT', value: '5432' },
      key('PGUSER', 'POSTGRES_USER'),
      key('PGPASSWORD', 'POSTGRES_PASSWORD'),
      key('PGDATABASE', 'POSTGRES_DB'),
    ]);
  });

  test('nobody is let in, until somebody is', () => {
    const own = render();
    expect(only(own.platform, 'NetworkPolicy', 'shop-db')).toHaveProperty('spec.ingress', []);
    const web = new NetworkAccess(own.platform.layers.app, 'Web', { name: 'web', selector: { app: 'web' } });
    own.database.allowFrom(web);
    expect(only(own.platform, 'NetworkPolicy', 'shop-db')).toHaveProperty('spec.ingress', [
      { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432, protocol: 'TCP' }] },
    ]);
    expect(own.platform.flows).toEqual([{ from: 'web', to: 'shop-db', port: 5432 }]);
  });
});

describe('where the data lies', () => {
  test.each([
    ['postgres:17.6-bookworm', undefined, '/var/lib/postgresql/data/pgdata', '/var/lib/postgresql/data'],
    ['postgres:17.6-bookworm', 'postgres', '/var/lib/postgresql/data', '/var/lib/postgresql/data'],
    ['postgres:18.0-trixie', undefined, '/var/lib/postgresql/18/docker', '/var/lib/postgresql'],
    ['postgres:18.0-trixie', 'school/db', '/var/lib/postgresql', '/var/lib/postgresql'],
  ])('%s with sub-path %s: %s', (image, subPath, pgdata, mountPath) => {
    const own = render({ ...minimal, image: ImageReference.parse(image), subPath }).deployment;
    const { volumeMounts = [] } = containerOf(own, 'postgres');
    expect(value(own, 'postgres', 'PGDATA')).toBe(pgdata);
    const [volume] = templateOf(own).spec.volumes?.filter((each) => 'persistentVolumeClaim' in each) ?? [];
    expect(volume?.persistentVolumeClaim).toEqual({ claimName: 'shop-db-data' });
    expect(volumeMounts).toContainEqual({ name: volume?.name, mountPath, ...(subPath && { subPath }) });
  });

  // The kubelet makes a missing sub-path as root, which the pod's user then cannot write to.
  test('before the server nothing mounts a sub-path', () => {
    const own = render(everything).deployment;
    for (const { name, volumeMounts = [] } of templateOf(own).spec.initContainers ?? []) {
      expect([name, volumeMounts.filter((mount) => mount.subPath !== undefined)]).toEqual([name, []]);
    }
  });

  test('every container locks the same file of the volume', () => {
    for (const own of [deployment, render(everything).deployment]) {
      const locks = ['apply-password', 'postgres'].map((container) => {
        const lock = value(own, container, 'LOCK_FILE') ?? '';
        const root = containerOf(own, container).volumeMounts?.find(
          (mount) => mount.subPath === undefined && mount.name === 'data',
        );
        return lock.replace(`${root?.mountPath}/`, 'root of the volume: ');
      });
      expect(locks[0]).toMatch(/^root of the volume: [^/]+$/);
      expect(locks[1]).toBe(locks[0]);
    }
  });
});

describe.each([...INIT_CONTAINERS, 'postgres'])('the container %s', (name) => {
  const { data } = only(platform, 'ConfigMap', 'shop-db-scripts') as Manifest & { data: Record<string, string> };

  test.each([minimal, everything])(
    'runs a script that is there, and gives it every variable that it requires (%#)',
    (props) => {
      const { command = [], env = [] } = containerOf(render(props).deployment, name) as {
        command?: string[];
        env?: object[];
      };
      const [, script = ''] = /^bash \/scripts\/(\S+)$/.exec(command.join(' ')) ?? [];
      expect(Object.keys(data)).toContain(script);
      const required = [...(data[script] ?? '').matchAll(/"\$\{([A-Z_]+):\?\}"/g)].map(([, variable]) => variable);
      expect(required.length).toBeGreaterThan(0);
      expect(env.map((each) => (each as { name: string }).name)).toEqual(expect.arrayContaining(required));
    },
  );
});

test('the scripts are those of the repository', () => {
  const { data } = only(platform, 'ConfigMap', 'shop-db-scripts') as Manifest & { data: Record<string, string> };
  for (const [file, text] of Object.entries(data)) {
    expect(text).toBe(readFileSync(join(__dirname, '../../lib/database/scripts', file), 'utf8'));
  }
});

describe('each thing that may be said', () => {
  test('subPath is the data directory itself', () => {
    const { volumeMounts } = containerOf(render({ ...minimal, subPath: everything.subPath }).deployment, 'postgres');
    expect(volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/postgresql/data', subPath: 'postgres' });
  });

  test('otherClusters are known to whoever looks for data', () => {
    const own = render({ ...minimal, otherClusters: everything.otherClusters }).deployment;
    expect(value(own, 'find-data', 'OTHER_CLUSTERS')).toBe('school/db');
  });

  test('cpu is requested', () => {
    const { resources } = containerOf(render({ ...minimal, cpu: everything.cpu }).deployment, 'postgres');
    expect(resources).toMatchObject({ requests: { cpu: '2' } });
  });

  test('settings win over the derived ones', () => {
    const own = render({ ...minimal, settings: everything.settings }).deployment;
    expect(containerOf(own, 'postgres').args).toContain('max_connections=30');
    expect(templateOf(own).spec.volumes).toContainEqual({
      name: 'shared-memory',
      emptyDir: { medium: 'Memory', sizeLimit: '192Mi' },
    });
  });

  test('startupBudget is what the startup probe allows, and the progress deadline is above it', () => {
    const own = render({ ...minimal, startupBudget: everything.startupBudget }).deployment;
    expect(containerOf(own, 'postgres').startupProbe).toMatchObject({ periodSeconds: 10, failureThreshold: 540 });
    expect(own).toHaveProperty('spec.progressDeadlineSeconds', 5700);
  });

  test('grace is the time for a shutdown', () => {
    const own = render({ ...minimal, grace: everything.grace }).deployment;
    expect(templateOf(own).spec.terminationGracePeriodSeconds).toBe(600);
  });
});

test.each([0, 30, 119])('a grace of %d s is refused', (seconds) => {
  const grace = Duration.seconds(seconds);
  expect(() => render({ ...minimal, grace })).toThrow(
    `grace of ${grace.toHumanString()} is too short for "shop-db"; a shutdown needs at least 120 s`,
  );
});

test('a grace of 120 s is taken', () => {
  expect(() => render({ ...minimal, grace: Duration.seconds(120) })).not.toThrow();
});

test('an image whose version is not to be seen is refused', () => {
  expect(() => render({ ...minimal, image: ImageReference.parse('postgres:latest-dev') })).toThrow(
    'postgres image "postgres:latest-dev" does not name its version and Debian release',
  );
});

test('a Secret without one of the three keys is refused', () => {
  const { POSTGRES_DB: _, ...keys } = credentials.keys;
  expect(() => render({ ...minimal, credentials: new SecretReference('db-secret', keys) })).toThrow(
    'secret "db-secret" has no key "POSTGRES_DB" (it has POSTGRES_USER, POSTGRES_PASSWORD); declare it with the secret',
  );
});

test('settings that PostgreSQL would not take are refused', () => {
  expect(() => render({ ...minimal, settings: { maxConnections: 1 } })).toThrow(
    'maxConnections is 1; write a whole number from 5 up, three are kept for superusers',
  );
});
