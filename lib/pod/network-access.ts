import { isIPv4 } from 'node:net';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';

/** Addresses that are nobody's on the Internet: private, shared and link-local ranges (RFC 1918, 6598, 3927). */
const PRIVATE_RANGES = ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];

const DNS_PORT = 53;

/** Properties of `NetworkAccess`. */
export interface NetworkAccessProps {
  /** Name of the workload, and of its NetworkPolicy. */
  readonly name: string;

  /** Labels that select the workload's pods. */
  readonly selector: Readonly<Record<string, string>>;
}

/** Who may talk to a workload's pods and whom they may talk to: nobody, until a flow is allowed. */
export class NetworkAccess extends Construct {
  readonly #name: string;
  readonly #selector: Record<string, string>;
  readonly #ingress: k8s.NetworkPolicyIngressRule[] = [];
  readonly #egress: k8s.NetworkPolicyEgressRule[] = [];

  public constructor(scope: Construct, id: string, props: NetworkAccessProps) {
    super(scope, id);
    this.#name = props.name;
    this.#selector = { ...props.selector };
    // The lists are filled while the composition goes on, and read when the object is rendered.
    new k8s.KubeNetworkPolicy(this, 'Resource', {
      metadata: objectMeta(this, props.name),
      spec: {
        podSelector: { matchLabels: this.#selector },
        policyTypes: ['Ingress', 'Egress'],
        ingress: this.#ingress,
        egress: this.#egress,
      },
    });
  }

  /** Lets these pods open connections to a port of another workload's pods, and lets those accept them. */
  public allowTo(server: NetworkAccess, port: number): void {
    this.#addEgress([{ podSelector: { matchLabels: server.#selector } }], port);
    server.#addIngress({ podSelector: { matchLabels: this.#selector } }, port);
    Platform.of(this).addFlow({ from: this.#name, to: server.#name, port });
  }

  /**
   * Lets these pods open connections to a host outside the cluster. NetworkPolicies know no host names: what is
   * rendered is the port on every address but private ones.
   *
   * @param address IPv4 address of a host in a private network: it is opened instead. @default - `host`, when that is one
   */
  public allowToHost(host: string, port: number, address: string = host): void {
    const ipBlock = isIPv4(address) ? { cidr: `${address}/32` } : { cidr: '0.0.0.0/0', except: PRIVATE_RANGES };
    this.#addEgress([{ ipBlock }], port);
    Platform.of(this).addFlow({ from: this.#name, to: host, port });
  }

  /** Lets every pod of another namespace in, such as the ingress controller's. */
  public allowFromNamespace(namespace: string, port: number, description: string): void {
    this.#addIngress({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }, port);
    Platform.of(this).addFlow({ from: description, to: this.#name, port });
  }

  #addIngress(from: k8s.NetworkPolicyPeer, port: number): void {
    this.#ingress.push({ from: [from], ports: [tcp(port)] });
  }

  #addEgress(to: k8s.NetworkPolicyPeer[], port: number): void {
    if (this.#egress.length === 0) {
      // To any address: a node-local resolver is neither a pod nor in a namespace.
      this.#egress.push({ ports: [tcp(DNS_PORT), { port: k8s.IntOrString.fromNumber(DNS_PORT), protocol: 'UDP' }] });
    }
    this.#egress.push({ to, ports: [tcp(port)] });
  }
}

function tcp(port: number): k8s.NetworkPolicyPort {
  return { port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' };
}
