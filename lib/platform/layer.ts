import { ApiObject, Chart } from 'cdk8s';
import { PART_OF_LABEL } from './labels';
import type { LayerName } from './layer-name';
import type { Manifest } from './manifest';
import type { Platform } from './platform';

/** A part of a platform that becomes one folder of YAML and one Flux Kustomization. */
export class Layer extends Chart {
  public constructor(
    platform: Platform,
    /** Which of the standard layers this is. */
    public readonly layerName: LayerName,
  ) {
    super(platform, layerName, {
      labels: { [PART_OF_LABEL]: platform.name },
      disableResourceNameHashes: true,
    });
  }

  /** Folder below `dist` and in the config repository. */
  public get path(): string {
    const platform = this.node.root as Platform;
    return `platforms/${platform.name}/${platform.environment.name}/${this.layerName}`;
  }

  /** The layer's objects as plain data, in the order in which they were made. */
  public manifests(): Manifest[] {
    const objects = this.node.findAll().filter((each) => ApiObject.isApiObject(each));
    return objects.map((object) => object.toJson() as Manifest);
  }
}
