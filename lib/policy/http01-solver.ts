import { defineRule } from './define-rule';
import type { NetworkPolicySpec } from './network-policy-spec';
import { comesFromNamespace } from './peers';
import type { Placed } from './pods';

/** Port on which cert-manager's solver pods answer. */
const SOLVER_PORT = 8089;

/** Label that cert-manager gives its solver pods. */
const SOLVER_LABEL = 'acme.cert-manager.io/http01-solver';

/** Whether a NetworkPolicy is for cert-manager's solver pods: the only pods that are not ours and that we select. */
export function isSolverPolicy({ manifest }: Placed): boolean {
  const { podSelector } = (manifest.spec ?? {}) as NetworkPolicySpec;
  const labels = podSelector?.matchLabels ?? {};
  return labels[SOLVER_LABEL] === 'true' && Object.keys(labels).length === 1;
}

/**
 * Where certificates come by the HTTP-01 challenge, the ingress controller reaches the solver pods, which run in the
 * app's own namespace: a default deny without this flow stops the first certificate and every renewal.
 */
export const http01Solver = defineRule('http01-solver', (view, report) => {
  const { cluster, namespace } = view.tree;
  const { issuer, controllerNamespace } = cluster.ingress ?? {};
  if (issuer?.challenge !== 'http01' || controllerNamespace === undefined || !namespace.owned) {
    return;
  }
  const open = view.ofKind('NetworkPolicy').some((policy) => {
    const { ingress = [] } = (policy.manifest.spec ?? {}) as NetworkPolicySpec;
    return (
      isSolverPolicy(policy) &&
      ingress.some(
        ({ from = [], ports = [] }) =>
          ports.some(({ port }) => port === SOLVER_PORT) &&
          from.some((peer) => comesFromNamespace(peer, controllerNamespace)),
      )
    );
  });
  for (const where of open ? [] : view.ofKind('Ingress')) {
    if (where.manifest.metadata.annotations?.['cert-manager.io/cluster-issuer'] === issuer.name) {
      const wrong = `issuer "${issuer.name}" uses HTTP-01 and namespace "${controllerNamespace}" cannot reach its solver pods`;
      const wayOut = `add a NetworkPolicy that selects ${SOLVER_LABEL}: "true" and lets it in on port ${SOLVER_PORT}`;
      report(where, wrong, wayOut);
    }
  }
});
