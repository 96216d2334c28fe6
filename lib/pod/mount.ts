import { Size } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { quantity } from './quantity';

/** A volume and the path at which one container sees it. The pod's list of volumes is made of its containers' mounts. */
export interface Mount {
  readonly volume: k8s.Volume;
  /** Absolute path in the container. */
  readonly path: string;
  /** Folder inside the volume. @default - the volume's root */
  readonly subPath?: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** Checksum annotation of what is mounted, when a change of it must roll the pod. @default - none */
  readonly checksum?: Readonly<Record<string, string>>;
}

/** Options of `scratchMount`. */
export interface ScratchOptions {
  /** Name of the volume. @default - the path's last part */
  readonly name?: string;
  /** The kubelet evicts the pod above this. @default 64 MiB */
  readonly size?: Size;
  /** Whether it lies in memory, and so counts against the container's memory limit. @default false */
  readonly inMemory?: boolean;
}

/** An empty folder that lives as long as the pod: what a read-only root file system leaves to write to. */
export function scratchMount(path: string, options: ScratchOptions = {}): Mount {
  const name = options.name ?? path.slice(path.lastIndexOf('/') + 1);
  const sizeLimit = k8s.Quantity.fromString(quantity(options.size ?? Size.mebibytes(64)));
  return { path, volume: { name, emptyDir: { sizeLimit, ...(options.inMemory && { medium: 'Memory' }) } } };
}

/** A claim's volume. */
export function claimMount(
  claim: { readonly name: string },
  options: { readonly path: string; readonly volume: string; readonly subPath?: string; readonly readOnly?: boolean },
): Mount {
  const { volume, ...rest } = options;
  return { ...rest, volume: { name: volume, persistentVolumeClaim: { claimName: claim.name } } };
}
