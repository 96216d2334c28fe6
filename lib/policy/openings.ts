import { NAME_LABEL } from '../platform/labels';
import { isSolverPolicy } from './http01-solver';
import type { NetworkPolicySpec, Peer, PolicyPort } from './network-policy-spec';
import { DNS_PORT, isEverybody } from './peers';
import type { Placed, PodTemplate } from './pods';
import { selects } from './selectors';
import { listenerPort } from './services';
import type { TreeView } from './tree-view';

/** A connection that one side of a NetworkPolicy opens; an end that is no workload of the tree is `undefined`. */
export interface Opening {
  readonly policy: Placed;
  readonly side: 'Ingress' | 'Egress';
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly port: number;
}

/** What the NetworkPolicies of a tree open and close. */
export interface Openings {
  readonly opened: readonly Opening[];
  /** `<workload> <side>` for each of which some policy says what is open; all is open on others. */
  readonly isolated: ReadonlySet<string>;
}

/** Name of the workload that a pod belongs to. */
export function workloadOf({ labels }: PodTemplate): string {
  return labels[NAME_LABEL] ?? '';
}

/** Reads the NetworkPolicies of a tree; rules without peers or ports are the business of `network-peers`. */
export function openingsOf(view: TreeView): Openings {
  const opened: Opening[] = [];
  const isolated = new Set<string>();
  for (const policy of view.ofKind('NetworkPolicy')) {
    if (isSolverPolicy(policy)) {
      continue;
    }
    const {
      podSelector,
      policyTypes = [],
      ingress = [],
      egress = [],
    } = (policy.manifest.spec ?? {}) as NetworkPolicySpec;
    for (const pod of view.pods) {
      if (!selects(podSelector, pod.labels)) {
        continue;
      }
      const own = workloadOf(pod);
      for (const side of policyTypes) {
        isolated.add(`${own} ${side}`);
      }
      if (policyTypes.includes('Ingress')) {
        for (const { from = ANYBODY, ports = [] } of ingress) {
          for (const [other, port] of endsAndPorts(view, from, ports, pod)) {
            opened.push({ policy, side: 'Ingress', from: other, to: own, port });
          }
        }
      }
      if (policyTypes.includes('Egress')) {
        for (const { to = ANYBODY, ports = [] } of egress) {
          for (const [other, port] of endsAndPorts(view, to, ports, pod)) {
            if (port !== DNS_PORT) {
              opened.push({ policy, side: 'Egress', from: own, to: other, port });
            }
          }
        }
      }
    }
  }
  return { opened, isolated };
}

/** Stands for a missing list of peers. */
const ANYBODY: readonly Peer[] = [{ ipBlock: { cidr: '0.0.0.0/0' } }];

function endsAndPorts(
  view: TreeView,
  peers: readonly Peer[],
  ports: readonly PolicyPort[],
  pod: PodTemplate,
): [end: string | undefined, port: number][] {
  const found: [string | undefined, number][] = [];
  for (const { port } of ports) {
    const number = typeof port === 'string' ? listenerPort(pod, port) : port;
    for (const peer of number === undefined ? [] : peers) {
      if (number !== undefined && !isEverybody(peer)) {
        found.push(...endsOf(view, peer).map((end): [string | undefined, number] => [end, number]));
      }
    }
  }
  return found;
}

const OUTSIDE = [undefined];

function endsOf(view: TreeView, { podSelector, namespaceSelector }: Peer): readonly (string | undefined)[] {
  if (podSelector === undefined || namespaceSelector !== undefined) {
    return OUTSIDE;
  }
  const pods = view.pods.filter(({ labels }) => selects(podSelector, labels));
  return pods.length === 0 ? OUTSIDE : pods.map(workloadOf);
}
