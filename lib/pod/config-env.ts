import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { CHECKSUM_ANNOTATION, configChecksum, RESTART_ANNOTATION } from '../platform/config-checksum';
import { objectMeta } from '../platform/object-meta';

/** Properties of `ConfigEnv`. */
export interface ConfigEnvProps {
  /** Name of the ConfigMap; it never changes with the content. */
  readonly name: string;

  /** Variable → value, as text. */
  readonly values: Readonly<Record<string, string>>;

  /**
   * Whether a change restarts the pods that use it. Without, they keep the old values until somebody runs
   * `kubectl rollout restart`.
   *
   * @default true
   */
  readonly restartsPods?: boolean;
}

/** Environment variables in a ConfigMap with a fixed name, for every workload that names it in `envFrom`. */
export class ConfigEnv extends Construct {
  public readonly name: string;

  /** Annotation of the pods that use it; empty when a change does not restart them. */
  public readonly checksum: Readonly<Record<string, string>>;

  public constructor(scope: Construct, id: string, props: ConfigEnvProps) {
    super(scope, id);
    this.name = props.name;
    const restarts = props.restartsPods ?? true;
    this.checksum = restarts ? { [`${CHECKSUM_ANNOTATION}${props.name}`]: configChecksum(props.values) } : {};
    const metadata = objectMeta(this, props.name);
    new k8s.KubeConfigMap(this, 'Resource', {
      metadata: restarts ? metadata : { ...metadata, annotations: { [RESTART_ANNOTATION]: 'by-hand' } },
      data: { ...props.values },
    });
  }
}
