import type { PodTemplateSpec } from './pod-spec';

/**
 * The fields of Kubernetes objects that rules read, as plain data. Every field may be missing: rules see what is
 * written, not what a constructor promised.
 */

/** Labels, annotations or the data of a ConfigMap. */
export type Strings = Readonly<Record<string, string>>;

/** Which pods somebody means, by their labels. */
export interface LabelSelector {
  readonly matchLabels?: Strings;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** Quantities by resource, as Kubernetes writes them. */
export type Amounts = Readonly<Record<string, string | number>>;

/** `spec` of a Job, also inside a CronJob. Times in seconds. */
export interface JobSpec {
  readonly template?: PodTemplateSpec;
  readonly activeDeadlineSeconds?: number;
  readonly backoffLimit?: number;
  readonly completions?: number;
  readonly parallelism?: number;
  readonly successPolicy?: unknown;
  readonly managedBy?: string;
  readonly suspend?: boolean;
  readonly ttlSecondsAfterFinished?: number;
}

/** `spec` of a Deployment, StatefulSet or DaemonSet. */
export interface WorkloadSpec {
  readonly replicas?: number;
  /** Time that a pod has to be ready before it counts, in seconds. */
  readonly minReadySeconds?: number;
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
  /** Deployment only. */
  readonly strategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly maxUnavailable?: number | string; readonly maxSurge?: number | string };
  };
  /** Deployment only, in seconds. */
  readonly progressDeadlineSeconds?: number;
  /** StatefulSet only. */
  readonly serviceName?: string;
  /** StatefulSet only. */
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string }; readonly spec: ClaimSpec }[];
  /** StatefulSet only: what becomes of its claims, `Retain` or `Delete`. */
  readonly persistentVolumeClaimRetentionPolicy?: Readonly<Record<string, string>>;
}

/** `spec` of a PersistentVolumeClaim. */
export interface ClaimSpec {
  readonly accessModes?: readonly string[];
  readonly resources?: { readonly requests?: Amounts };
  readonly storageClassName?: string;
  readonly volumeName?: string;
}

/** `spec` of a PersistentVolume. */
export interface VolumeSpec {
  readonly claimRef?: { readonly name?: string; readonly namespace?: string };
  readonly mountOptions?: readonly string[];
  readonly nfs?: { readonly server: string; readonly path: string };
  readonly persistentVolumeReclaimPolicy?: string;
  readonly storageClassName?: string;
}

/** `spec` of a Service. */
export interface ServiceSpec {
  readonly selector?: Strings;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: number | string;
  }[];
}

/** `spec` of a Flux Kustomization; durations as Go writes them. */
export interface KustomizationSpec {
  readonly interval?: string;
  readonly retryInterval?: string;
  readonly timeout?: string;
  readonly path?: string;
  readonly prune?: boolean;
  readonly deletionPolicy?: string;
  readonly wait?: boolean;
  readonly force?: boolean;
  readonly sourceRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
  readonly dependsOn?: readonly { readonly name: string; readonly namespace?: string; readonly readyExpr?: string }[];
  readonly decryption?: { readonly provider?: string; readonly secretRef?: { readonly name?: string } };
  readonly [field: string]: unknown;
}
