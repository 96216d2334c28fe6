import { Duration, Size } from 'cdk8s';
import { Cpu, k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { SecretReference } from '../platform/secret-reference';
import { ConfigFiles } from '../pod/config-files';
import type { ContainerProps, Resources } from '../pod/container';
import { type Mount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { type PodUser, podTemplate } from '../pod/pod-template';
import { progressDeadline, startupProbe } from '../pod/rollout';
import { ServiceAccount } from '../pod/service-account';
import { WebIngress } from '../routing/web-ingress';
import { Autoscaler } from './autoscaler';
import { Replicas } from './replicas';
import type { SchemaFile } from './schema/schema-file';

/** User of the official postgres image (Debian flavour), whose psql the init container runs. */
const POSTGRES_UID = 999;

/** Name of the container's and the Service's port. */
const PORT_NAME = 'http';

/** The waits of `schema-sync.sh` together: server 5 min, another pod 10 min, locks 8 × 3 s with pauses. */
const SYNC_BUDGET = Duration.minutes(17);

/** Properties of `AppWithInitSchemaSync`. */
export interface AppWithInitSchemaSyncProps {
  /** Name of the Deployment, the Service and everything else that belongs to the app. */
  readonly name: string;

  readonly image: ImageReference;

  /** Port on which the container listens. */
  readonly port: number;

  /** Path that answers 200 when the app can serve: it is asked before traffic is sent. */
  readonly health: string;

  /** Database that the app uses and whose schema is synced. */
  readonly database: Database;

  /** The schema, safe to apply at every start. */
  readonly schema: SchemaFile;

  /** CPU and memory of the app's container. */
  readonly resources: Resources;

  /**
   * Environment beside libpq's variables, which every app gets.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * Volumes of the app's container; `/tmp` is always there.
   *
   * @default - none
   */
  readonly mounts?: readonly Mount[];

  /**
   * Numeric user of the pod.
   *
   * @default - 1000, as in the official Node image
   */
  readonly user?: PodUser;

  /**
   * Secret with which the app's image is pulled.
   *
   * @default - none: the image is public
   */
  readonly pullSecret?: SecretReference;

  /** @default Replicas.fixed(1) */
  readonly replicas?: Replicas;

  /**
   * Public host name, with TLS.
   *
   * @default - none: the app is reached inside the cluster only
   */
  readonly host?: string;

  /**
   * Hosts outside the cluster that the app calls.
   *
   * @default - none
   */
  readonly externalHosts?: readonly { readonly host: string; readonly port: number }[];

  /**
   * Time from the start of the app's container to its first healthy answer.
   *
   * @default Duration.minutes(5)
   */
  readonly startupBudget?: Duration;

  /**
   * Time that a stopping pod goes on serving, until every proxy has taken it off its list.
   *
   * @default Duration.seconds(10)
   */
  readonly drain?: Duration;
}

/**
 * An app whose schema is there before it starts: Deployment with the init container `schema-sync`, Service,
 * ServiceAccount, NetworkPolicy; from two replicas up a PodDisruptionBudget; on demand autoscaling and an Ingress.
 */
export class AppWithInitSchemaSync extends Construct {
  /** Name of the Deployment and the Service. */
  public readonly name: string;

  /** Who may talk to the app's pods, and whom they may talk to. */
  public readonly access: NetworkAccess;

  readonly #selector: Record<string, string>;

  public constructor(scope: Construct, id: string, props: AppWithInitSchemaSyncProps) {
    super(scope, id);
    this.name = props.name;
    const platform = Platform.of(this);
    this.#selector = selectorLabels(platform.name, this.name);
    const replicas = props.replicas ?? Replicas.fixed(1);

    this.access = new NetworkAccess(this, 'NetworkAccess', { name: this.name, selector: this.#selector });
    props.database.allowFrom(this.access);
    for (const { host, port } of props.externalHosts ?? []) {
      this.access.allowToHost(host, port);
    }
    this.#addDeployment(props, replicas);
    new k8s.KubeService(this, 'Service', {
      metadata: objectMeta(this, this.name),
      spec: {
        selector: this.#selector,
        ports: [{ name: PORT_NAME, port: 80, targetPort: k8s.IntOrString.fromString(PORT_NAME) }],
      },
    });
    if (replicas.autoscaling !== undefined) {
      new Autoscaler(this, 'Autoscaler', { name: this.name, range: replicas.autoscaling });
    }
    if (replicas.minimum > 1) {
      new k8s.KubePodDisruptionBudget(this, 'DisruptionBudget', {
        metadata: objectMeta(this, this.name),
        spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: this.#selector } },
      });
    }
    if (props.host !== undefined) {
      new WebIngress(this, 'Ingress', {
        name: this.name,
        host: props.host,
        service: { name: this.name, portName: PORT_NAME },
        pods: { access: this.access, port: props.port },
      });
    }
  }

  #addDeployment(props: AppWithInitSchemaSyncProps, replicas: Replicas): void {
    const startupBudget = props.startupBudget ?? Duration.minutes(5);
    const drain = props.drain ?? Duration.seconds(10);
    const health = { httpGet: { path: props.health, port: k8s.IntOrString.fromString(PORT_NAME) } };
    const app: ContainerProps = {
      name: 'app',
      image: props.image,
      resources: props.resources,
      env: [...props.database.connection, ...(props.env ?? [])],
      ports: { [PORT_NAME]: props.port },
      mounts: [scratchMount('/tmp'), ...(props.mounts ?? [])],
      startupProbe: startupProbe(health, startupBudget, Duration.seconds(5)),
      readinessProbe: { ...health, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
      preStop: ['sleep', String(drain.toSeconds())],
    };
    new k8s.KubeDeployment(this, 'Resource', {
      metadata: objectMeta(this, this.name),
      spec: {
        replicas: replicas.autoscaling === undefined ? replicas.minimum : undefined,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: progressDeadline(SYNC_BUDGET, startupBudget),
        selector: { matchLabels: this.#selector },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: k8s.IntOrString.fromNumber(0), maxSurge: k8s.IntOrString.fromNumber(1) },
        },
        template: podTemplate({
          labels: { ...this.#selector, [COMPONENT_LABEL]: 'app' },
          serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name: this.name }).name,
          user: props.user ?? { uid: 1000 },
          pullSecrets: props.pullSecret && [props.pullSecret],
          initContainers: [this.#schemaSync(props)],
          containers: [app],
          grace: Duration.seconds(drain.toSeconds() + 30),
          topologySpread: replicas.minimum > 1 ? this.#spreadOverHosts() : undefined,
        }),
      },
    });
  }

  #schemaSync({ database, schema }: AppWithInitSchemaSyncProps): ContainerProps {
    const files = new ConfigFiles(this, 'Schema', {
      name: `${this.name}-schema`,
      workload: this.name,
      files: schema.configMapData(),
    });
    return {
      name: 'schema-sync',
      image: database.clientImage,
      uid: POSTGRES_UID,
      command: ['bash', '/schema/schema-sync.sh'],
      env: [...database.connection, { name: 'SYNC_NAME', value: this.name }],
      mounts: [files.mount('/schema', 'schema'), scratchMount('/tmp')],
      resources: { cpu: Cpu.millis(20), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(128) },
    };
  }

  #spreadOverHosts(): k8s.TopologySpreadConstraint[] {
    return [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: this.#selector },
      },
    ];
  }
}
