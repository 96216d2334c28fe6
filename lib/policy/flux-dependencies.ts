import type { Manifest } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import { appliedLayers, kustomizationName, kustomizationOf, layersBefore } from './kustomizations';
import type { KustomizationSpec } from './objects';
import type { TreeView } from './tree-view';

/**
 * Layers are applied in their order: each Kustomization waits for those of the layers before it, for nothing that is
 * not there, and never in a circle. `readyExpr` is refused: it silently replaces the wait for the same revision.
 */
export const fluxDependencies = defineRule(
  'flux-dependencies',
  (view, report) => {
    const { tree } = view;
    const applied = appliedLayers(tree);
    for (const layer of applied) {
      const where = kustomizationOf(view, layer);
      for (const before of where === undefined ? [] : layersBefore(layer, applied)) {
        const wanted = kustomizationName(tree, before);
        if (!(where?.spec.dependsOn ?? []).some(({ name }) => name === wanted)) {
          report(where ?? {}, `dependsOn does not name "${wanted}"`, `add it: layer ${layer} needs ${before}`);
        }
      }
    }
    for (const manifest of tree.flux) {
      checkDependencies(view, manifest, report);
    }
  },
  { absolute: true },
);

function checkDependencies(view: TreeView, manifest: Manifest, report: Report): void {
  const where = { layer: { name: 'flux' }, manifest };
  for (const { name, namespace = manifest.metadata.namespace, readyExpr } of dependencies(manifest)) {
    const found = view.flux(name);
    if (found === undefined || found.metadata.namespace !== namespace) {
      report(where, `dependsOn names "${namespace}/${name}", which is not there`, 'correct the name or remove it');
    }
    if (readyExpr !== undefined) {
      report(where, `readyExpr of "${name}" is "${readyExpr}"`, 'remove it, or the wait for the same revision is gone');
    }
  }
  const circle = circleThrough(view, manifest);
  if (circle !== undefined) {
    report(where, `dependsOn goes in a circle: ${circle.join(' → ')}`, 'remove one of these: none is ever applied');
  }
}

function dependencies({ spec }: Manifest): NonNullable<KustomizationSpec['dependsOn']> {
  return (spec as KustomizationSpec | undefined)?.dependsOn ?? [];
}

/** The way from a Kustomization back to itself, if there is one. */
function circleThrough(view: TreeView, start: Manifest): string[] | undefined {
  const seen = new Set<string>();
  const walk = (manifest: Manifest, way: readonly string[]): string[] | undefined => {
    for (const { name } of dependencies(manifest)) {
      if (name === start.metadata.name) {
        return [...way, name];
      }
      const next = seen.has(name) ? undefined : view.flux(name);
      seen.add(name);
      const circle = next && walk(next, [...way, name]);
      if (circle !== undefined) {
        return circle;
      }
    }
    return undefined;
  };
  return walk(start, [start.metadata.name]);
}
