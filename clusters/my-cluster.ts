import type { Cluster } from '../lib';

/** The homelab: one k3s node and a NAS. */
export const myCluster: Cluster = {
  name: 'my-cluster',
  registry: 'registry.gitlab.example.com',
  flux: {
    source: { kind: 'GitRepository', name: 'flux-system', namespace: 'flux-system' },
    decryptionSecret: 'sops-age',
  },
  ingress: {
    className: 'nginx',
    controllerNamespace: 'ingress-nginx',
    issuer: { name: 'letsencrypt-prod', challenge: 'http01' },
  },
  nfs: { server: 'nas.example.lan', mountOptions: ['nfsvers=4.1', 'hard', 'noatime'] },
};
