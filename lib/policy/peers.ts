import type { Peer } from './network-policy-spec';
import { isEmpty } from './selectors';

/** Port of DNS, to which pods may open connections whoever answers: a resolver on the node has no labels. */
export const DNS_PORT = 53;

/** Label that the API server gives every namespace: its name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Name of the namespace that a peer is in; nothing when it is none, or chosen by something else than its name. */
export function namespaceOf({ namespaceSelector }: Peer): string | undefined {
  return namespaceSelector?.matchLabels?.[NAMESPACE_NAME_LABEL];
}

/** Whether a peer is every pod of a namespace. */
export function comesFromNamespace(peer: Peer, namespace: string): boolean {
  return namespaceOf(peer) === namespace;
}

/** Whether a peer is every pod of a namespace, or of all: nobody in particular. */
export function isEverybody({ podSelector, namespaceSelector, ipBlock }: Peer): boolean {
  const anyPod = podSelector === undefined || isEmpty(podSelector);
  const anyNamespace = namespaceSelector === undefined || isEmpty(namespaceSelector);
  return ipBlock === undefined && anyPod && anyNamespace;
}
