import { k8s } from 'cdk8s-plus-28';
import type { Platform } from './platform';
import { NEVER_PRUNED } from './pruning';

/** Level of Pod Security that the namespace of a platform enforces. */
const POD_SECURITY = 'restricted';

/** The Namespace object of a platform that owns its namespace; nothing in one that exists. */
export function addNamespace({ namespace, layers }: Platform): void {
  if (!namespace.owned) {
    return;
  }
  new k8s.KubeNamespace(layers.base, 'Namespace', {
    metadata: {
      name: namespace.name,
      annotations: NEVER_PRUNED,
      labels: {
        'pod-security.kubernetes.io/enforce': POD_SECURITY,
        'pod-security.kubernetes.io/warn': POD_SECURITY,
        'pod-security.kubernetes.io/audit': POD_SECURITY,
      },
    },
  });
}
