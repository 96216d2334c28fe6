import type { Size } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { Platform } from '../platform/platform';
import { NEVER_PRUNED } from '../platform/pruning';
import { quantity } from '../pod/quantity';
import type { AccessMode, Claim } from './claim';

/** Properties of `DynamicClaim`. */
export interface DynamicClaimProps {
  /** Name of the PersistentVolumeClaim. */
  readonly name: string;

  /** A storage class of the cluster whose reclaim policy is Retain. */
  readonly storageClass: string;

  readonly size: Size;

  /** @default 'ReadWriteOnce' */
  readonly accessMode?: AccessMode;
}

/** A claim whose volume a storage class makes; it is never pruned, and the class keeps the volume of a lost claim. */
export class DynamicClaim extends Construct implements Claim {
  public readonly name: string;

  public constructor(scope: Construct, id: string, props: DynamicClaimProps) {
    super(scope, id);
    const platform = Platform.of(this);
    const { name: cluster, storageClasses = {} } = platform.environment.cluster;
    const policy = storageClasses[props.storageClass]?.reclaimPolicy;
    if (policy !== 'Retain') {
      throw new Error(
        `storage class "${props.storageClass}" of claim "${props.name}" ` +
          `${policy === undefined ? `is not among the facts of cluster "${cluster}"` : `deletes the volume of a lost claim`}; ` +
          `name a class whose reclaim policy is Retain`,
      );
    }
    this.name = props.name;
    new k8s.KubePersistentVolumeClaim(this, 'Resource', {
      metadata: { name: props.name, namespace: platform.namespace.name, annotations: NEVER_PRUNED },
      spec: {
        accessModes: [props.accessMode ?? 'ReadWriteOnce'],
        resources: { requests: { storage: k8s.Quantity.fromString(quantity(props.size)) } },
        storageClassName: props.storageClass,
      },
    });
  }
}
