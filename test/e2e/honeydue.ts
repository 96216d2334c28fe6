/** Namespace of honeyDue. */
export const NAMESPACE = 'honeydue';

/** Folder of its cluster below `dist/clusters`. */
export const CLUSTER = 'honeydue-k3s';

/** Names of its workloads that scenarios look at. */
export const API = 'api';
export const MIGRATION = 'honeydue-migrate';

/** Names of its Flux Kustomizations. */
export const LAYERS = {
  base: 'honeydue-prod-base',
  secrets: 'honeydue-prod-secrets',
  migrate: 'honeydue-prod-migrate',
  app: 'honeydue-prod',
} as const;

/** Namespace of its ingress controller, k3s' own Traefik. */
export const CONTROLLER_NAMESPACE = 'kube-system';
