import { checkTrees } from '../../lib/policy/check-trees';
import { formatProblems } from '../../lib/policy/problem';
import { RULES } from '../../lib/policy/rules';
import { addCopy, all, type Change, move, objectOf, type Plain, set, write } from './change';
import { APP, addGate, CONTAINER, GATE, IMAGE, JOB, migrateIn, POD, TEMPLATE } from './fixtures/fixture';
import { validTree } from './valid-tree';

/** What opens the gate, the rule that refuses it, the object and the value that its message names, and the change. */
type Way = readonly [what: string, rule: string, object: string, value: string, change: Change];

const FLUX = 'kustomize.toolkit.fluxcd.io';
const APP_LAYER = 'Kustomization/shop-prod';
const OWN_LAYER = 'Kustomization/shop-prod-migrate';
const UNHASHED = 'Job/shop-migrate';
const WORKER = 'Deployment/shop-worker';
const LIST = `${POD}/initContainers/${GATE}`;
const WAIT = `${POD}/initContainers/${GATE + 1}`;
const OLDER = 'registry.example.com:5000/shop/app:prod-20251231.1';

/** One field of the Job. */
function job(what: string, value: string, field: string, to: unknown): Way {
  return [what, 'migration-gate', JOB, value, set(JOB, field, to)];
}

/** One field of a layer's Kustomization. */
function layer(name: string, what: string, value: string, field: string, to: unknown): Way {
  return [what, 'flux-kustomizations', name, value, set(name, `spec/${field}`, to)];
}

/** Ways in either layout; `its` is the Kustomization of the Job's layer. */
const ways = (its: string): readonly Way[] => [
  // What Flux sees of the Job.
  job('a Job that vanishes', 'ttlSecondsAfterFinished is 60', 'spec/ttlSecondsAfterFinished', 60),
  job('a Job that never starts', 'suspend is true', 'spec/suspend', true),
  job('a Job that is applied once', '"IfNotPresent"', `metadata/annotations/${FLUX}~1ssa`, 'IfNotPresent'),
  job('a Job that is ignored', '"Ignore"', `metadata/annotations/${FLUX}~1ssa`, 'Ignore'),
  job('a Job that takes fields over', '"Override"', `metadata/annotations/${FLUX}~1ssa`, 'Override'),
  job('a Job that keeps fields of others', '"Merge"', `metadata/annotations/${FLUX}~1ssa`, 'Merge'),
  job('a Job that Flux passes over', '"disabled"', `metadata/annotations/${FLUX}~1reconcile`, 'disabled'),
  job('a Job that a label takes out', '"Disabled"', `metadata/labels/${FLUX}~1reconcile`, 'Disabled'),
  job('no end', 'activeDeadlineSeconds is missing', 'spec/activeDeadlineSeconds', undefined),
  job('no word about retries', 'backoffLimit is missing', 'spec/backoffLimit', undefined),
  job('more retries than anybody waits for', 'backoffLimit is 6', 'spec/backoffLimit', 6),
  job('a failure that leaves no log', 'OnFailure', `${POD}/restartPolicy`, 'OnFailure'),
  job('a Job that needs no pod to be complete', 'completions is 0', 'spec/completions', 0),
  job('a Job that runs no pod', 'parallelism is 0', 'spec/parallelism', 0),
  job('a Job that migrates twice at once', 'parallelism is 2', 'spec/parallelism', 2),
  job('a Job that is complete with a part of its pods', 'successPolicy is set', 'spec/successPolicy', { rules: [] }),
  job('a Job that Kubernetes does not run', 'managedBy is set', 'spec/managedBy', 'example.com/none'),
  [
    'a Job that kustomize drops',
    'flux-kustomizations',
    JOB,
    '"true"',
    set(JOB, 'metadata/annotations/config.kubernetes.io~1local-config', 'true'),
  ],
  ['a name without a hash', 'migration-gate', UNHASHED, '"shop-migrate"', set(JOB, 'metadata/name', 'shop-migrate')],
  ['a Job that is forced', 'no-force', JOB, '"enabled"', set(JOB, `metadata/annotations/${FLUX}~1force`, 'enabled')],

  // What Flux waits for.
  layer(its, 'a layer that is not waited for', 'wait is false', 'wait', false),
  layer(its, 'no word about waiting', 'wait is missing', 'wait', undefined),
  layer(its, 'a failed Job that is called healthy', 'healthCheckExprs is set', 'healthCheckExprs', [
    { current: 'true' },
  ]),
  layer(its, 'a layer that stands still', 'suspend is set', 'suspend', true),
  layer(its, 'a layer of another source', 'flux-system/apps', 'sourceRef/name', 'apps'),
  layer(its, 'an image that is put in after the review', 'images is set', 'images', []),
  layer(its, 'a layer of another cluster', 'kubeConfig is set', 'kubeConfig', { secretRef: { name: 'other' } }),
  layer(its, 'a patch of the Job', 'patches is set', 'patches', []),
  [
    'health of one object in place of all',
    'flux-kustomizations',
    its,
    'healthChecks is set',
    all(set(its, 'spec/wait', false), set(its, 'spec/healthChecks', [{ kind: 'ServiceAccount', name: 'shop' }])),
  ],
  ['a layer that is forced', 'no-force', its, 'spec.force is true', set(its, 'spec/force', true)],

  // What the pods wait for.
  ['a gate for the migrations of an older release', 'gate-release', APP, OLDER, set(APP, `${LIST}/image`, OLDER)],
  [
    'a Job and a gate of an older release',
    'gate-release',
    APP,
    OLDER,
    all(set(APP, `${LIST}/image`, OLDER), set(JOB, `${CONTAINER}/image`, OLDER)),
  ],
  [
    'a gate for another image than the Job migrates with',
    'gate-release',
    APP,
    `${JOB} applies those of "${IMAGE}"`,
    set(APP, `${LIST}/image`, 'registry.example.com:5000/shop/migrations:prod-20260101.7'),
  ],
  ['a gate for another Job', 'gate-release', APP, '"other", which is not', set(APP, `${WAIT}/env/0/value`, 'other')],
  ...[GATE, GATE + 1].map(
    (index): Way => [
      `a gate whose container ${index} nobody waits for`,
      'gate-release',
      APP,
      'restartPolicy Always',
      set(APP, `${POD}/initContainers/${index}/restartPolicy`, 'Always'),
    ],
  ),
  [
    'a worker of another release',
    'gate-release',
    WORKER,
    'shop/worker:2',
    addWorker('registry.example.com:5000/shop/worker:2'),
  ],
  [
    'a new pod that is given up while it waits',
    'startup-budgets',
    APP,
    'progressDeadlineSeconds is 720',
    set(APP, 'spec/progressDeadlineSeconds', 720),
  ],
];

