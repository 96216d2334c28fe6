import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Commands } from './commands';
import type { Kubectl } from './kubectl';
import { Neon } from './neon';
import { Webhook } from './webhook';

/** Folder, beside the project, of a program that brings up a one-node Kubernetes with Flux on this machine. */
const LOCAL_CLUSTER = '../shared/cluster';

/** CRDs that Flux' two controllers bring. */
const FLUX_CRDS = ['gitrepositories.source.toolkit.fluxcd.io', 'kustomizations.kustomize.toolkit.fluxcd.io'];

/** Namespaces and objects that the test makes and removes again: none may be there before. */
const MUST_BE_ABSENT: readonly (readonly string[])[] = [
  ['namespace', 'school'],
  ['namespace', 'honeydue'],
  ['namespace', 'volaticloud'],
  ['namespace', 'monitoring'],
  ['namespace', Neon.NAMESPACE],
  ['namespace', 'ingress-nginx'],
  ['namespace', Webhook.NAMESPACE],
  ['gitrepository', 'flux-system', '-n', 'flux-system'],
  ['persistentvolume', 'school-platform-prod-pv', 'school-platform-prod-db-pv', 'school-backups-pv-prod'],
];

/** A cluster to test on. */
export interface Cluster {
  /** `KUBECONFIG` and `PATH` with which kubectl reaches it. */
  readonly env: Readonly<Record<string, string>>;
  readonly description: string;
  /** Whether the test brought it up, and so takes it down. */
  readonly own: boolean;
}

/**
 * The cluster of `KUBECONFIG`, or one brought up for the test.
 *
 * @throws what to do, when there is neither
 */
export async function bringUp(project: string, commands: Commands): Promise<Cluster> {
  const { KUBECONFIG, PATH = '' } = process.env;
  if (KUBECONFIG !== undefined && KUBECONFIG !== '') {
    return { env: { KUBECONFIG, PATH }, description: `cluster of KUBECONFIG=${KUBECONFIG}`, own: false };
  }
  const folder = resolve(project, LOCAL_CLUSTER);
  if (!existsSync(join(folder, 'up'))) {
    throw new Error(
      `there is no cluster to test on: KUBECONFIG is not set and ${folder}/up does not exist\n` +
        'set KUBECONFIG to a one-node cluster on this machine that runs Flux (source- and kustomize-controller) and ' +
        'holds nothing of yours, and MOORING_E2E_GIT to the URL of a Git repository that this machine may push to and ' +
        'the cluster may read',
    );
  }
  const { code, stdout, stderr } = await commands.run(join(folder, 'up'), [], { seconds: 240 });
  const match = /^export KUBECONFIG=(\S+) PATH=(\S+):\$PATH$/m.exec(stdout);
  if (code !== 0 || match === null) {
    throw new Error(`${folder}/up failed: ${stderr}${stdout}\nrun ${folder}/setup once, then try again`);
  }
  const [, kubeconfig = '', bin = ''] = match;
  return {
    env: { KUBECONFIG: kubeconfig, PATH: `${bin}:${PATH}` },
    description: `cluster of ${LOCAL_CLUSTER}`,
    own: !stderr.includes('already up'),
  };
}

/** Stops what `bringUp` started, also when it did not come to its end. */
export async function takeDown(project: string): Promise<void> {
  const down = join(resolve(project, LOCAL_CLUSTER), 'down');
  if (existsSync(down)) {
    await new Commands(new AbortController().signal).output(down, [], { seconds: 120 });
  }
}

/**
 * Refuses a cluster that cannot be used.
 *
 * @throws when Flux is missing, or when something is there that the test would change or remove
 */
export async function refuseUnsuitable(kubectl: Kubectl): Promise<void> {
  const alive = await kubectl.run(['get', '--raw', '/readyz']);
  if (alive.code !== 0) {
    throw new Error(`the cluster does not answer: ${alive.stderr.trim().split('\n').at(-1)}`);
  }
  const problems: string[] = [];
  const crds = await kubectl.run(['get', 'crd', ...FLUX_CRDS, '-o', 'name']);
  if (crds.code !== 0) {
    problems.push(`Flux' source- and kustomize-controller must be installed: ${crds.stderr.trim()}`);
  } else {
    for (const object of MUST_BE_ABSENT) {
      const found = await kubectl.output(['get', ...object, '--ignore-not-found', '-o', 'name']);
      problems.push(...found.split('\n').filter(Boolean));
    }
  }
  if (problems.length > 0) {
    throw new Error(
      `the cluster cannot be used for this test: ${problems.join(', ')}\n` +
        'the test makes these objects itself and removes them at its end; give it a cluster of its own',
    );
  }
}
