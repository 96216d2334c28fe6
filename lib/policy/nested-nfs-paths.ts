import { type Manifest, objectName } from '../platform/manifest';
import type { NestedNfsPaths, Tree } from '../platform/tree';
import type { VolumeSpec } from './objects';
import { placeOf } from './place';
import type { ClusterRule, Problem } from './problem';
import { viewOf } from './tree-view';

const NAME = 'nested-nfs-paths';

/** An NFS volume of a tree. */
interface NfsVolume {
  readonly tree: Tree;
  readonly layer: { readonly name: string };
  readonly manifest: Manifest;
  readonly server: string;
  /** Without a slash at the end. */
  readonly path: string;
}

/** Volumes by server and path. */
type Folders = ReadonlyMap<string, readonly NfsVolume[]>;

/**
 * Two volumes never share a folder of an NFS server by accident: a path that is, or lies in, the path of another volume
 * is stated, with its reason, by the platform of the outer one. And what is stated is so.
 */
export const nestedNfsPaths: ClusterRule = {
  name: NAME,
  check(trees) {
    const folders = new Map<string, NfsVolume[]>();
    const volumes = trees.flatMap(volumesOf);
    for (const volume of volumes) {
      const others = folders.get(folderOf(volume));
      if (others === undefined) {
        folders.set(folderOf(volume), [volume]);
      } else {
        others.push(volume);
      }
    }
    return [
      ...volumes.flatMap((volume) => unstated(volume, folders)),
      ...trees.flatMap((tree) => tree.nestedNfsPaths.flatMap((stated) => stale(tree, stated, folders))),
    ];
  },
};

function volumesOf(tree: Tree): NfsVolume[] {
  return viewOf(tree)
    .ofKind('PersistentVolume')
    .flatMap(({ layer, manifest }) => {
      const { nfs } = (manifest.spec ?? {}) as VolumeSpec;
      return nfs === undefined ? [] : [{ tree, layer, manifest, server: nfs.server, path: trimmed(nfs.path) }];
    });
}

function unstated(inner: NfsVolume, folders: Folders): Problem[] {
  return outerVolumes(inner, folders)
    .filter((outer) => {
      // Of two volumes with one path neither is the outer one: either platform may state it.
      const speakers = inner.path === outer.path ? [outer.tree, inner.tree] : [outer.tree];
      return !speakers.some((tree) => states(tree, outer.path, inner.path));
    })
    .map((outer) => {
      const whose = `${objectName(outer.manifest)} of ${outer.tree.platform} ${outer.tree.environment}`;
      const path = outer.path || '/';
      const where = inner.path === outer.path ? `is the path of ${whose} too` : `lies inside ${path} of ${whose}`;
      const wayOut = `choose another path, or state it with the reason where ${path} is claimed`;
      return problem(inner.tree, inner, `NFS path "${inner.server}:${inner.path}" ${where}`, wayOut);
    });
}

/** The volumes around one; of those with the very same path only the first, so that a pair is one problem. */
function outerVolumes(inner: NfsVolume, folders: Folders): NfsVolume[] {
  const first = folders.get(folderOf(inner))?.[0];
  const same = first === undefined || first === inner ? [] : [first];
  const names = inner.path.split('/').slice(0, -1);
  const parents = names.map((_, index) => names.slice(0, index + 1).join('/'));
  return [...same, ...parents.flatMap((path) => folders.get(`${inner.server}:${path}`) ?? [])];
}

/** Whether a tree says that one path holds the other. */
function states(tree: Tree, outer: string, inner: string): boolean {
  return tree.nestedNfsPaths.some(
    ({ path, contains }) => trimmed(path) === outer && contains.some((each) => trimmed(each) === inner),
  );
}

function stale(tree: Tree, { path, contains, reason }: NestedNfsPaths, folders: Folders): Problem[] {
  const outer = volumesOf(tree).find((volume) => volume.path === trimmed(path));
  const where = outer ?? {};
  if (outer === undefined) {
    return [problem(tree, where, `NFS path "${path}" is stated to hold others but is no volume's`, 'remove it')];
  }
  const problems = contains
    .filter((inner) => !isInside(outer, trimmed(inner), folders))
    .map((inner) =>
      problem(tree, where, `NFS path "${path}" is stated to hold "${inner}", which is not so`, 'remove it'),
    );
  if (reason.trim() === '') {
    problems.push(
      problem(tree, where, `NFS path "${path}" is stated to hold others for no reason`, 'write the reason'),
    );
  }
  return problems;
}

function isInside(outer: NfsVolume, inner: string, folders: Folders): boolean {
  const volumes = folders.get(`${outer.server}:${inner}`) ?? [];
  return inner === outer.path ? volumes.length > 1 : inner.startsWith(`${outer.path}/`) && volumes.length > 0;
}

function problem(tree: Tree, where: Parameters<typeof placeOf>[1], wrong: string, wayOut: string): Problem {
  return { rule: NAME, place: placeOf(tree, where), message: `${wrong}; ${wayOut}` };
}

function folderOf({ server, path }: NfsVolume): string {
  return `${server}:${path}`;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '');
}
