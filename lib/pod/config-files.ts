import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { CHECKSUM_ANNOTATION, configChecksum } from '../platform/config-checksum';
import { objectMeta } from '../platform/object-meta';
import type { Mount } from './mount';

/** Properties of `ConfigFiles`. */
export interface ConfigFilesProps {
  /** Name of the ConfigMap; it never changes with the content. */
  readonly name: string;

  /** Workload that uses it. @default - the same as `name` */
  readonly workload?: string;

  /** File name → text. */
  readonly files: Readonly<Record<string, string>>;
}

/** A ConfigMap with a fixed name whose content rolls exactly the pods that mount it. */
export class ConfigFiles extends Construct {
  public readonly name: string;

  /** Annotation of the pods that use it. */
  public readonly checksum: Readonly<Record<string, string>>;

  public constructor(scope: Construct, id: string, props: ConfigFilesProps) {
    super(scope, id);
    this.name = props.name;
    this.checksum = { [`${CHECKSUM_ANNOTATION}${props.name}`]: configChecksum(props.files) };
    new k8s.KubeConfigMap(this, 'Resource', {
      metadata: objectMeta(this, props.name, props.workload),
      data: { ...props.files },
    });
  }

  /**
   * The files, read-only, at a path.
   *
   * @param volume name of the volume
   */
  public mount(path: string, volume: string): Mount {
    return { path, readOnly: true, checksum: this.checksum, volume: { name: volume, configMap: { name: this.name } } };
  }
}
