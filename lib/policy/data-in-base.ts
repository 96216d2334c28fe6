import { NEVER_PRUNED } from '../platform/pruning';
import type { Report } from './define-rule';
import { defineRule } from './define-rule';
import { appliedLayers, kustomizationOf } from './kustomizations';
import type { TreeView } from './tree-view';

/** Kinds that hold data, or take it with them when they go. */
const DATA_KINDS = new Set(['Namespace', 'PersistentVolume', 'PersistentVolumeClaim']);

/**
 * Namespace, volumes and claims are in `base`, which Flux never prunes, and nothing else is; all other layers prune.
 * Three locks, because each alone was seen to fail: no prune, deletionPolicy Orphan, the annotation on each object.
 */
export const dataInBase = defineRule(
  'data-in-base',
  (view, report) => {
    for (const where of view.objects) {
      const { kind, metadata } = where.manifest;
      const holdsData = DATA_KINDS.has(kind);
      if (holdsData !== (where.layer.name === 'base')) {
        const wrong = holdsData
          ? `is in layer ${where.layer.name}, which prunes`
          : 'is in layer base, which never prunes';
        report(where, `${kind} ${wrong}`, holdsData ? 'move it to base' : 'move it to a layer that prunes');
      }
      for (const [key, value] of Object.entries(NEVER_PRUNED)) {
        if (holdsData && metadata.annotations?.[key] !== value) {
          const now = metadata.annotations?.[key];
          report(where, `annotation ${key} is ${now === undefined ? 'missing' : `"${now}"`}`, `write "${value}"`);
        }
      }
    }
    checkPruning(view, report);
  },
  { absolute: true },
);

function checkPruning(view: TreeView, report: Report): void {
  for (const layer of appliedLayers(view.tree)) {
    const where = kustomizationOf(view, layer);
    const keeps = layer === 'base';
    if (where === undefined) {
      continue;
    }
    const { prune, deletionPolicy } = where.spec;
    if (prune === keeps || prune === undefined) {
      const why = keeps ? 'or a lost file deletes data' : 'or what was removed stays for ever';
      report(where, `prune of layer ${layer} is ${prune ?? 'missing'}`, `write ${!keeps}, ${why}`);
    }
    if (keeps && deletionPolicy !== 'Orphan') {
      report(where, `deletionPolicy of layer base is ${deletionPolicy ?? 'missing'}`, 'write Orphan');
    }
  }
}
