import { Duration } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, type Component, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { SecretReference } from '../platform/secret-reference';
import type { ConfigEnv } from '../pod/config-env';
import type { ContainerProps, Resources } from '../pod/container';
import { type Mount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { type PodUser, podTemplate } from '../pod/pod-template';
import { progressDeadline } from '../pod/rollout';
import { ServiceAccount } from '../pod/service-account';
import type { StartGate } from '../pod/start-gate';
import { Autoscaler } from './autoscaler';
import { Replicas } from './replicas';

/** What every app and worker says of itself. */
export interface WorkloadProps {
  /** Name of the Deployment and everything else that belongs to it. */
  readonly name: string;

  readonly image: ImageReference;

  /** CPU and memory of the container. */
  readonly resources: Resources;

  /** Program of the image and its arguments. @default - the image's own */
  readonly command?: readonly string[];

  /** Database that it uses; it gets libpq's variables. @default - none */
  readonly database?: Database;

  /** What must be done before the container starts, in order. @default - nothing */
  readonly gates?: readonly StartGate[];

  /** Environment beside libpq's variables. @default - none */
  readonly env?: readonly k8s.EnvVar[];

  /** ConfigMaps whose every key is a variable. @default - none */
  readonly config?: readonly ConfigEnv[];

  /** Volumes; `/tmp` is always there. @default - none */
  readonly mounts?: readonly Mount[];

  /** Numeric user of the pod. @default - 1000, as in the official Node image */
  readonly user?: PodUser;

  /** Secret with which the image is pulled. @default - none: the image is public */
  readonly pullSecret?: SecretReference;

  /** @default Replicas.fixed(1) */
  readonly replicas?: Replicas;

  /** Hosts outside the cluster that it calls; `address` is needed where that is a private one. @default - none */
  readonly externalHosts?: readonly { readonly host: string; readonly port: number; readonly address?: string }[];

  /** Time from the start of the container to its first healthy answer. @default Duration.minutes(5) */
  readonly startupBudget?: Duration;

  /**
   * Time that a stopping pod goes on working: until every proxy has taken it off its list, or its work is handed back.
   *
   * @default Duration.seconds(10)
   */
  readonly drain?: Duration;

  /** Labels of its pods beside those that every pod has, such as a runbook's own. @default - none */
  readonly podLabels?: Readonly<Record<string, string>>;

  /** Labels of the nodes that it may run on. @default - any node */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/** What an app or a worker adds to the common part. */
interface WorkloadKind {
  readonly component: Component;
  readonly container: Pick<ContainerProps, 'ports' | 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;
}

/** Time between the end of draining and being killed. */
const STOP_BUDGET = Duration.seconds(30);

/** Startup budget of a workload that names none. */
export const STARTUP_BUDGET = Duration.minutes(5);

/**
 * A Deployment that no release interrupts, its ServiceAccount and NetworkPolicy; from two replicas up a
 * PodDisruptionBudget, and on demand autoscaling.
 */
export class Workload extends Construct {
  /** Name of the Deployment. */
  public readonly name: string;

  /** Labels that select its pods. */
  public readonly selector: Record<string, string>;

  /** Who may talk to its pods, and whom they may talk to. */
  public readonly access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: WorkloadProps & WorkloadKind) {
    super(scope, id);
    this.name = props.name;
    this.selector = selectorLabels(Platform.of(this).name, this.name);
    this.access = new NetworkAccess(this, 'NetworkAccess', { name: this.name, selector: this.selector });
    props.database?.allowFrom(this.access);
    for (const { host, port, address } of props.externalHosts ?? []) {
      this.access.allowToHost(host, port, address);
    }
    const replicas = props.replicas ?? Replicas.fixed(1);
    this.#addDeployment(props, replicas);
    if (replicas.autoscaling !== undefined) {
      new Autoscaler(this, 'Autoscaler', { name: this.name, range: replicas.autoscaling });
    }
    if (replicas.minimum > 1) {
      new k8s.KubePodDisruptionBudget(this, 'DisruptionBudget', {
        metadata: objectMeta(this, this.name),
        spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: this.selector } },
      });
    }
  }

  #addDeployment(props: WorkloadProps & WorkloadKind, replicas: Replicas): void {
    const gates = props.gates ?? [];
    const drain = props.drain ?? Duration.seconds(10);
    const { initialDelaySeconds: delay = 0 } = props.container.readinessProbe ?? {};
    const start = Math.max((props.startupBudget ?? STARTUP_BUDGET).toSeconds(), delay);
    const budgets = [...gates.map(({ budget }) => budget), Duration.seconds(start)];
    new k8s.KubeDeployment(this, 'Resource', {
      metadata: objectMeta(this, this.name),
      spec: {
        replicas: replicas.autoscaling === undefined ? replicas.minimum : undefined,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: progressDeadline(...budgets),
        selector: { matchLabels: this.selector },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: k8s.IntOrString.fromNumber(0), maxSurge: k8s.IntOrString.fromNumber(1) },
        },
        template: podTemplate({
          labels: { ...props.podLabels, ...this.selector, [COMPONENT_LABEL]: props.component },
          serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name: this.name }).name,
          user: props.user ?? { uid: 1000 },
          pullSecrets: props.pullSecret && [props.pullSecret],
          initContainers: gates.flatMap(({ initContainers }) => initContainers),
          containers: [
            {
              name: props.component,
              image: props.image,
              resources: props.resources,
              command: props.command,
              env: [...(props.database?.connection ?? []), ...(props.env ?? [])],
              envFrom: props.config,
              mounts: [scratchMount('/tmp'), ...(props.mounts ?? [])],
              preStop: ['sleep', String(drain.toSeconds())],
              ...props.container,
            },
          ],
          grace: Duration.seconds(drain.toSeconds() + STOP_BUDGET.toSeconds()),
          affinity: replicas.minimum > 1 ? this.#preferOtherHosts() : undefined,
          nodeSelector: props.nodeSelector,
        }),
      },
    });
  }

  #preferOtherHosts(): k8s.Affinity {
    return {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: this.selector } },
          },
        ],
      },
    };
  }
}
