import type { Manifest } from '../platform/manifest';
import type { Tree } from '../platform/tree';

/** A file below `dist` and the object it holds. */
export interface ObjectFile {
  /** Path with forward slashes, e.g. `platforms/school-platform/prod/app/service-school-platform.yaml`. */
  readonly path: string;
  readonly object: Manifest;
}

/** The files of a tree: one a resource, its path made of layer, kind and name. */
export function treeFiles(tree: Tree): ObjectFile[] {
  const flux = `clusters/${tree.cluster.name}/${tree.platform}`;
  return [
    ...tree.layers.flatMap((layer) => layer.objects.map((object) => ({ path: filePath(layer.path, object), object }))),
    ...tree.flux.map((object) => ({ path: filePath(flux, object), object })),
  ];
}

function filePath(folder: string, { kind, metadata }: Manifest): string {
  return `${folder}/${kind.toLowerCase()}-${metadata.name}.yaml`;
}
