import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { z } from 'zod';
import { problemsOf, refuse } from '../platform/problems';
import type { FrozenRecord, Tree } from '../platform/tree';
import { frozenFacts } from '../policy/frozen-facts';
import { toYaml } from './yaml';

const HEADER = `# Facts whose change would lose data or be refused by the API server. "make synth" adds new ones.
# To change or give up one on purpose, add to "released" the environment, the fact, its value until now, and a reason.
`;

const schema = z.strictObject({
  recorded: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  released: z
    .array(
      z.strictObject({
        environment: z.string(),
        fact: z.string(),
        was: z.string(),
        reason: z.string().min(1, 'say why the fact may change'),
      }),
    )
    .default([]),
});

/** The `frozen.yaml` of a platform's folder. */
export interface FrozenFile {
  /** What is recorded for one environment. */
  of(environment: string): FrozenRecord;
  /** Environments that are recorded but no longer rendered, a problem each. */
  vanishedEnvironments(trees: readonly Tree[]): string[];
  /** The file's text after a synth of these trees. */
  recording(trees: readonly Tree[]): string;
}

/**
 * Reads the `frozen.yaml` of a platform's folder; a missing file records nothing yet.
 *
 * @throws one Error with every problem of the file
 */
export function readFrozenFile(folder: string): FrozenFile {
  const file = join(folder, 'frozen.yaml');
  const place = `platforms/${basename(folder)}/frozen.yaml`;
  const value = existsSync(file) ? readYaml(readFileSync(file, 'utf8'), place) : {};
  refuse([...problemsOf(schema, value, place), ...prototypeProblems(value, place)]);
  const { recorded, released } = schema.parse(value);
  return {
    of: (environment) => ({
      facts: recorded[environment] ?? {},
      released: released.filter((entry) => entry.environment === environment),
    }),
    vanishedEnvironments: (trees) => {
      const rendered = trees.filter(({ platform }) => platform === basename(folder)).map((tree) => tree.environment);
      return Object.keys(recorded)
        .filter((environment) => !rendered.includes(environment))
        .map(
          (environment) =>
            `${place}: environment "${environment}" is recorded but no longer rendered, and its data would be orphaned; ` +
            `bring it back, or remove it from the file with the reason in the commit`,
        );
    },
    recording: (trees) => {
      const facts = Object.fromEntries(trees.map((tree) => [tree.environment, frozenFacts(tree)]));
      return HEADER + toYaml({ recorded: facts, ...(released.length > 0 && { released }) });
    },
  };
}

function readYaml(text: string, place: string): unknown {
  const documents = documentsOf(text, place);
  if (documents.length > 1) {
    throw new Error(
      `${place}: ${documents.length} YAML documents; write all into one: only a single one is read and kept`,
    );
  }
  return documents[0] ?? {};
}

function documentsOf(text: string, place: string): readonly unknown[] {
  try {
    return loadAll(text);
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
}

/** Keys called `__proto__`: where any key may stand, zod leaves that one out without a word. */
function prototypeProblems(value: unknown, place: string): string[] {
  const recorded = isObject(value) ? value.recorded : undefined;
  if (!isObject(recorded)) {
    return [];
  }
  return [
    ['recorded', recorded] as const,
    ...Object.entries(recorded).map(([key, facts]) => [`recorded.${key}`, facts]),
  ]
    .filter(([, each]) => isObject(each) && Object.hasOwn(each, '__proto__'))
    .map(([path]) => `${place}: ${path}.__proto__ is not known here; remove it or correct its name`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
