import { BlockList, isIP } from 'node:net';
import type { Cluster } from '../platform/cluster';
import { defineRule, type Report } from './define-rule';
import type { NetworkPolicySpec, Peer, PolicyPort } from './network-policy-spec';
import { DNS_PORT, isEverybody, NAMESPACE_NAME_LABEL, namespaceOf } from './peers';
import type { Placed } from './pods';
import type { TreeView } from './tree-view';

/** Private, shared and link-local addresses, which "everything outside" leaves out. */
const PRIVATE = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/**
 * Each rule of a NetworkPolicy opens given ports to somebody in particular. Others' namespaces are let in only when the
 * cluster's facts name them.
 */
export const networkPeers = defineRule('network-peers', (view, report) => {
  for (const policy of view.ofKind('NetworkPolicy')) {
    const { ingress = [], egress = [] } = (policy.manifest.spec ?? {}) as NetworkPolicySpec;
    for (const { from = [], ports = [] } of ingress) {
      checkRule(policy, 'ingress', from, ports, report);
      for (const peer of from) {
        checkNamespace(view, policy, peer, report);
      }
    }
    for (const { to = [], ports = [] } of egress) {
      checkRule(policy, 'egress', to, ports, report);
    }
  }
});

function checkRule(
  policy: Placed,
  direction: 'ingress' | 'egress',
  peers: readonly Peer[],
  ports: readonly PolicyPort[],
  report: Report,
): void {
  const opened = ports.map(({ port }) => port ?? 'any').join(', ');
  if (ports.length === 0 || ports.some(({ port }) => port === undefined)) {
    report(policy, `an ${direction} rule opens every port`, 'list the ports of the flow');
    return;
  }
  for (const { port, endPort } of ports) {
    if (endPort !== undefined && endPort !== port) {
      const wrong = `an ${direction} rule opens port ${port} and all up to ${endPort}`;
      report(policy, wrong, 'list the ports of the flow one by one');
    }
  }
  // Only names may be asked of anybody.
  if (direction === 'egress' && ports.every(({ port }) => port === DNS_PORT)) {
    return;
  }
  if (peers.length === 0) {
    report(policy, `an ${direction} rule opens port ${opened} to everybody`, 'list the peers of the flow');
  }
  for (const peer of peers) {
    if (isEverybody(peer)) {
      const wrong = `an ${direction} rule opens port ${opened} to ${JSON.stringify(peer)}, which is everybody`;
      report(policy, wrong, 'write the labels of the workload that is meant');
    }
    const left = missingExceptions(peer);
    if (left.length > 0) {
      const wrong = `an ${direction} rule opens port ${opened} to ${peer.ipBlock?.cidr} with ${left.join(', ')}`;
      report(policy, wrong, 'list these ranges in except: they are the cluster and its neighbours');
    }
  }
}

/** The private ranges that a block opens beside others, and does not leave out. One that is meant is a block of its own. */
function missingExceptions({ ipBlock }: Peer): string[] {
  const { cidr = '', except = [] } = ipBlock ?? {};
  return PRIVATE.filter((range) => !except.includes(range) && isWider(cidr, range));
}

/** Whether a block holds a range and more; a block may be written with any address in it. */
function isWider(cidr: string, range: string): boolean {
  const [, address = '', length] = /^([^/]+)\/(\d+)$/.exec(cidr) ?? [];
  const [inner = '', innerLength] = range.split('/');
  const family = isIP(inner) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) !== isIP(inner) || !(Number(length) < Number(innerLength))) {
    return false;
  }
  const block = new BlockList();
  block.addSubnet(address, Number(length), family);
  return block.check(inner, family);
}

function checkNamespace({ tree }: TreeView, policy: Placed, peer: Peer, report: Report): void {
  // Every pod of every namespace is everybody, which is reported.
  if (peer.namespaceSelector === undefined || isEverybody(peer)) {
    return;
  }
  const known = [tree.namespace.name, ...namespacesOf(tree.cluster)];
  const namespace = namespaceOf(peer);
  if (namespace === undefined || !known.includes(namespace)) {
    const wrong =
      namespace === undefined
        ? `an ingress rule lets in namespaces by ${JSON.stringify(peer.namespaceSelector)}`
        : `an ingress rule lets in namespace "${namespace}", which cluster "${tree.cluster.name}" does not know`;
    report(policy, wrong, `write ${NAMESPACE_NAME_LABEL} with one of ${known.join(', ')}`);
  }
}

/** Where the ingress controller and Prometheus run. */
function namespacesOf({ ingress, monitoring }: Cluster): string[] {
  return [ingress?.controllerNamespace, monitoring?.namespace].filter((name) => name !== undefined);
}
