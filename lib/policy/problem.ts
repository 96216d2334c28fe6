import type { Tree } from '../platform/tree';

/** Something that a tree must not be. */
export interface Problem {
  /** Name of the rule that found it. */
  readonly rule: string;
  /** Platform, environment, layer (or `flux`) and object, e.g. `school-platform prod database Deployment/school-db`. */
  readonly place: string;
  /** What is wrong with the value, then `; ` and the way out; lower case, no final period. */
  readonly message: string;
}

/** What always holds in one tree. */
export interface Rule {
  /** Kebab-case; what an exception names. */
  readonly name: string;
  /**
   * Whether no exception is accepted: what the rule keeps is lost for good, or harms others, when it is broken once.
   *
   * @default false
   */
  readonly absolute?: boolean;
  check(tree: Tree): Problem[];
}

/** What always holds between all trees; no exception is accepted. */
export interface ClusterRule {
  /** Kebab-case. */
  readonly name: string;
  check(trees: readonly Tree[]): Problem[];
}

/** The rules that run together. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly clusterRules: readonly ClusterRule[];
}

/**
 * Problems for a person who reads a terminal: a heading for each place, its problems below it, the rule's name last,
 * because that is what an exception would need. The order does not depend on the order of finding.
 */
export function formatProblems(problems: readonly Problem[]): string {
  const places = new Map<string, Set<string>>();
  for (const { place, message, rule } of problems) {
    const lines = places.get(place) ?? new Set();
    places.set(place, lines.add(`  ${message} (${rule})`));
  }
  return [...places]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([place, lines]) => [place, ...[...lines].sort()].join('\n'))
    .join('\n');
}
