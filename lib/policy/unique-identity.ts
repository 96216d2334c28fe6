import { type Manifest, objectName } from '../platform/manifest';
import type { Tree } from '../platform/tree';
import { placeOf } from './place';
import type { ClusterRule, Problem } from './problem';

const NAME = 'unique-identity';

/** An object and its place. */
interface Owner {
  readonly tree: Tree;
  readonly layer: { readonly name: string };
  readonly manifest: Manifest;
}

/**
 * No two objects of one cluster share group, kind, namespace and name, and no two files share a path. Two Kustomizations
 * that apply one object undo each other's work for ever, and a second file of the same path replaces the first.
 */
export const uniqueIdentity: ClusterRule = {
  name: NAME,
  check(trees) {
    const identities = new Map<string, Owner>();
    const files = new Map<string, Owner>();
    const problems: Problem[] = [];
    const visit = (owner: Owner, folder: string) => {
      const { tree, manifest } = owner;
      const identity = `${tree.cluster.name} ${identityOf(manifest)}`;
      const file = `${folder}/${manifest.kind.toLowerCase()}-${manifest.metadata.name}.yaml`;
      const sameObject = identities.get(identity);
      const sameFile = files.get(file);
      if (sameObject !== undefined) {
        problems.push(twice(owner, sameObject));
      } else {
        identities.set(identity, owner);
        if (sameFile !== undefined) {
          const message = `file "${file}" is written already by ${placeOf(sameFile.tree, sameFile)}; give one of them another name`;
          problems.push({ rule: NAME, place: placeOf(tree, owner), message });
        }
      }
      if (sameFile === undefined) {
        files.set(file, owner);
      }
    };
    for (const tree of trees) {
      for (const layer of tree.layers) {
        for (const manifest of layer.objects) {
          visit({ tree, layer, manifest }, layer.path);
        }
      }
      for (const manifest of tree.flux) {
        visit({ tree, layer: { name: 'flux' }, manifest }, `clusters/${tree.cluster.name}/${tree.platform}`);
      }
    }
    return problems;
  },
};

function twice({ tree, layer, manifest }: Owner, first: Owner): Problem {
  const { namespace = 'the cluster' } = manifest.metadata;
  const wrong = `${objectName(manifest)} of ${namespace} is there twice on cluster "${tree.cluster.name}", first as ${placeOf(first.tree, first)}`;
  const wayOut =
    manifest.kind === 'Namespace'
      ? 'let one platform own the namespace and give the others Namespace.existing'
      : 'give one of them another name or put the environments on different clusters';
  return { rule: NAME, place: placeOf(tree, { layer, manifest }), message: `${wrong}; ${wayOut}` };
}

function identityOf({ apiVersion, kind, metadata }: Manifest): string {
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  return `${group} ${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
}
