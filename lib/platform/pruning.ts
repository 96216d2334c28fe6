/** Annotation that keeps Flux from ever deleting an object, also when its file or its Kustomization goes. */
export const NEVER_PRUNED = { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' } as const;
