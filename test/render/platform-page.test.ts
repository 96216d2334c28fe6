import type { Manifest } from '../../lib/platform/manifest';
import type { LayerTree, Tree } from '../../lib/platform/tree';
import { platformPage } from '../../lib/render/platform-page';
import { testTree } from '../support/test-platform';

const object = (kind: string, name: string, spec: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  spec,
});

const layer = (name: LayerTree['name'], ...objects: Manifest[]): LayerTree => ({ name, path: name, objects });

const volume = object('PersistentVolume', 'shop-pv', { nfs: { server: 'nas', path: '/shop' } });
const claim = object('PersistentVolumeClaim', 'shop-data', { volumeName: 'shop-pv', storageClassName: '' });
const cached = object('PersistentVolumeClaim', 'shop-cache', { storageClassName: 'kept' });

const web = object('Deployment', 'web', {
  replicas: 2,
  template: {
    spec: {
      imagePullSecrets: [{ name: 'registry' }],
      initContainers: [
        {
          name: 'schema-sync',
          image: 'postgres:17.6-bookworm',
          env: [{ name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'db-secret', key: 'PASSWORD' } } }],
        },
      ],
      containers: [
        {
          name: 'app',
          image: 'shop:1.2',
          env: [{ name: 'MODE' }, { name: 'USER', valueFrom: { secretKeyRef: { name: 'db-secret', key: 'USER' } } }],
          resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
          volumeMounts: [
            { name: 'data', mountPath: '/files', subPath: 'uploads' },
            { name: 'tmp', mountPath: '/tmp' },
          ],
        },
      ],
      volumes: [{ name: 'tmp' }, { name: 'data', persistentVolumeClaim: { claimName: 'shop-data' } }],
    },
  },
});

const tree: Tree = testTree({
  layers: [layer('base', volume, claim, cached), layer('app', web)],
  secrets: [
    { name: 'db-secret', keys: { USER: 'owner of the database', PASSWORD: 'its password' } },
    { name: 'registry', keys: { '.dockerconfigjson': 'deploy token' } },
    { name: 'unused', keys: { KEY: 'left over' } },
  ],
  flows: [
    { from: 'web', to: 'db', port: 5432 },
    { from: 'ingress controller', to: 'web', port: 3000 },
  ],
  flux: [
    object('Kustomization', 'shop-test-base', {}),
    object('Kustomization', 'shop-test', { dependsOn: [{ name: 'shop-test-base' }] }),
  ],
});

/** The text below a heading of the page, up to the next. */
function section(page: string, heading: string): string {
  const [, text = ''] = page.split(`### ${heading}\n\n`);
  return (text.split(/\n\n#{2,3} /)[0] ?? '').trimEnd();
}

const page = platformPage([tree]);

test('the page says what it is of, and not to edit it', () => {
  expect(page).toMatch(/^# shop\n\nKept current by `make synth` from `platforms\/shop`; do not edit\.\n\n## test\n/);
  expect(page).toMatch(/[^\n]\n$/);
});

test.each([
  [false, 'shared with others'],
  [true, 'its own'],
])('a namespace that is owned: %p', (owned, words) => {
  expect(platformPage([testTree({ namespace: { name: 'market', owned } })])).toContain(
    `Cluster \`test-cluster\`, namespace \`market\` (${words}).`,
  );
});

test('what runs: kind, layer, how many, image, resources and init containers', () => {
  expect(section(page, 'What runs')).toBe(
    '| Workload | Layer | How many, or when | Image | Requests | Before it starts |\n' +
      '| --- | --- | --- | --- | --- | --- |\n' +
      '| Deployment `web` | app | 2 pods | `shop:1.2` | 100m CPU, 256Mi (limit 512Mi) | `schema-sync` |',
  );
});

test('where data lies: claim, volume, server and path or class, and who mounts which folder', () => {
  expect(section(page, 'Where its data lies')).toBe(
    '| Claim | Volume | Where | Mounted by |\n' +
      '| --- | --- | --- | --- |\n' +
      '| `shop-data` | `shop-pv` | NFS `nas:/shop` | `web` at `/files` (folder `uploads`) |\n' +
      '| `shop-cache` | – | storage class `kept` | nothing |',
  );
});

test('several users of a claim or a key are all named', () => {
  const worker = object('Deployment', 'worker', web.spec as object);
  const both = platformPage([{ ...tree, layers: [layer('base', volume, claim), layer('app', web, worker)] }]);
  expect(section(both, 'Where its data lies')).toContain(
    '| `web` at `/files` (folder `uploads`)<br>`worker` at `/files` (folder `uploads`) |',
  );
  expect(section(both, 'Secrets it expects')).toContain('| `USER` | owner of the database | `web`, `worker` |');
});

test('a platform without claims keeps no data', () => {
  expect(section(platformPage([testTree()]), 'Where its data lies')).toBe('Nothing of it is kept on volumes.');
});

test('secrets: each key, what it holds and who reads it, init containers and pull secrets included', () => {
  expect(section(page, 'Secrets it expects')).toBe(
    'Written by people, encrypted, in `secrets/shop/test/` of the config repository.\n\n' +
      '| Secret | Key | What it holds | Read by |\n' +
      '| --- | --- | --- | --- |\n' +
      '| `db-secret` | `USER` | owner of the database | `web` |\n' +
      '| `db-secret` | `PASSWORD` | its password | `web` |\n' +
      '| `registry` | `.dockerconfigjson` | deploy token | `web` |\n' +
      '| `unused` | `KEY` | left over |  |',
  );
});

test('flows are a diagram in which each name is one node', () => {
  expect(section(page, 'Who talks to whom')).toBe(
    'Everything else is refused by NetworkPolicies; name look-ups are allowed to all that open connections.\n\n' +
      '```mermaid\nflowchart LR\n' +
      '  n0["web"]\n  n1["db"]\n  n2["ingress controller"]\n' +
      '  n0 -->|5432| n1\n  n2 -->|3000| n0\n```',
  );
});

test('layers are a diagram of what is applied after what', () => {
  expect(section(page, 'How Flux applies it')).toBe(
    'An arrow points to what is applied after, once the first is healthy at the same revision.\n\n' +
      '```mermaid\nflowchart LR\n' +
      '  shop-test-base["shop-test-base"]\n  shop-test["shop-test"]\n  shop-test-base --> shop-test\n```',
  );
});

test('exceptions are shown with their reason, where there are any', () => {
  const exceptions = [{ rule: 'restricted-pods', object: 'Deployment/web', reason: 'runs as root until 2027' }];
  expect(page).not.toContain('Exceptions');
  expect(section(platformPage([testTree({ exceptions })]), 'Exceptions from the rules')).toBe(
    '| Rule | Object | Reason |\n| --- | --- | --- |\n' +
      '| `restricted-pods` | `Deployment/web` | runs as root until 2027 |',
  );
});

test('each environment has a section, in the order of its trees', () => {
  const both = platformPage([testTree({ environment: 'prod' }), testTree({ environment: 'dev' })]);
  const parts = [
    '### What runs',
    '### Where its data lies',
    '### Secrets it expects',
    '### Who talks to whom',
    '### How Flux applies it',
  ];
  expect(both.match(/^.*#.*$/gm)).toEqual(['# shop', '## prod', ...parts, '## dev', ...parts]);
});
