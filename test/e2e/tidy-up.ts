import { NAMESPACE as HONEYDUE } from './honeydue';
import type { Kubectl } from './kubectl';
import { Neon } from './neon';
import { NAMESPACE as SCHOOL, VOLUMES } from './school';
import { VISITOR_LABEL } from './visitors';
import { MONITORING, NAMESPACE as VOLATICLOUD } from './volaticloud';
import { Webhook } from './webhook';

const FLUX = ['-n', 'flux-system', '--ignore-not-found', '--wait=false'];

/**
 * Removes from a cluster that stays up all that the test made. The Kustomizations are released from their finalizer:
 * one that is still waiting for its objects' health would not look at its deletion before that ends.
 */
export async function tidyUp(kubectl: Kubectl): Promise<void> {
  const names = (await kubectl.output(['get', 'kustomizations', '-n', 'flux-system', '-o', 'name'])).split('\n');
  const ours = names.filter((name) =>
    /\/(flux-system|((school-platform|honeydue)-prod|volaticloud-staging).*)$/.test(name),
  );
  for (const name of ours) {
    await kubectl.run(['delete', name, ...FLUX]);
    await kubectl.run(['patch', name, '-n', 'flux-system', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  }
  await kubectl.run(['delete', 'gitrepository/flux-system', 'secret/sops-age', ...FLUX]);
  const namespaces = [
    SCHOOL,
    HONEYDUE,
    VOLATICLOUD,
    MONITORING,
    'ingress-nginx',
    'mooring-e2e-scratch',
    Webhook.NAMESPACE,
  ];
  await Neon.remove(kubectl);
  await kubectl.run(['delete', 'pods', '--all-namespaces', '-l', VISITOR_LABEL]);
  await kubectl.run(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--timeout=180s'], undefined, 190);
  await kubectl.run(['delete', 'persistentvolume', ...VOLUMES, '--ignore-not-found', '--timeout=60s']);
}
