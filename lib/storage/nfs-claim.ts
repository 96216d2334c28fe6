import type { Size } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { Platform } from '../platform/platform';
import { NEVER_PRUNED } from '../platform/pruning';
import { quantity } from '../pod/quantity';
import type { AccessMode, Claim } from './claim';

/** Properties of `NfsClaim`. */
export interface NfsClaimProps {
  /** Name of the PersistentVolumeClaim. */
  readonly name: string;

  /** Name of the PersistentVolume; PersistentVolumes have no namespace, so it is unique in the cluster. */
  readonly volumeName: string;

  /** Absolute path on the cluster's NFS server. */
  readonly path: string;

  /** Capacity as Kubernetes books it; an NFS server does not enforce it. */
  readonly size: Size;

  /** @default 'ReadWriteMany' */
  readonly accessMode?: AccessMode;

  /**
   * States that the paths of other volumes lie inside this one's, and why that is wanted.
   *
   * @default - none: a path inside another volume's path is refused
   */
  readonly contains?: { readonly paths: readonly string[]; readonly reason: string };
}

/** A PersistentVolume on the NFS server and the one claim that can bind it; neither is ever pruned or reclaimed. */
export class NfsClaim extends Construct implements Claim {
  public readonly name: string;
  public readonly exportPath: string;

  public constructor(scope: Construct, id: string, props: NfsClaimProps) {
    super(scope, id);
    const platform = Platform.of(this);
    const { nfs, name: cluster } = platform.environment.cluster;
    if (nfs === undefined) {
      throw new Error(`NFS path "${props.path}" needs an NFS server; add nfs to the facts of cluster "${cluster}"`);
    }
    if (!/^(\/(?!\.\.?(\/|$))[^/]+)+$/.test(props.path)) {
      throw new Error(
        `NFS path "${props.path}" is not a plain absolute path; ` +
          'write it as the server exports it, without a slash at its end, e.g. /school/db',
      );
    }
    this.name = props.name;
    this.exportPath = props.path;
    const accessModes = [props.accessMode ?? 'ReadWriteMany'];
    const storage = k8s.Quantity.fromString(quantity(props.size));

    new k8s.KubePersistentVolume(this, 'Volume', {
      metadata: { name: props.volumeName, annotations: NEVER_PRUNED },
      spec: {
        accessModes,
        capacity: { storage },
        claimRef: { name: props.name, namespace: platform.namespace.name },
        mountOptions: [...nfs.mountOptions],
        nfs: { server: nfs.server, path: props.path },
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: '',
      },
    });
    new k8s.KubePersistentVolumeClaim(this, 'Resource', {
      metadata: { name: props.name, namespace: platform.namespace.name, annotations: NEVER_PRUNED },
      spec: {
        accessModes,
        resources: { requests: { storage } },
        // An empty class, not none: without it the cluster's default class is filled in and the claim stays Pending.
        storageClassName: '',
        volumeName: props.volumeName,
      },
    });
    if (props.contains !== undefined) {
      const { paths, reason } = props.contains;
      platform.addNestedNfsPaths({ path: props.path, contains: paths, reason });
    }
  }
}
