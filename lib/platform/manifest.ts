/** A Kubernetes object exactly as it is written to a file: plain data, every lazy value resolved. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** Absent on cluster-scoped objects. */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** How messages name an object: `Deployment/school-platform`. */
export function objectName(manifest: Manifest): string {
  return `${manifest.kind}/${manifest.metadata.name}`;
}
