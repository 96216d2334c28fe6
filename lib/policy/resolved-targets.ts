import { defineRule, type Report } from './define-rule';
import type { LabelSelector, ServiceSpec, WorkloadSpec } from './objects';
import type { Placed } from './pods';
import { certificateMakes, requireObject } from './require-object';
import { selects } from './selectors';
import type { TreeView } from './tree-view';

/** A Service and port that requests are handed to. */
interface Backend {
  readonly service: string;
  readonly port: number | string | undefined;
}

/**
 * What autoscalers, disruption budgets, StatefulSets and Ingresses point at is there, with the port that they name,
 * in their own layer or in one that it depends on.
 */
export const resolvedTargets = defineRule('resolved-targets', (view, report) => {
  for (const from of view.ofKind('StatefulSet')) {
    const { serviceName } = (from.manifest.spec ?? {}) as WorkloadSpec;
    if (serviceName) {
      requireObject(view, { from, by: 'serviceName', kind: 'Service', name: serviceName }, report);
    }
  }
  for (const from of view.ofKind('HorizontalPodAutoscaler')) {
    const { scaleTargetRef } = (from.manifest.spec ?? {}) as { scaleTargetRef?: { kind: string; name: string } };
    if (scaleTargetRef !== undefined) {
      requireObject(view, { from, by: 'scaleTargetRef', ...scaleTargetRef }, report);
    }
  }
  for (const budget of view.ofKind('PodDisruptionBudget')) {
    const { selector } = (budget.manifest.spec ?? {}) as { selector?: LabelSelector };
    if (!view.pods.some(({ labels }) => selects(selector, labels))) {
      const wayOut = 'write the labels of the workload that it protects';
      report(budget, `selector ${JSON.stringify(selector)} selects no pod`, wayOut);
    }
  }
  for (const from of view.ofKind('Ingress')) {
    checkBackends(view, from, ingressBackends(from), report);
    checkCertificates(view, from, report);
  }
  for (const from of view.ofKind('IngressRoute')) {
    checkBackends(view, from, routeBackends(from), report);
  }
});

function ingressBackends({ manifest }: Placed): Backend[] {
  type Written = { service?: { name: string; port?: { name?: string; number?: number } } };
  const { defaultBackend, rules = [] } = (manifest.spec ?? {}) as {
    defaultBackend?: Written;
    rules?: { http?: { paths?: { backend: Written }[] } }[];
  };
  const paths = rules.flatMap(({ http }) => http?.paths ?? []);
  return [defaultBackend, ...paths.map(({ backend }) => backend)].flatMap((backend) =>
    backend?.service === undefined
      ? []
      : [{ service: backend.service.name, port: backend.service.port?.name ?? backend.service.port?.number }],
  );
}

/** Backends of Traefik's own kind of Ingress; a TraefikService is none. */
function routeBackends({ manifest }: Placed): Backend[] {
  const { routes = [] } = (manifest.spec ?? {}) as {
    routes?: { services?: { name: string; kind?: string; port?: number | string }[] }[];
  };
  return routes
    .flatMap(({ services = [] }) => services)
    .filter(({ kind = 'Service' }) => kind === 'Service')
    .map(({ name, port }) => ({ service: name, port }));
}

function checkBackends(view: TreeView, from: Placed, backends: readonly Backend[], report: Report): void {
  for (const { service, port } of backends) {
    const found = requireObject(view, { from, by: 'a backend', kind: 'Service', name: service }, report);
    const { ports = [] } = (found?.manifest.spec ?? {}) as ServiceSpec;
    if (found !== undefined && !ports.some((each) => each.name === port || each.port === port)) {
      const known = ports.map((each) => each.name ?? each.port).join(', ');
      report(from, `a backend names port ${port}, which Service/${service} does not have`, `name one of ${known}`);
    }
  }
}

/** cert-manager makes the certificates of an Ingress that names an issuer; others are people's. */
function checkCertificates(view: TreeView, from: Placed, report: Report): void {
  const { annotations = {} } = from.manifest.metadata;
  if ('cert-manager.io/cluster-issuer' in annotations || 'cert-manager.io/issuer' in annotations) {
    return;
  }
  const { tls = [] } = (from.manifest.spec ?? {}) as { tls?: { secretName?: string }[] };
  for (const { secretName } of tls) {
    const promised = view.tree.secrets.some(({ name }) => name === secretName);
    if (secretName !== undefined && !promised && !certificateMakes(view, secretName, from.layer.name)) {
      const wayOut = 'name an issuer in annotation cert-manager.io/cluster-issuer, or declare the secret';
      report(from, `tls names Secret "${secretName}", which nobody makes`, wayOut);
    }
  }
}
