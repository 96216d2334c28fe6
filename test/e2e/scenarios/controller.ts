import type { Context } from '../context';
import { startToolsPod } from '../network';
import type { Pod } from '../objects';

/** Namespace of the ingress controller, from the cluster's facts. */
export const CONTROLLER_NAMESPACE = 'ingress-nginx';

/** The pod that stands in for the ingress controller: the test clusters have none. */
export async function controllerPod({ kubectl }: Context): Promise<Pod> {
  await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: CONTROLLER_NAMESPACE } });
  return (
    (await kubectl.find<Pod>('pod', 'controller', CONTROLLER_NAMESPACE)) ??
    (await startToolsPod(kubectl, CONTROLLER_NAMESPACE, 'controller'))
  );
}
