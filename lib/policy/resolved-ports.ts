import { defineRule, type Report } from './define-rule';
import type { NetworkPolicySpec } from './network-policy-spec';
import type { Container } from './pod-spec';
import type { PodTemplate } from './pods';
import { selects } from './selectors';
import { listener } from './services';

/** Ports that Services, probes, hooks and NetworkPolicies name are ports that the containers declare. */
export const resolvedPorts = defineRule('resolved-ports', (view, report) => {
  for (const service of view.services) {
    for (const pod of service.pods) {
      for (const { port, targetPort = port } of service.spec.ports ?? []) {
        if (listener(pod, targetPort) === undefined) {
          const wrong = `target port ${targetPort} is no port of ${pod.manifest.kind}/${pod.manifest.metadata.name}`;
          report(service, wrong, `name one of ${portsOf(pod)} or declare it on the container`);
        }
      }
    }
  }
  for (const pod of view.pods) {
    for (const container of pod.containers) {
      checkHandlers(pod, container, report);
    }
  }
  for (const policy of view.ofKind('NetworkPolicy')) {
    const { podSelector, ingress = [] } = (policy.manifest.spec ?? {}) as NetworkPolicySpec;
    const selected = view.pods.filter(({ labels }) => selects(podSelector, labels));
    for (const { port } of ingress.flatMap(({ ports = [] }) => ports)) {
      for (const pod of selected) {
        if (typeof port === 'string' && listener(pod, port) === undefined) {
          const wrong = `port "${port}" is no port of ${pod.manifest.kind}/${pod.manifest.metadata.name}`;
          report(policy, wrong, `name one of ${portsOf(pod)}`);
        }
      }
    }
  }
});

function checkHandlers(pod: PodTemplate, container: Container, report: Report): void {
  const { name, ports = [], startupProbe, readinessProbe, livenessProbe, lifecycle } = container;
  const handlers = { startupProbe, readinessProbe, livenessProbe, ...lifecycle };
  for (const [field, handler] of Object.entries(handlers)) {
    const port = handler?.httpGet?.port ?? handler?.tcpSocket?.port;
    if (typeof port === 'string' && !ports.some((each) => each.name === port)) {
      const known = ports.map((each) => each.name ?? each.containerPort).join(', ') || 'none';
      report(
        pod,
        `${field} of container "${name}" asks port "${port}", which it does not have`,
        `name one of ${known}`,
      );
    }
  }
}

function portsOf({ spec }: PodTemplate): string {
  const ports = (spec.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.map(({ name, containerPort }) => name ?? containerPort).join(', ') || 'none';
}
