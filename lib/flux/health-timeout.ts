import type { Manifest } from '../platform/manifest';

/** Shortest time that a layer gets to become healthy, in seconds. */
const SHORTEST = 300;

/** `progressDeadlineSeconds` of a Deployment that does not say. */
const KUBERNETES_DEFAULT = 600;

/** Time beyond the longest deadline of the layer's own objects: pulling images, scheduling, Flux' 5 s polls. */
const MARGIN = 300;

/**
 * `timeout` of the Kustomization that applies these objects: above every Deployment's `progressDeadlineSeconds` and
 * every Job's `activeDeadlineSeconds`, so that the object's own verdict comes before Flux gives up.
 */
export function healthTimeout(objects: readonly Manifest[]): string {
  const deadlines = objects.map((object) => {
    const spec = object.spec as { progressDeadlineSeconds?: number; activeDeadlineSeconds?: number } | undefined;
    const own = spec?.progressDeadlineSeconds ?? spec?.activeDeadlineSeconds;
    return (own ?? (object.kind === 'Deployment' ? KUBERNETES_DEFAULT : 0)) + MARGIN;
  });
  return `${Math.ceil(Math.max(SHORTEST, ...deadlines) / 60)}m`;
}
