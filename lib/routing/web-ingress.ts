import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { NetworkAccess } from '../pod/network-access';

/** Port on which cert-manager's solver pods answer an HTTP-01 challenge. */
const SOLVER_PORT = 8089;

/** Label of cert-manager's solver pods. */
const SOLVER_LABEL = { 'acme.cert-manager.io/http01-solver': 'true' };

/** Properties of `WebIngress`. */
export interface WebIngressProps {
  /** Name of the Ingress; its certificate is kept in the Secret `<name>-tls`. */
  readonly name: string;

  /** Public host name. */
  readonly host: string;

  /** Service that answers, and the name of its port. */
  readonly service: { readonly name: string; readonly portName: string };

  /** The pods behind the Service and the port on which they listen. */
  readonly pods: { readonly access: NetworkAccess; readonly port: number };
}

/**
 * An Ingress with TLS: class, issuer and the controller's namespace come from the cluster; cert-manager makes the
 * certificate. The controller is let in, and so it is to the solver pods where the issuer's challenge is HTTP-01.
 */
export class WebIngress extends Construct {
  public constructor(scope: Construct, id: string, props: WebIngressProps) {
    super(scope, id);
    const { ingress, name: cluster } = Platform.of(this).environment.cluster;
    if (ingress === undefined) {
      throw new Error(
        `host "${props.host}" needs an ingress controller; add ingress to the facts of cluster "${cluster}"`,
      );
    }
    const meta = objectMeta(this, props.name);
    new k8s.KubeIngress(this, 'Resource', {
      metadata: { ...meta, annotations: { 'cert-manager.io/cluster-issuer': ingress.issuer.name } },
      spec: {
        ingressClassName: ingress.className,
        rules: [
          {
            host: props.host,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: props.service.name, port: { name: props.service.portName } } },
                },
              ],
            },
          },
        ],
        tls: [{ hosts: [props.host], secretName: `${props.name}-tls` }],
      },
    });
    props.pods.access.allowFromNamespace(
      ingress.controllerNamespace,
      props.pods.port,
      `${props.host} (ingress controller)`,
    );
    if (ingress.issuer.challenge === 'http01') {
      this.#letControllerReachSolver(`${props.name}-http01-solver`, ingress.controllerNamespace);
    }
  }

  #letControllerReachSolver(name: string, controllerNamespace: string): void {
    new k8s.KubeNetworkPolicy(this, 'Solver', {
      metadata: objectMeta(this, name),
      spec: {
        podSelector: { matchLabels: SOLVER_LABEL },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': controllerNamespace } } }],
            ports: [{ port: k8s.IntOrString.fromNumber(SOLVER_PORT), protocol: 'TCP' }],
          },
        ],
      },
    });
  }
}
