import { objectName } from '../platform/manifest';
import type { WorkloadSpec } from './objects';
import type { Placed } from './pods';
import type { TreeView } from './tree-view';

/** The replicas that a workload has at least, and who decides about more. */
export interface Scale {
  /** The number that is always there. */
  readonly minimum: number;
  /** The HorizontalPodAutoscaler. @default - none: the number is fixed */
  readonly scaler: Placed | undefined;
}

/** `spec` of a HorizontalPodAutoscaler. */
export interface ScalerSpec {
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/** How a Deployment or StatefulSet is scaled. */
export function scaleOf(view: TreeView, workload: Placed): Scale {
  const name = objectName(workload.manifest);
  const scaler = view.ofKind('HorizontalPodAutoscaler').find(({ manifest }) => {
    const { scaleTargetRef } = (manifest.spec ?? {}) as ScalerSpec;
    return `${scaleTargetRef?.kind}/${scaleTargetRef?.name}` === name;
  });
  const { replicas = 1 } = (workload.manifest.spec ?? {}) as WorkloadSpec;
  const { minReplicas = 1 } = (scaler?.manifest.spec ?? {}) as ScalerSpec;
  return { minimum: scaler === undefined ? replicas : minReplicas, scaler };
}
