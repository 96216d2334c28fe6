/** Namespace of VolatiCloud. */
export const NAMESPACE = 'volaticloud';

/** Folder of its staging cluster below `dist/clusters`. */
export const CLUSTER = 'volaticloud-staging';

/** Its workload that nobody outside reaches. */
export const BACKEND = 'volaticloud-backend';

/** Name of its app layer's Flux Kustomization. */
export const APP_LAYER = 'volaticloud-staging';

/** Namespace of Prometheus, from which the backend may be asked. */
export const MONITORING = 'monitoring';
