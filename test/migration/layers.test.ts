import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import { MigrationGate } from '../../lib/migration/migration-gate';
import { MigrationJob } from '../../lib/migration/migration-job';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import type { LayerName } from '../../lib/platform/layer-name';
import { platformTree } from '../../lib/platform-tree';
import { ConfigEnv } from '../../lib/pod/config-env';
import { checkTrees } from '../../lib/policy/check-trees';
import { seconds } from '../../lib/policy/kustomizations';
import { formatProblems } from '../../lib/policy/problem';
import { Worker } from '../../lib/workload/worker';
import { FakeDatabase, testPlatform } from '../support/test-platform';

const IMAGE = ImageReference.parse('registry.example.com/shop:1.2');
const RESOURCES = { cpu: Cpu.millis(10), memory: Size.mebibytes(16) };

/** What a platform with a migration in a layer differs in. */
interface Options {
  readonly deadline?: Duration;
  readonly wait?: Duration;
  /** @default true */
  readonly isGated?: boolean;
  /** Layer of the ConfigMap that the Job reads. @default - it reads none */
  readonly configIn?: LayerName;
}

/** The tree of a platform with one worker, whose schema a Job in that layer makes. */
function tree(layer: 'migrate' | 'app', { deadline, wait, isGated = true, configIn }: Options = {}) {
  const platform = testPlatform();
  const database = new FakeDatabase();
  const pullSecret = platform.secret('shop-registry', { '.dockerconfigjson': 'pull credentials' });
  const tool = MigrationTool.goose('/migrations');
  const values = { MODE: 'fast' };
  new MigrationJob(platform.layers[layer], 'Migration', {
    name: 'shop-migrate',
    image: IMAGE,
    database,
    tool,
    user: { uid: 1000 },
    resources: RESOURCES,
    pullSecret,
    deadline,
    config: configIn && [new ConfigEnv(platform.layers[configIn], 'MigrationConfig', { name: 'migration', values })],
  });
  const gate = new MigrationGate(platform.layers.app, 'Gate', {
    name: 'shop-gate',
    image: IMAGE,
    database,
    tool,
    job: 'shop-migrate',
    wait,
  });
  const worker = new Worker(platform.layers.app, 'Worker', {
    name: 'shop',
    image: IMAGE,
    resources: RESOURCES,
    pullSecret,
    gates: isGated ? [gate] : [],
  });
  database.allowFrom(worker.access);
  return platformTree(platform, { facts: { namespace: 'market' }, released: [] });
}

const problems = (...args: Parameters<typeof tree>) => formatProblems(checkTrees([tree(...args)]));

test.each(['migrate', 'app'] as const)('a migration in layer %s with gated pods keeps every rule', (layer) => {
  expect(problems(layer)).toBe('');
});

test('in a layer of its own a migration needs no gate, in the app’s it does', () => {
  expect(problems('migrate', { isGated: false })).toBe('');
  expect(problems('app', { isGated: false })).toMatch(/does not wait for Job\/shop-migrate-\w+ of its own layer/);
});

test('a gate that gives up before its Job is refused where nothing else holds the pods back', () => {
  const options = { deadline: Duration.minutes(30), wait: Duration.minutes(12) };
  expect(problems('migrate', options)).toBe('');
  expect(problems('app', options)).toMatch(/the gate waits for 720 s, and Job\/shop-migrate-\w+ may take 1800 s/);
});

describe.each([
  ['migrate', 'the usual times', {}],
  ['app', 'the usual times', {}],
  ['app', 'two hours', { deadline: Duration.hours(2), wait: Duration.hours(2) }],
] as const)('layer %s with %s', (layer, _, options: Options) => {
  const { flux, layers } = tree(layer, options);
  const wait = (options.wait ?? Duration.minutes(12)).toSeconds();

  test('lets a new pod wait, start after that, and pull its image before that', () => {
    const pod = layers.flatMap(({ objects }) => objects).find(({ kind }) => kind === 'Deployment');
    expect(pod).toHaveProperty('spec.progressDeadlineSeconds', wait + 300 + 300);
  });

  test.each([
    ['Job', 'activeDeadlineSeconds'],
    ['Deployment', 'progressDeadlineSeconds'],
  ])('is given more time than the %s’s %s', (kind, field) => {
    const [path, spec] = layers.flatMap(({ path, objects }) =>
      objects.filter((object) => object.kind === kind).map((object) => [path, object.spec] as const),
    )[0] as readonly [string, Record<string, number>];
    const kustomization = flux.map((each) => each.spec as { path: string; timeout: string });
    const timeout = kustomization.find((each) => each.path === `./${path}`)?.timeout ?? '';
    expect(seconds(timeout)).toBeGreaterThan(spec[field] as number);
  });
});

test('a Job that reads a ConfigMap of a later layer would never start', () => {
  expect(problems('migrate', { configIn: 'migrate' })).toBe('');
  expect(problems('app', { configIn: 'app' })).toBe('');
  expect(problems('migrate', { configIn: 'app' })).toMatch(/ConfigMap.*migration.*layer app/);
});
