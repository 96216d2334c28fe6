import { type Cluster, clusterSchema } from '../../lib/platform/cluster';
import { problemsOf } from '../../lib/platform/problems';
import { testCluster } from '../support/test-platform';

/** The least that a cluster says of itself. */
const minimal: Cluster = {
  name: 'alpha',
  registry: 'registry.example.com',
  flux: { source: { kind: 'GitRepository', name: 'config', namespace: 'flux-system' }, decryptionSecret: 'sops-age' },
};

const problems = (facts: object) => problemsOf(clusterSchema, facts, 'clusters/alpha.ts');

test('a cluster needs no ingress, NFS server, storage class or Prometheus', () => {
  expect(problems(minimal)).toEqual([]);
});

test('a cluster may have everything', () => {
  expect(problems(testCluster)).toEqual([]);
});

test.each(['registry.example.com', 'registry.example.com:5000', 'registry.example.com/team/images'])(
  'the registry "%s" is a host, a port and a path at most',
  (registry) => {
    expect(problems({ ...minimal, registry })).toEqual([]);
  },
);

test.each([
  ['GitRepository', 'http01'],
  ['OCIRepository', 'dns01'],
])('Flux may read a %s, and an issuer may use %s', (kind, challenge) => {
  const { flux, ingress } = testCluster;
  const facts = {
    ...minimal,
    flux: { ...flux, source: { ...flux.source, kind } },
    ingress: { ...ingress, issuer: { ...ingress.issuer, challenge } },
  };
  expect(problems(facts)).toEqual([]);
});

test.each([
  [{ name: 'My Cluster' }, 'name is "My Cluster"; write lower-case letters, digits and dashes, at most 63'],
  [
    { registry: 'https://r.example' },
    'registry is "https://r.example"; write a host without scheme, e.g. registry.example.com',
  ],
  [
    { flux: { ...minimal.flux, source: { ...minimal.flux.source, kind: 'Bucket' } } },
    'flux.source.kind is "Bucket"; write one of "GitRepository", "OCIRepository"',
  ],
  [{ flux: undefined }, 'flux is missing; write a value of type object'],
  [
    { ingress: { ...testCluster.ingress, issuer: { name: 'letsencrypt', challenge: 'dns' } } },
    'ingress.issuer.challenge is "dns"; write one of "http01", "dns01"',
  ],
  [
    { nfs: { server: 'nas', mountOptions: ['noatime'] } },
    'nfs.mountOptions is ["noatime"]; add "hard": PostgreSQL requires it, a soft mount loses writes',
  ],
  [
    { nfs: { server: 'nas', mountOptions: ['hard', 'soft'] } },
    'nfs.mountOptions is ["hard","soft"]; add "hard": PostgreSQL requires it, a soft mount loses writes',
  ],
  [
    { storageClasses: { standard: { reclaimPolicy: 'Recycle' } } },
    'storageClasses.standard.reclaimPolicy is "Recycle"; write one of "Retain", "Delete"',
  ],
  [
    { monitoring: { namespace: 'Mon' } },
    'monitoring.namespace is "Mon"; write lower-case letters, digits and dashes, at most 63',
  ],
  [{ ingres: {} }, 'ingres is not known here; remove it or correct its name'],
])('the facts %j are refused', (facts, problem) => {
  expect(problems({ ...minimal, ...facts })).toEqual([`clusters/alpha.ts: ${problem}`]);
});

test.each([
  ['an empty NFS server', { nfs: { server: '', mountOptions: ['hard'] } }],
  ['no mount options', { nfs: { server: 'nas', mountOptions: [] } }],
  ['a storage class that cannot be called so', { storageClasses: { 'My Class': { reclaimPolicy: 'Retain' } } }],
])('the refusal of %s says what to write', (_, facts) => {
  const found = problems({ ...minimal, ...facts });
  expect(found.length).toBeGreaterThan(0);
  for (const problem of found) {
    expect(problem).toMatch(/; (write|add) /);
  }
});
