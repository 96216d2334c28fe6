import { configChecksum } from '../../lib/platform/config-checksum';
import type { LayerName } from '../../lib/platform/layer-name';
import { type Manifest, objectName } from '../../lib/platform/manifest';
import type { Tree } from '../../lib/platform/tree';

/** Plain data that a test may write to. */
export type Plain = Record<string, unknown>;

/** What a fixture does to a copy of the valid tree. */
export type Change = (tree: Tree) => void;

/**
 * The object of a tree as data that can be changed.
 *
 * @param name `Kind/name`
 * @throws when the tree has no such object, so that a fixture cannot pass by changing nothing
 */
export function objectOf(tree: Tree, name: string): Manifest & Plain {
  const objects = [...tree.layers.flatMap((layer) => layer.objects), ...tree.flux];
  const found = objects.find((object) => objectName(object) === name);
  if (found === undefined) {
    throw new Error(`the valid tree has no ${name}`);
  }
  return found;
}

/**
 * Sets one field of an object.
 *
 * @param field names and list positions with slashes between; a slash in a name is written `~1`
 * @param value `undefined` removes the field
 */
export function set(name: string, field: string, value: unknown): Change {
  return (tree) => write(objectOf(tree, name), field, value);
}

/** Appends to a list of an object, which is made when it is missing. */
export function append(name: string, field: string, value: unknown): Change {
  return (tree) => {
    const object = objectOf(tree, name);
    const list = read(object, field);
    // Changes of one tree must not reach the next one that the fixture is applied to.
    write(object, field, [...(Array.isArray(list) ? list : []), structuredClone(value)]);
  };
}

/** Sets one key of a ConfigMap, and the checksum in the pods that use it. */
export function setConfig(name: string, key: string, value: string, ...users: readonly string[]): Change {
  return (tree) => {
    const map = objectOf(tree, `ConfigMap/${name}`);
    write(map, `data/${key}`, value);
    const checksum = configChecksum(map.data as Record<string, string>);
    for (const user of users) {
      write(objectOf(tree, user), `spec/template/metadata/annotations/checksum~1${name}`, checksum);
    }
  };
}

/** Adds an object to a layer. */
export function add(layer: string, object: Manifest): Change {
  return (tree) => {
    const objects = tree.layers.find(({ name }) => name === layer)?.objects as Manifest[];
    objects.push(object);
  };
}

/** Adds a layer with these objects, in the folder that belongs to it. */
export function addLayer(name: LayerName, ...objects: readonly Manifest[]): Change {
  return (tree) => {
    (tree.layers as unknown[]).push({ name, path: `platforms/shop/prod/${name}`, objects });
  };
}

/** Takes an object out of the tree. */
export function remove(name: string): Change {
  return (tree) => {
    const gone = objectOf(tree, name);
    for (const list of [...tree.layers.map(({ objects }) => objects), tree.flux] as Manifest[][]) {
      if (list.includes(gone)) {
        list.splice(list.indexOf(gone), 1);
      }
    }
  };
}

/** Adds a copy of an object to a layer, or to its own. */
export function addCopy(name: string, change: (copy: Manifest & Plain) => void, layer?: string): Change {
  return (tree) => {
    const original = objectOf(tree, name);
    const copy = structuredClone(original);
    change(copy);
    const own = tree.layers.find(({ objects }) => objects.includes(original));
    if (layer === undefined && own === undefined) {
      (tree.flux as Manifest[]).push(copy);
    } else {
      add(layer ?? own?.name ?? '', copy)(tree);
    }
  };
}

/** Moves an object to another layer. */
export function move(name: string, layer: string): Change {
  return (tree) => {
    const object = objectOf(tree, name);
    remove(name)(tree);
    add(layer, object)(tree);
  };
}

/** Sets one field of the tree itself. */
export function setTree(field: string, value: unknown): Change {
  return (tree) => write(tree as unknown as Plain, field, value);
}

/** Several changes that only together leave a tree with one thing wrong. */
export function all(...changes: readonly Change[]): Change {
  return (tree) => {
    for (const change of changes) {
      change(tree);
    }
  };
}

function steps(field: string): string[] {
  return field.split('/').map((step) => step.replaceAll('~1', '/'));
}

function read(root: unknown, field: string): unknown {
  return steps(field).reduce<unknown>((value, step) => (value as Plain | undefined)?.[step], root);
}

/** Writes a field; missing objects on the way are made. */
export function write(root: Plain, field: string, value: unknown): void {
  const way = steps(field);
  const last = way.pop() ?? '';
  const parent = way.reduce<Plain>((object, step) => {
    object[step] ??= {};
    return object[step] as Plain;
  }, root);
  if (value === undefined) {
    delete parent[last];
  } else {
    parent[last] = value;
  }
}
