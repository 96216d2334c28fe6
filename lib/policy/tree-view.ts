import { LAYERS, type LayerName } from '../platform/layer-name';
import type { Manifest } from '../platform/manifest';
import type { Tree } from '../platform/tree';
import { type Placed, type PodTemplate, podTemplate } from './pods';
import { type ServiceView, serviceViews } from './services';
import { type Suspect, suspectsOf } from './suspects';

/** What the rules look up in a tree, made in one walk over its objects. */
export class TreeView {
  /** The objects of all layers. */
  public readonly objects: readonly Placed[];
  /** The pod templates of all workloads. */
  public readonly pods: readonly PodTemplate[];
  /** The Services that select pods. */
  public readonly services: readonly ServiceView[];

  readonly #kinds = new Map<string, Placed[]>();
  readonly #flux: ReadonlyMap<string, Manifest>;
  #suspects: readonly Suspect[] | undefined;

  public constructor(public readonly tree: Tree) {
    const objects: Placed[] = [];
    const pods: PodTemplate[] = [];
    for (const layer of tree.layers) {
      for (const manifest of layer.objects) {
        const placed = { layer, manifest };
        objects.push(placed);
        const sameKind = this.#kinds.get(manifest.kind);
        if (sameKind === undefined) {
          this.#kinds.set(manifest.kind, [placed]);
        } else {
          sameKind.push(placed);
        }
        const pod = podTemplate(placed);
        if (pod !== undefined) {
          pods.push(pod);
        }
      }
    }
    this.objects = objects;
    this.pods = pods;
    this.services = serviceViews(this.ofKind('Service'), pods);
    this.#flux = new Map(tree.flux.map((manifest) => [manifest.metadata.name, manifest]));
  }

  /** The values that may be secrets or no plain data. */
  public get suspects(): readonly Suspect[] {
    this.#suspects ??= suspectsOf(this.objects, this.tree.flux);
    return this.#suspects;
  }

  /** The objects of one kind. */
  public ofKind(kind: string): readonly Placed[] {
    return this.#kinds.get(kind) ?? NONE;
  }

  /** The pod template that an object holds. */
  public podOf({ manifest }: Placed): PodTemplate | undefined {
    return this.pods.find((pod) => pod.manifest === manifest);
  }

  /** The objects of a kind and name, in whatever layers they lie. */
  public named(kind: string, name: string): readonly Placed[] {
    return this.ofKind(kind).filter(({ manifest }) => manifest.metadata.name === name);
  }

  /** The object that a reference from a layer means: one of the layer itself or of a layer applied before it. */
  public resolve(kind: string, name: string, from: LayerName): Placed | undefined {
    return this.named(kind, name).find(({ layer }) => layer.name === from || isAfter(from, layer.name));
  }

  /** The Flux object of a name. */
  public flux(name: string): Manifest | undefined {
    return this.#flux.get(name);
  }
}

const NONE: readonly Placed[] = [];

const views = new WeakMap<Tree, TreeView>();

/** The view of a tree; the same one for every rule, so a tree must not change once it was looked at. */
export function viewOf(tree: Tree): TreeView {
  const known = views.get(tree);
  if (known !== undefined) {
    return known;
  }
  const view = new TreeView(tree);
  views.set(tree, view);
  return view;
}

/** Whether a layer depends on another one, directly or through others. */
export function isAfter(layer: LayerName, other: LayerName): boolean {
  const before: readonly LayerName[] = LAYERS[layer];
  return before.some((each) => each === other || isAfter(each, other));
}
