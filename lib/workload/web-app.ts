import { Duration } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';
import type { NetworkAccess } from '../pod/network-access';
import { startupProbe } from '../pod/rollout';
import { WebIngress } from '../routing/web-ingress';
import { STARTUP_BUDGET, Workload, type WorkloadProps } from './workload';

/** Name of the container's and the Service's port. */
const PORT_NAME = 'http';

/** How often a running pod is asked for its health. */
export interface HealthCheck {
  /** Time before the first question, counted from the start of the container. @default - none */
  readonly delay?: Duration;
  /** Time between two questions. @default Duration.seconds(5) */
  readonly period?: Duration;
  /** Time for an answer. @default Duration.seconds(3) */
  readonly timeout?: Duration;
  /** Failures in a row after which it counts. @default 3 */
  readonly failures?: number;
}

/** Each pod of a rollout waits, beside its own start, until it is asked for the next time. */
const STARTUP_PERIOD = Duration.seconds(1);

/** Properties of `WebApp`. */
export interface WebAppProps extends WorkloadProps {
  /** Port on which the container listens. */
  readonly port: number;

  /** Path that answers 200 when the app can serve: it is asked before traffic is sent. */
  readonly health: string;

  /** When the pod gets traffic. @default - every 5 s, 3 s for an answer, out after 3 failures */
  readonly readiness?: HealthCheck;

  /**
   * When the container is restarted. It is never asked before the app has answered once within its startup budget.
   *
   * @default - never: the kubelet restarts what exits, and nothing else
   */
  readonly liveness?: HealthCheck;

  /** Public host name, with TLS. @default - none: the app is reached inside the cluster only */
  readonly host?: string;

  /** Port of the Service. @default 80 */
  readonly servicePort?: number;
}

/** An app that answers HTTP: a workload with a Service, and an Ingress when it has a public host. */
export class WebApp extends Construct {
  /** Name of the Deployment and the Service. */
  public readonly name: string;

  /** Port of its pods. */
  public readonly port: number;

  /** Who may talk to the app's pods, and whom they may talk to. */
  public readonly access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: WebAppProps) {
    super(scope, id);
    this.name = props.name;
    this.port = props.port;
    const httpGet = { path: props.health, port: k8s.IntOrString.fromString(PORT_NAME) };
    const workload = new Workload(this, 'Workload', {
      ...props,
      component: 'app',
      container: {
        ports: { [PORT_NAME]: props.port },
        startupProbe: startupProbe({ httpGet }, props.startupBudget ?? STARTUP_BUDGET, STARTUP_PERIOD),
        readinessProbe: { httpGet, ...timing(props.readiness ?? {}) },
        livenessProbe: props.liveness && { httpGet, ...timing(props.liveness) },
      },
    });
    this.access = workload.access;
    new k8s.KubeService(this, 'Service', {
      metadata: objectMeta(this, this.name),
      spec: {
        selector: workload.selector,
        ports: [{ name: PORT_NAME, port: props.servicePort ?? 80, targetPort: k8s.IntOrString.fromString(PORT_NAME) }],
      },
    });
    if (props.host !== undefined) {
      new WebIngress(this, 'Ingress', {
        name: this.name,
        host: props.host,
        service: { name: this.name, portName: PORT_NAME },
        pods: { access: this.access, port: props.port },
      });
    }
  }
}

function timing({ delay, period, timeout, failures }: HealthCheck): k8s.Probe {
  return {
    initialDelaySeconds: delay?.toSeconds(),
    periodSeconds: (period ?? Duration.seconds(5)).toSeconds(),
    timeoutSeconds: (timeout ?? Duration.seconds(3)).toSeconds(),
    failureThreshold: failures ?? 3,
  };
}
