import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { yamlFiles } from '../changes';
import type { Context, Figures, Scenario } from '../context';
import type { Kubectl } from '../kubectl';
import type { KubeObject } from '../objects';
import { addUpstreamCrds, removeCrds } from '../upstream-crds';
import { expect } from '../waiting';

const STRICT = ['apply', '--server-side', '--validate=strict', '--field-manager=mooring-e2e'];

/** What the API server says when a pod template breaks the namespace's Pod Security level. */
const VIOLATION = /would violate PodSecurity/;

/** Applies the namespaces for real, for nothing can be tried in one that is not there; everything else is only tried. */
async function run({ kubectl, project, say }: Context): Promise<Figures> {
  const dist = join(project, 'dist');
  const files = yamlFiles(dist);
  const namespaces = namespacesOf(files);
  const crds = await addUpstreamCrds(project, kubectl, groupsOf(files));
  try {
    for (const name of namespaces) {
      await kubectl.output([...STRICT, '-f', fileOf(files, `namespace-${name}`)]);
      const { metadata } = await kubectl.get<KubeObject>('namespace', name);
      const level = metadata.labels?.['pod-security.kubernetes.io/enforce'];
      expect(`namespace ${name} enforces Pod Security "restricted"`, level === 'restricted', level);
    }

    const tried = await kubectl.run([...STRICT, '--dry-run=server', '-R', '-f', dist]);
    const accepted = tried.stdout.split('\n').filter((line) => line.includes('serverside-applied'));
    expect('every object is accepted', tried.code === 0 && accepted.length === files.length, tried.stderr);
    expect('no Pod Security warning is given', !VIOLATION.test(tried.stderr), tried.stderr);
    if (tried.stderr.trim() !== '') {
      say(`warnings: ${tried.stderr.trim()}`);
    }
    await noticesWhatIsWrong(kubectl, fileOf(files, 'deployment-school-platform-db'));
    return { objects: String(accepted.length), 'CRDs added': String(crds.length) };
  } finally {
    for (const name of namespaces) {
      await kubectl.remove('namespace', name);
    }
    await removeCrds(kubectl, crds);
  }
}

/** The same call sees a field that does not exist and a pod that is not restricted: otherwise it proves nothing. */
async function noticesWhatIsWrong(kubectl: Kubectl, file: string): Promise<void> {
  interface Deployment {
    spec: { replicaz?: number; template: { spec: { securityContext?: object } } };
  }
  const changed = async (change: (spec: Deployment['spec']) => void) => {
    const object = load(readFileSync(file, 'utf8')) as Deployment;
    change(object.spec);
    return kubectl.run([...STRICT, '--dry-run=server', '-f', '-'], JSON.stringify(object));
  };
  const misspelt = await changed((spec) => {
    spec.replicaz = 1;
  });
  const refused = misspelt.code !== 0 && misspelt.stderr.includes('replicaz');
  expect('a field that does not exist is refused', refused, misspelt.stderr);
  const open = await changed((spec) => {
    delete spec.template.spec.securityContext;
  });
  expect('a pod template that is not restricted gives a warning', VIOLATION.test(open.stderr), open.stderr);
}

/** Every namespace that a platform owns. */
function namespacesOf(files: readonly string[]): string[] {
  const names = files.flatMap((file) => /\/namespace-([a-z0-9-]+)\.yaml$/.exec(file)?.[1] ?? []);
  return [...new Set(names)];
}

/** API groups of the objects, e.g. `kustomize.toolkit.fluxcd.io`. */
function groupsOf(files: readonly string[]): Set<string> {
  const objects = files.map((file) => load(readFileSync(file, 'utf8')) as KubeObject);
  return new Set(objects.map(({ apiVersion }) => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')))));
}

function fileOf(files: readonly string[], name: string): string {
  const file = files.find((each) => each.endsWith(`/${name}.yaml`));
  if (file === undefined) {
    throw new Error(`dist has no ${name}.yaml; run "make synth"`);
  }
  return file;
}

/** Every object of `dist` is what this API server knows, and every pod is restricted. */
export const distIsAccepted: Scenario = {
  name: 'the API server accepts every object of dist strictly, without a Pod Security warning',
  run,
};
