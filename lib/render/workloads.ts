import type { Manifest } from '../platform/manifest';
import type { Tree } from '../platform/tree';

/** A container as pages show it. */
interface PageContainer {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: { name: string; key: string } } }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly resources?: { readonly requests?: { cpu: string; memory: string }; readonly limits?: { memory: string } };
}

/** A pod as pages show it. */
interface PagePod {
  readonly containers: readonly PageContainer[];
  readonly initContainers?: readonly PageContainer[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}

/** Something that runs pods. */
export interface Workload {
  readonly layer: string;
  readonly object: Manifest;
  readonly pod: PagePod;
  /** How many pods, or when. */
  readonly often: string;
}

interface WorkloadSpec {
  readonly template?: { readonly spec: PagePod };
  readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: PagePod } } };
  readonly replicas?: number;
  readonly schedule?: string;
  readonly suspend?: boolean;
  readonly timeZone?: string;
}

/** Everything in a tree that runs pods, in the order of layers. */
export function workloads(tree: Tree): Workload[] {
  return tree.layers.flatMap((layer) =>
    layer.objects.flatMap((object) => {
      const spec = object.spec as WorkloadSpec | undefined;
      const pod = spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;
      return pod === undefined ? [] : [{ layer: layer.name, object, pod, often: often(tree, object, spec ?? {}) }];
    }),
  );
}

function often(tree: Tree, object: Manifest, spec: WorkloadSpec): string {
  if (spec.suspend) {
    return 'by hand';
  }
  if (spec.schedule !== undefined) {
    return `${spec.schedule} ${spec.timeZone}`;
  }
  if (object.kind === 'Job') {
    return 'once for each image';
  }
  const scaler = tree.layers
    .flatMap(({ objects }) => objects)
    .find(({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && metadata.name === object.metadata.name)?.spec as
    | { readonly minReplicas: number; readonly maxReplicas: number }
    | undefined;
  const pods = scaler === undefined ? String(spec.replicas) : `${scaler.minReplicas}–${scaler.maxReplicas}`;
  return `${pods} ${pods === '1' ? 'pod' : 'pods'}`;
}
