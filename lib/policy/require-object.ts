import type { LayerName } from '../platform/layer-name';
import type { Report } from './define-rule';
import type { Placed } from './pods';
import { isAfter, type TreeView } from './tree-view';

/** A reference from one object to another. */
export interface ObjectReference {
  /** The object that names the other one. */
  readonly from: Placed;
  /** Words for the field, e.g. `scaleTargetRef`. */
  readonly by: string;
  readonly kind: string;
  readonly name: string;
}

/** Finds what a reference means, and reports one that resolves neither in its own layer nor in one applied before. */
export function requireObject(view: TreeView, reference: ObjectReference, report: Report): Placed | undefined {
  const { from, by, kind, name } = reference;
  const own = from.layer.name;
  const found = view.resolve(kind, name, own);
  if (found === undefined) {
    const elsewhere = view.named(kind, name)[0]?.layer.name;
    if (elsewhere === undefined) {
      report(from, `${by} names ${kind}/${name}, which is nowhere`, `render it in layer ${own} or correct the name`);
    } else {
      const wayOut = `render what both layers need once in each, under its own name: ${own} is not applied after ${elsewhere}`;
      report(from, `${by} names ${kind}/${name}, which is only in layer ${elsewhere}`, wayOut);
    }
  }
  return found;
}

/** Whether cert-manager writes a Secret for a Certificate that a layer can count on. */
export function certificateMakes(view: TreeView, secret: string, from: LayerName): boolean {
  return view.ofKind('Certificate').some(({ manifest, layer }) => {
    const { secretName } = (manifest.spec ?? {}) as { secretName?: string };
    return secretName === secret && (layer.name === from || isAfter(from, layer.name));
  });
}
