import { type Manifest, objectName } from '../platform/manifest';
import type { Tree } from '../platform/tree';

/** Where in a tree something is: an object of a layer, a layer, or the tree itself. */
export interface Where {
  /** The layer, or `flux` for Flux objects. @default - none: the whole tree is meant */
  readonly layer?: { readonly name: string };
  /** @default - none: the whole layer is meant */
  readonly manifest?: Manifest;
}

/** Words for a place in a tree, e.g. `school-platform prod database Deployment/school-platform-db`. */
export function placeOf(tree: Tree, { layer, manifest }: Where): string {
  const parts = [tree.platform, tree.environment, layer?.name, manifest && objectName(manifest)];
  return parts.filter((part) => part !== undefined).join(' ');
}
