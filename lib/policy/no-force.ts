import { defineRule } from './define-rule';
import type { KustomizationSpec } from './objects';

const FORCE = 'kustomize.toolkit.fluxcd.io/force';

/**
 * Nothing is ever forced: with `force`, Flux deletes an object that the API server refuses to change and makes it anew,
 * claims with their data included, and `prune: disabled` does not stop it.
 */
export const noForce = defineRule(
  'no-force',
  ({ tree, objects }, report) => {
    for (const manifest of tree.flux) {
      const { force } = (manifest.spec ?? {}) as KustomizationSpec;
      if (force) {
        report(
          { layer: { name: 'flux' }, manifest },
          `spec.force is ${force}`,
          'remove it and change the name instead',
        );
      }
    }
    for (const where of objects) {
      const { labels, annotations } = where.manifest.metadata;
      // Flux reads both, whatever the case of the value.
      const force = annotations?.[FORCE] ?? labels?.[FORCE];
      if (force !== undefined) {
        report(where, `${FORCE} is "${force}"`, 'remove it and give the object a new name when it has to be replaced');
      }
    }
  },
  { absolute: true },
);
