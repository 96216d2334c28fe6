import type { Cluster } from '../lib';

/** What VolatiCloud's two managed clusters have in common. */
const managed = {
  registry: 'ghcr.io',
  flux: {
    source: { kind: 'GitRepository', name: 'flux-system', namespace: 'flux-system' },
    decryptionSecret: 'sops-age',
  },
  ingress: {
    className: 'nginx',
    controllerNamespace: 'ingress-nginx',
    issuer: { name: 'letsencrypt-prod', challenge: 'http01' },
  },
  monitoring: { namespace: 'monitoring' },
} as const satisfies Omit<Cluster, 'name'>;

/** The managed cluster on which releases are tried. */
export const volaticloudStaging: Cluster = { name: 'volaticloud-staging', ...managed };

/** The managed cluster that customers use. */
export const volaticloudProd: Cluster = { name: 'volaticloud-prod', ...managed };
