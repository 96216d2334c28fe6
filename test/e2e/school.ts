/** Namespace of the school platform. */
export const NAMESPACE = 'school';

/** Folder of its cluster below `dist/clusters`. */
export const CLUSTER = 'my-cluster';

/** Names of the school platform's workloads. */
export const DATABASE = 'school-platform-db';
export const APP = 'school-platform';
export const BACKUP = 'school-platform-db-backup';

/** Names of its Flux Kustomizations. */
export const LAYERS = {
  base: 'school-platform-prod-base',
  secrets: 'school-platform-prod-secrets',
  database: 'school-platform-prod-database',
  backup: 'school-platform-prod-backup',
  app: 'school-platform-prod',
} as const;

/** Its PersistentVolumes. */
export const VOLUMES = ['school-platform-prod-pv', 'school-platform-prod-db-pv', 'school-backups-pv-prod'] as const;
