import { defineRule, type Report } from './define-rule';
import { isSolverPolicy } from './http01-solver';
import type { NetworkPolicySpec, PolicyPort } from './network-policy-spec';
import { DNS_PORT } from './peers';
import type { Placed, PodTemplate } from './pods';
import { selects } from './selectors';

/** A NetworkPolicy and its spec. */
interface Policy extends Placed {
  readonly spec: NetworkPolicySpec;
}

/**
 * Every pod is denied all but declared flows, both ways, by a policy of its own layer; with a flow to anywhere it may
 * ask for names; and no policy is left over that selects nothing.
 */
export const networkPolicies = defineRule('network-policies', (view, report) => {
  const policies = view
    .ofKind('NetworkPolicy')
    .map(({ layer, manifest }) => ({ layer, manifest, spec: (manifest.spec ?? {}) as NetworkPolicySpec }));
  for (const pod of view.pods) {
    checkPod(
      pod,
      policies.filter(({ layer, spec }) => layer === pod.layer && selects(spec.podSelector, pod.labels)),
      report,
    );
  }
  for (const policy of policies) {
    if (!isSolverPolicy(policy) && !view.pods.some(({ labels }) => selects(policy.spec.podSelector, labels))) {
      const wrong = `podSelector ${JSON.stringify(policy.spec.podSelector)} selects no pod`;
      report(policy, wrong, 'write the labels of the workload that it is for, or remove it');
    }
  }
});

function checkPod(pod: PodTemplate, policies: readonly Policy[], report: Report): void {
  for (const direction of ['Ingress', 'Egress']) {
    if (!policies.some(({ spec }) => spec.policyTypes?.includes(direction))) {
      const wrong = `no NetworkPolicy of layer ${pod.layer.name} with policyType ${direction} selects its pods`;
      report(pod, wrong, 'add one, so that only declared flows are open');
    }
  }
  const rules = policies.flatMap(({ spec }) => spec.egress ?? []);
  const ports = rules.flatMap((rule) => rule.ports ?? []);
  if (!rules.some(({ ports: own = [] }) => own.some(({ port }) => port !== DNS_PORT))) {
    return;
  }
  for (const protocol of ['UDP', 'TCP']) {
    if (!ports.some((port) => isDns(port, protocol))) {
      const wrong = `its policies let it out but not to port ${DNS_PORT}/${protocol}`;
      report(pod, wrong, 'allow DNS to any address: names are resolved before any flow begins');
    }
  }
}

function isDns({ port, protocol = 'TCP' }: PolicyPort, wanted: string): boolean {
  return port === DNS_PORT && protocol === wanted;
}
