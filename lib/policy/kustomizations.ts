import { LAYER_NAMES, LAYERS, type LayerName } from '../platform/layer-name';
import type { Manifest } from '../platform/manifest';
import type { Tree } from '../platform/tree';
import type { KustomizationSpec } from './objects';
import type { TreeView } from './tree-view';

/** A layer's Kustomization. */
export interface LayerKustomization {
  /** Where messages say it is. */
  readonly layer: { readonly name: 'flux' };
  readonly manifest: Manifest;
  readonly spec: KustomizationSpec;
}

/** Name of a layer's Kustomization: `<platform>-<environment>` for the app layer, so that people find it. */
export function kustomizationName({ platform, environment }: Tree, layer: LayerName): string {
  return layer === 'app' ? `${platform}-${environment}` : `${platform}-${environment}-${layer}`;
}

/** The Kustomization of a layer. */
export function kustomizationOf(view: TreeView, layer: LayerName): LayerKustomization | undefined {
  const manifest = view.flux(kustomizationName(view.tree, layer));
  return manifest && { layer: { name: 'flux' }, manifest, spec: (manifest.spec ?? {}) as KustomizationSpec };
}

/** The layers that something is applied from: those with objects, and `secrets` when Secrets are expected. */
export function appliedLayers({ layers, secrets }: Tree): LayerName[] {
  const rendered = new Set(layers.map(({ name }) => name));
  return LAYER_NAMES.filter((name) => rendered.has(name) || (name === 'secrets' && secrets.length > 0));
}

/** The nearest layers before this one that exist; a layer that does not exist hands its own on. */
export function layersBefore(layer: LayerName, applied: readonly LayerName[]): LayerName[] {
  const before: readonly LayerName[] = LAYERS[layer];
  return [...new Set(before.flatMap((each) => (applied.includes(each) ? [each] : layersBefore(each, applied))))];
}

/** Time that a layer gets to become healthy, in seconds; nothing when its Kustomization does not say. */
export function layerTimeout(view: TreeView, layer: LayerName): number | undefined {
  const timeout = kustomizationOf(view, layer)?.spec.timeout;
  return timeout === undefined ? undefined : seconds(timeout);
}

/** Length of a duration as Flux writes it (`1h5m`, `90s`), in seconds; nothing when it is none. */
export function seconds(duration: string): number | undefined {
  const [, hours = 0, minutes = 0, rest = 0] =
    /^(?=.)(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(duration) ?? [undefined, NaN];
  const length = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  return Number.isNaN(length) ? undefined : length;
}
