import type { Cluster } from './cluster';
import type { Flow } from './flow';
import type { LayerName } from './layer-name';
import type { Manifest } from './manifest';

/** One layer of a tree: a folder of YAML and the Flux Kustomization that applies it. */
export interface LayerTree {
  readonly name: LayerName;
  /** Folder below `dist` (and in the config repository), e.g. `platforms/school-platform/prod/base`. */
  readonly path: string;
  readonly objects: readonly Manifest[];
}

/** A Secret that people write, and the keys that this platform reads from it. Values never pass through synth. */
export interface SecretContract {
  readonly name: string;
  /** What each key holds, in words for the person who fills it in. */
  readonly keys: Readonly<Record<string, string>>;
}

/** A rule that one object may break, and why. */
export interface RuleException {
  /** Name of the rule as its problems print it, e.g. `restricted-pods`. */
  readonly rule: string;
  /** The object as `Kind/name`. */
  readonly object: string;
  /** Why it cannot be otherwise; shown on the platform's page. */
  readonly reason: string;
}

/** An NFS volume that lies around others, and why (DESIGN: one path inside another's is refused unless stated). */
export interface NestedNfsPaths {
  /** Path of the outer volume, e.g. `/school`. */
  readonly path: string;
  /** Paths of the volumes inside it. */
  readonly contains: readonly string[];
  readonly reason: string;
}

/** Facts that must not change unnoticed, as the platform's `frozen.yaml` records them for one environment. */
export interface FrozenRecord {
  /** Fact (`PersistentVolume/school-backups-pv-prod nfs`) → recorded value (`nas.example.lan:/school/backups`). */
  readonly facts: Readonly<Record<string, string>>;
  /** Facts that somebody gave up or changed on purpose; each statement excuses the change from the value `was` only. */
  readonly released: readonly { readonly fact: string; readonly was: string; readonly reason: string }[];
}

/** One platform in one environment as plain data: what the rules check and the renderer writes. */
export interface Tree {
  readonly platform: string;
  readonly environment: string;
  readonly cluster: Cluster;
  readonly namespace: { readonly name: string; readonly owned: boolean };
  /** Only layers that have objects, in the order in which they are applied; `secrets` is never among them. */
  readonly layers: readonly LayerTree[];
  /** The Flux Kustomizations, in `dist/clusters/<cluster>/<platform>/`. */
  readonly flux: readonly Manifest[];
  readonly secrets: readonly SecretContract[];
  /** Who talks to whom; the NetworkPolicies among the objects allow exactly that. */
  readonly flows: readonly Flow[];
  readonly exceptions: readonly RuleException[];
  readonly nestedNfsPaths: readonly NestedNfsPaths[];
  readonly frozen: FrozenRecord;
}
