import type { Manifest } from './manifest';

/**
 * Whether one of the objects is a claim whose volume a storage class makes. Many classes (local volumes above all) make
 * it only for the first pod that mounts the claim: until then the claim is Pending, and who waits for it before that
 * pod's layer is applied waits for ever.
 */
export function hasDynamicClaim(objects: readonly Manifest[]): boolean {
  return objects.some(
    ({ kind, spec }) =>
      kind === 'PersistentVolumeClaim' &&
      (spec as { readonly volumeName?: string } | undefined)?.volumeName === undefined,
  );
}
