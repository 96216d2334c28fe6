import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What one process measured of itself; `run.ts` reads it from standard output. */
export interface RenderReport {
  readonly objects: number;
  /** Milliseconds of each step, in order. */
  readonly phases: Readonly<Record<string, number>>;
  /** Largest resident memory, as getrusage(2) says. */
  readonly peakMiB: number;
}

/**
 * Renders environments as `synthesize` does, step by step so that each can be timed: all platforms are made before the
 * first becomes data, and every rule runs. Files are written below `folder`, one a resource.
 *
 * @param changed an environment whose readiness probe asks another path @default - none
 */
async function render(environments: number, folder: string, changed?: number): Promise<RenderReport> {
  const phases: Record<string, number> = {};
  // The clock starts with the process, so that loading includes Node's own start and the compiling.
  let since = 0;
  const finish = (phase: string): void => {
    const now = performance.now();
    phases[phase] = now - since;
    since = now;
  };

  const { typicalPlatform } = await import('./typical-platform');
  const { platformTree } = await import('../lib/platform-tree');
  const { checkTrees } = await import('../lib/policy/check-trees');
  const { formatProblems } = await import('../lib/policy/problem');
  const { readFrozenFile } = await import('../lib/render/frozen-file');
  const { platformPage } = await import('../lib/render/platform-page');
  const { treeFiles } = await import('../lib/render/tree-files');
  const { toYaml } = await import('../lib/render/yaml');
  const { loadSqlGrammar } = await import('../lib/workload/schema/schema-file');
  await loadSqlGrammar();
  finish('load');

  const platforms = Array.from({ length: environments }, (_, index) =>
    typicalPlatform(index, index === changed ? '/ready' : undefined),
  );
  finish('constructs');

  const frozen = readFrozenFile(__dirname);
  const trees = platforms.map((platform) => platformTree(platform, frozen.of(platform.environment.name)));
  finish('plain data');

  const problems = checkTrees(trees);
  if (problems.length > 0) {
    // Every environment has the same problems; those of the first few say it all.
    throw new Error(formatProblems(problems.slice(0, 5)));
  }
  finish('rules');

  const files = new Map(trees.flatMap(treeFiles).map(({ path, object }) => [path, toYaml(object)]));
  finish('YAML');

  platformPage(trees);
  frozen.recording(trees);
  finish('page');

  writeFiles(folder, files);
  finish('files');
  return { objects: files.size, phases, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const each of new Set([...files.keys()].map((path) => dirname(join(folder, path))))) {
    mkdirSync(each, { recursive: true });
  }
  for (const [path, text] of files) {
    writeFileSync(join(folder, path), text);
  }
}

const [environments, folder, changed] = process.argv.slice(2);
void render(Number(environments), folder ?? '', changed === undefined ? undefined : Number(changed)).then((report) => {
  process.stdout.write(JSON.stringify(report));
});