/** Where the migration has a layer of its own, Flux holds the app back. */
const inItsOwnLayer: readonly Way[] = [
  ...ways(OWN_LAYER),
  ...[undefined, [{ name: 'shop-prod-database' }]].map(
    (dependsOn): Way => [
      `an app that depends on ${JSON.stringify(dependsOn)}`,
      'flux-dependencies',
      APP_LAYER,
      '"shop-prod-migrate"',
      set(APP_LAYER, 'spec/dependsOn', dependsOn),
    ],
  ),
  [
    'an expression in place of the same revision',
    'flux-dependencies',
    APP_LAYER,
    '"dep.status.ready"',
    set(APP_LAYER, 'spec/dependsOn/0/readyExpr', 'dep.status.ready'),
  ],
  ['the app in a layer beside the Job’s', 'gated-start', WORKER, `runs "${IMAGE}"`, addWorkerTo('backup')],
  layer(APP_LAYER, 'an app of another source', 'OCIRepository', 'sourceRef/kind', 'OCIRepository'),
  ['a layer given up before the Job', 'migration-gate', JOB, 'below the 600 s', set(OWN_LAYER, 'spec/timeout', '10m')],
];

/** Without gates the Job's image is compared with what the app runs. */
const withoutGates: readonly Way[] = [
  job('another build than the app’s', `another build than the app's "${IMAGE}"`, `${CONTAINER}/image`, OLDER),
  job('an image that is not the app’s', '"shop/tool:1" of container "migrate"', `${CONTAINER}/image`, 'shop/tool:1'),
  ['a layer that nobody waits for', 'migration-gate', JOB, 'layer backup holds a migration', migrateIn('backup')],
];

