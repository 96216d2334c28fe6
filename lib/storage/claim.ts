/** A PersistentVolumeClaim that pods of any layer after `base` may mount. */
export interface Claim {
  /** Name of the PersistentVolumeClaim. */
  readonly name: string;
}

/** How many nodes or pods may mount a claim, in Kubernetes' words. */
export type AccessMode = 'ReadWriteOnce' | 'ReadWriteMany' | 'ReadWriteOncePod' | 'ReadOnlyMany';
