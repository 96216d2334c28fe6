import { Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { ImageReference } from '../../lib/platform/image-reference';
import { ConfigEnv } from '../../lib/pod/config-env';
import type { ContainerProps, Resources } from '../../lib/pod/container';
import { claimMount, scratchMount } from '../../lib/pod/mount';
import { renderedContainer, testPlatform } from '../support/test-platform';

const resources: Required<Resources> = {
  cpu: Cpu.millis(250),
  cpuLimit: Cpu.units(2),
  memory: Size.mebibytes(256),
  memoryLimit: Size.gibibytes(1),
};

const everything: Required<ContainerProps> = {
  name: 'web',
  image: ImageReference.parse('registry.example.com/web:2.0'),
  resources,
  command: ['node', 'main.js'],
  args: ['--port', '3000'],
  env: [{ name: 'MODE', value: 'fast' }],
  envFrom: [new ConfigEnv(testPlatform().layers.app, 'Config', { name: 'web-config', values: {} })],
  ports: { http: 3000, metrics: 9090 },
  mounts: [
    scratchMount('/tmp'),
    claimMount({ name: 'data' }, { path: '/data', volume: 'data', subPath: 'a', readOnly: true }),
  ],
  startupProbe: { exec: { command: ['started'] }, periodSeconds: 1 },
  readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 2 },
  livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 3 },
  uid: 999,
  sidecar: true,
  preStop: ['sleep', '5'],
};

// Everything here but name and image is asked for by Pod Security "restricted" or by a rule of the project; what
// cdk8s-plus would add of its own (1 CPU, pull policy Always, a TCP probe) must not come back.
test('a minimal container is hardened, has requests and a memory limit, and nothing else', () => {
  expect(renderedContainer({})).toEqual({
    name: 'main',
    image: 'registry.example.com/shop:1.2',
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '16Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
  });
});

test('everything that is given is rendered', () => {
  expect(renderedContainer(everything)).toEqual({
    name: 'web',
    restartPolicy: 'Always',
    image: 'registry.example.com/web:2.0',
    command: ['node', 'main.js'],
    args: ['--port', '3000'],
    env: [{ name: 'MODE', value: 'fast' }],
    envFrom: [{ configMapRef: { name: 'web-config' } }],
    ports: [
      { name: 'http', containerPort: 3000 },
      { name: 'metrics', containerPort: 9090 },
    ],
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'data', mountPath: '/data', subPath: 'a', readOnly: true },
    ],
    startupProbe: { exec: { command: ['started'] }, periodSeconds: 1 },
    readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 2 },
    livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 3 },
    lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsUser: 999,
    },
  });
});

test.each([
  [Cpu.units(2), '2'],
  [Cpu.units(0.5), '0.5'],
  [Cpu.millis(1), '1m'],
])('CPU is requested as it was written, and never limited (%#)', (cpu, amount) => {
  expect(renderedContainer({ resources: { cpu, memory: Size.mebibytes(64) } }).resources).toEqual({
    requests: { cpu: amount, memory: '64Mi' },
    limits: { memory: '64Mi' },
  });
});

test.each<keyof ContainerProps & ('command' | 'args' | 'env')>(['command', 'args', 'env'])(
  'an empty %s is left out',
  (field) => {
    expect(renderedContainer({ [field]: [] })).not.toHaveProperty(field);
  },
);

test('user 0 is rendered, for Pod Security to refuse', () => {
  expect(renderedContainer({ uid: 0 }).securityContext).toMatchObject({ runAsUser: 0 });
});

describe('what the API server would refuse', () => {
  test('two variables of one name', () => {
    const env = [
      { name: 'PGHOST', value: 'a' },
      { name: 'PGPORT', value: '5432' },
      { name: 'PGHOST', value: 'b' },
    ];
    expect(() => renderedContainer({ env })).toThrow(
      'container "main" has two variables "PGHOST"; leave one out: Flux cannot apply both',
    );
  });

  test('two volumes at one path', () => {
    const mounts = [scratchMount('/tmp'), scratchMount('/tmp/', { name: 'large' })];
    expect(() => renderedContainer({ mounts })).toThrow('container "main" has two volumes at "/tmp"; leave one out');
  });
});
