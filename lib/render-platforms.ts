import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Platform } from './platform/platform';
import { platformTree } from './platform-tree';
import { checkTrees } from './policy/check-trees';
import { formatProblems } from './policy/problem';
import { type FrozenFile, readFrozenFile } from './render/frozen-file';
import { platformPage } from './render/platform-page';
import { treeFiles } from './render/tree-files';
import { toYaml } from './render/yaml';

/** Makes the platforms of one product, one for each environment. */
export type PlatformFactory = () => readonly Platform[];

/** Everything that a synth writes, by path with forward slashes. */
export interface Rendered {
  /** Files below `dist`. */
  readonly dist: ReadonlyMap<string, string>;
  /** Files of the project that a synth keeps current: a page and a frozen record for each platform. */
  readonly project: ReadonlyMap<string, string>;
  /** What people should know though nothing is refused, a line each. */
  readonly warnings: readonly string[];
}

/**
 * Renders platforms and checks them against every rule; writes nothing.
 *
 * @throws one Error with all problems: of the environments' data, of the composition, and of the rules
 */
export function renderPlatforms(factories: readonly PlatformFactory[]): Rendered {
  const frozen = new Map<string, FrozenFile>();
  const platforms = construct(factories);
  const trees = platforms.map((platform) => {
    const file = frozen.get(platform.name) ?? readFrozenFile(platform.folder);
    frozen.set(platform.name, file);
    return platformTree(platform, file.of(platform.environment.name));
  });
  const problems = checkTrees(trees);
  const vanished = [...frozen.values(), ...frozenBeside(platforms)].flatMap((file) => file.vanishedEnvironments(trees));
  if (problems.length + vanished.length > 0) {
    throw new Error([formatProblems(problems), ...vanished].filter(Boolean).join('\n'));
  }

  const dist = new Map(trees.flatMap(treeFiles).map(({ path, object }) => [path, toYaml(object)]));
  const project = new Map<string, string>();
  for (const [name, file] of frozen) {
    const own = trees.filter(({ platform }) => platform === name);
    project.set(`docs/platforms/${name}.md`, platformPage(own));
    project.set(`platforms/${name}/frozen.yaml`, file.recording(own));
  }
  const warnings = platforms.flatMap(({ name, environment, warnings: own }) =>
    own.map((text) => `warning: ${name} ${environment.name}: ${text}`),
  );
  return { dist, project, warnings };
}

/** The frozen records of platforms beside these that `main.ts` names no longer, or that have no environment any more. */
function frozenBeside(platforms: readonly Platform[]): FrozenFile[] {
  const folders = new Set(platforms.map(({ folder }) => resolve(folder)));
  const parents = new Set([...folders].map((folder) => dirname(folder)));
  return [...parents]
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
    .filter((folder) => !folders.has(folder) && existsSync(join(folder, 'frozen.yaml')))
    .map((folder) => readFrozenFile(folder));
}

function construct(factories: readonly PlatformFactory[]): Platform[] {
  const platforms: Platform[] = [];
  const problems: string[] = [];
  for (const factory of factories) {
    try {
      platforms.push(...factory());
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  for (const { name, folder } of platforms.filter((each) => basename(each.folder) !== each.name)) {
    problems.push(`platform "${name}" lies in the folder "${basename(folder)}"; give both one name`);
  }
  if (problems.length > 0) {
    throw new Error([...new Set(problems)].join('\n'));
  }
  if (platforms.length === 0) {
    throw new Error('there is no platform to synthesize; name at least one in main.ts');
  }
  return platforms;
}
