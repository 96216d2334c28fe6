import { App } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Environment } from './environment';
import type { Flow } from './flow';
import { Layer } from './layer';
import { LAYER_NAMES, type LayerName } from './layer-name';
import type { Namespace } from './namespace';
import { addNamespace } from './namespace-object';
import { SecretReference } from './secret-reference';
import type { NestedNfsPaths, RuleException } from './tree';

/** Properties of a `Platform`. */
export interface PlatformProps {
  /** Name of the product, and of its folder in `platforms/`. */
  readonly name: string;

  /** Folder of the platform's own files, `__dirname`; `frozen.yaml` is read there. */
  readonly folder: string;

  /** Where it runs. */
  readonly namespace: Namespace;

  /** Which deployment this is. */
  readonly environment: Environment;

  /**
   * Rules that single objects may break, each with its reason. One that no longer applies fails.
   *
   * @default - none
   */
  readonly exceptions?: readonly RuleException[];
}

/** One product and all that it runs, in one environment: a cdk8s App of its own, with the standard layers. */
export class Platform extends App {
  /** The platform that a construct belongs to. */
  public static override of(construct: Construct): Platform {
    const root = construct.node.root;
    if (!(root instanceof Platform)) {
      throw new Error(`${construct.node.path} is in no Platform; create it in a layer of one`);
    }
    return root;
  }

  public readonly name: string;
  public readonly folder: string;
  public readonly namespace: Namespace;
  public readonly environment: Environment;
  public readonly exceptions: readonly RuleException[];

  /** The standard layers; those that stay empty are not rendered. */
  public readonly layers: Readonly<Record<LayerName, Layer>>;

  readonly #secrets = new Map<string, SecretReference>();
  readonly #flows: Flow[] = [];
  readonly #nestedNfsPaths: NestedNfsPaths[] = [];
  readonly #warnings: string[] = [];

  public constructor(props: PlatformProps) {
    super();
    this.name = props.name;
    this.folder = props.folder;
    this.namespace = props.namespace;
    this.environment = props.environment;
    this.exceptions = props.exceptions ?? [];
    this.layers = Object.fromEntries(LAYER_NAMES.map((name) => [name, new Layer(this, name)])) as Record<
      LayerName,
      Layer
    >;
    addNamespace(this);
  }

  /**
   * A Secret that people write (SOPS, `secrets/<platform>/<environment>` in the config repository).
   *
   * @param keys what each key holds, in words for the person who fills it in
   * @throws when the name is declared already
   */
  public secret(name: string, keys: Readonly<Record<string, string>>): SecretReference {
    if (this.#secrets.has(name)) {
      throw new Error(`secret "${name}" is declared twice in ${this.name}; declare it once and pass it on`);
    }
    const secret = new SecretReference(name, keys);
    this.#secrets.set(name, secret);
    return secret;
  }

  /** The secret contract: every Secret that the platform expects. */
  public get secrets(): readonly SecretReference[] {
    return [...this.#secrets.values()];
  }

  /** Who talks to whom, in the order in which it was declared; for the platform's page. */
  public get flows(): readonly Flow[] {
    return this.#flows;
  }

  /** Notes a flow that NetworkPolicies allow. */
  public addFlow(flow: Flow): void {
    this.#flows.push(flow);
  }

  /** NFS volumes that are stated to lie around others. */
  public get nestedNfsPaths(): readonly NestedNfsPaths[] {
    return this.#nestedNfsPaths;
  }

  /** States that an NFS volume lies around others, and why. */
  public addNestedNfsPaths(paths: NestedNfsPaths): void {
    this.#nestedNfsPaths.push(paths);
  }

  /** What synth tells people about this composition, though nothing is refused. */
  public get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Notes a risk that somebody may have chosen knowingly: what is wrong, and the way out. */
  public addWarning(text: string): void {
    this.#warnings.push(text);
  }

  /** cdk8s' own writer knows neither rules nor layers: `synthesize` writes platforms. */
  public override synth(): never {
    throw new Error(`platform "${this.name}" is written by synthesize([...]), not by synth()`);
  }
}
