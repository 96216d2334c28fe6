/** Part of a container's description. */
export interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
}

/** A variable of a container: a plain value, or a key of a Secret. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

/** Part of metadata. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a Job of a CronJob is made from. */
export interface JobTemplate {
  readonly metadata?: Partial<Metadata>;
  readonly spec: {
    readonly template: {
      readonly metadata?: Partial<Metadata>;
      readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
    };
  };
}

/** Part of a CronJob, as a file of `dist` has it. */
export interface CronJobManifest {
  readonly metadata: Metadata;
  readonly spec: { readonly jobTemplate: JobTemplate };
}

/** Part of a CronJob, as the API server has it. */
export interface CronJob extends CronJobManifest {
  readonly metadata: Metadata & { readonly uid: string };
}

/** Part of a Job. */
export interface Job {
  readonly metadata: Metadata;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Something that the API server holds to be true, false or unknown. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** How a container is. */
export interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: {
      readonly exitCode: number;
      readonly signal?: number;
      readonly reason?: string;
      readonly message?: string;
    };
  };
}

/** Part of a Pod. */
export interface Pod {
  readonly metadata: Metadata & { readonly creationTimestamp?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}