/** Where app and migration share a layer, the gate alone holds the app back. */
const inTheAppsLayer: readonly Way[] = [
  ...ways(APP_LAYER),
  ['no gate', 'gated-start', APP, `does not wait for ${JOB}`, set(APP, `${POD}/initContainers`, undefined)],
  ...[IMAGE, OLDER].map(
    (image): Way => [
      `a second workload of that image without a gate, which runs ${image.split(':').pop()}`,
      'gated-start',
      WORKER,
      `runs "${image}"`,
      all(addWorker(image), set(WORKER, `${POD}/initContainers`, undefined)),
    ],
  ),
  ['a sidecar that runs before the gate', 'gated-start', APP, `"early" runs "${OLDER}"`, addSidecar(0)],
  [
    'a sidecar of a workload without a gate',
    'gated-start',
    WORKER,
    `"early" runs "${OLDER}"`,
    all(
      addWorker('registry.example.com:5000/shop/queue:1'),
      set(WORKER, `${POD}/initContainers`, undefined),
      addSidecar(0, WORKER),
    ),
  ],
  ['the app in another layer', 'gated-start', WORKER, `runs "${IMAGE}"`, addWorkerTo('backup')],
  ['a gate that gives up before the Job', 'gated-start', APP, 'for 599 s', set(APP, `${WAIT}/env/1/value`, '599')],
];

describe.each([
  ['in a layer of its own', addGate(), inItsOwnLayer],
  ['in a layer of its own, without gates', () => undefined, withoutGates],
  ['in the app’s layer', all(addGate(), migrateIn('app')), inTheAppsLayer],
] as const)('a migration %s', (_, layout, rows) => {
  test('is valid', () => {
    const tree = validTree();
    layout(tree);
    expect(formatProblems(checkTrees([tree]))).toBe('');
  });

  test.each(rows)('%s: %s refuses it', (_what, rule, object, value, change) => {
    const tree = validTree();
    all(layout, change)(tree);
    const problems = checkTrees([tree]);
    expect([...new Set(problems.map((problem) => problem.rule))]).toEqual([rule]);
    const said = problems.filter(({ place }) => place.endsWith(object)).map(({ message }) => message);
    expect(said).toContainEqual(expect.stringContaining(value));
    for (const message of said) {
      expect(message).toMatch(/^[^;]+; .*[^.]$/s);
    }
    const rules = RULES.rules.filter(({ name }) => name !== rule);
    expect(formatProblems(checkTrees([tree], { ...RULES, rules }))).toBe('');
  });
});

/** Adds a worker without a gate to another layer. */
function addWorkerTo(name: string): Change {
  return all(
    addWorker(IMAGE),
    set(WORKER, `${TEMPLATE}/metadata/annotations`, undefined),
    set(WORKER, `${POD}/serviceAccountName`, 'default'),
    set(WORKER, `${POD}/initContainers`, undefined),
    set(WORKER, `${POD}/volumes`, undefined),
    set(WORKER, `${CONTAINER}/volumeMounts`, undefined),
    set(WORKER, `${CONTAINER}/env`, undefined),
    move(WORKER, name),
    move('NetworkPolicy/shop-worker', name),
  );
}

/** Adds a sidecar of the image that migrates among the init containers. */
function addSidecar(index: number, workload = APP): Change {
  return (tree) => {
    const { spec } = objectOf(tree, workload) as { spec?: { template: { spec: Plain } } };
    const pod = spec?.template.spec ?? {};
    const [app] = pod.containers as Plain[];
    const { resources, securityContext } = app ?? {};
    const sidecar = { name: 'early', image: OLDER, restartPolicy: 'Always', resources, securityContext };
    pod.initContainers = ((pod.initContainers ?? []) as Plain[]).toSpliced(index, 0, sidecar);
  };
}

/** Adds a worker behind the app's gate. */
function addWorker(image: string): Change {
  const labels = { 'app.kubernetes.io/name': 'shop-worker', 'app.kubernetes.io/part-of': 'shop' };
  const closed = { podSelector: { matchLabels: labels }, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] };
  return all(
    addCopy(APP, (copy) => {
      write(copy, 'metadata/name', 'shop-worker');
      write(copy, 'spec/replicas', 1);
      write(copy, 'spec/selector/matchLabels', labels);
      write(copy, `${TEMPLATE}/metadata/labels`, { ...labels, 'app.kubernetes.io/component': 'worker' });
      write(copy, `${CONTAINER}/image`, image);
    }),
    addCopy('NetworkPolicy/shop', (copy) => {
      write(copy, 'metadata/name', 'shop-worker');
      write(copy, 'spec', closed);
    }),
  );
}
