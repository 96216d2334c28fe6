import type { Cluster } from '../lib';

/** honeyDue's k3s nodes, with k3s' own Traefik. */
export const honeydueK3s: Cluster = {
  name: 'honeydue-k3s',
  registry: 'gitea.example.com',
  flux: {
    source: { kind: 'GitRepository', name: 'flux-system', namespace: 'flux-system' },
    decryptionSecret: 'sops-age',
  },
  ingress: {
    className: 'traefik',
    controllerNamespace: 'kube-system',
    issuer: { name: 'letsencrypt-prod', challenge: 'http01' },
  },
};
