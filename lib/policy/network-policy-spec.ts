import type { LabelSelector } from './objects';

/** The other end of a flow in a NetworkPolicy. */
export interface Peer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** A port in a NetworkPolicy. */
export interface PolicyPort {
  readonly port?: number | string;
  /** Last port of a range that begins with `port`. */
  readonly endPort?: number;
  readonly protocol?: string;
}

/** `spec` of a NetworkPolicy. */
export interface NetworkPolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
}
