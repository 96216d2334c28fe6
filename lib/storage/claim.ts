/** A PersistentVolumeClaim that pods of any layer after `base` may mount. */
export interface Claim {
  /** Name of the PersistentVolumeClaim. */
  readonly name: string;
  /** Path of the volume's root on the file server, for messages to the person who looks after it. @default - none */
  readonly exportPath?: string;
}

/** How many nodes or pods may mount a claim, in Kubernetes' words. */
export type AccessMode = 'ReadWriteOnce' | 'ReadWriteMany' | 'ReadWriteOncePod' | 'ReadOnlyMany';
