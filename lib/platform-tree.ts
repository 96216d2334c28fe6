import { fluxKustomizations } from './flux/kustomizations';
import { LAYER_NAMES } from './platform/layer-name';
import type { Platform } from './platform/platform';
import type { FrozenRecord, Tree } from './platform/tree';

/**
 * A platform as plain data: its layers' objects and the Flux objects that apply them. To be called once a platform.
 *
 * @throws when an object was put into the layer `secrets`, which is people's
 */
export function platformTree(platform: Platform, frozen: FrozenRecord): Tree {
  const layers = LAYER_NAMES.map((name) => platform.layers[name])
    .map((layer) => ({ name: layer.layerName, path: layer.path, objects: layer.manifests() }))
    .filter(({ objects }) => objects.length > 0);
  if (layers.some(({ name }) => name === 'secrets')) {
    throw new Error(
      `layer secrets of ${platform.name} holds an object, but Flux reads that layer from the folder that people write; ` +
        'put the object into another layer',
    );
  }
  return {
    platform: platform.name,
    environment: platform.environment.name,
    cluster: platform.environment.cluster,
    namespace: platform.namespace,
    layers,
    flux: fluxKustomizations(platform, layers),
    secrets: platform.secrets,
    flows: platform.flows,
    exceptions: platform.exceptions,
    nestedNfsPaths: platform.nestedNfsPaths,
    frozen,
  };
}
