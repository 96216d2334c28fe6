import type { ServiceSpec } from './objects';
import type { Container } from './pod-spec';
import type { Placed, PodTemplate } from './pods';
import { selects } from './selectors';

/** A Service that selects pods, and the pod templates of the tree that it selects. */
export interface ServiceView extends Placed {
  readonly spec: ServiceSpec;
  readonly pods: readonly PodTemplate[];
}

/** The Services that have a selector: one without is an alias for something outside. */
export function serviceViews(services: readonly Placed[], pods: readonly PodTemplate[]): ServiceView[] {
  return services.flatMap((placed) => {
    const spec = placed.manifest.spec as ServiceSpec | undefined;
    const selector = spec?.selector;
    if (spec === undefined || selector === undefined) {
      return [];
    }
    return [{ ...placed, spec, pods: pods.filter(({ labels }) => selects({ matchLabels: selector }, labels)) }];
  });
}

/** The container of a pod that listens on a port, given by name or number. */
export function listener({ spec }: PodTemplate, port: number | string): Container | undefined {
  return spec.containers?.find(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => (typeof port === 'number' ? containerPort : name) === port),
  );
}

/** Number of a pod's port, given by name. */
export function listenerPort(pod: PodTemplate, name: string): number | undefined {
  return listener(pod, name)?.ports?.find((port) => port.name === name)?.containerPort;
}

/** The containers of a pod that Services send requests to. */
export function servingContainers(pod: PodTemplate, services: readonly ServiceView[]): Container[] {
  const serving = new Set<Container>();
  for (const { spec, pods } of services) {
    if (pods.includes(pod)) {
      for (const { port, targetPort = port } of spec.ports ?? []) {
        const container = listener(pod, targetPort);
        if (container !== undefined) {
          serving.add(container);
        }
      }
    }
  }
  return [...serving];
}
