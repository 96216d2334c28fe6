import type { Context, Scenario, TestedPlatform } from './context';
import { school } from './deployment';
import { failureReport } from './failure-report';
import type { Progress, Result } from './progress';
import { SCENARIOS } from './scenarios';
import { secondsSince } from './waiting';

/**
 * Runs scenarios one after the other and prints the table; a failed one does not keep the others from running, unless
 * it left the platform unhealthy.
 *
 * @returns the exit status
 */
export async function runScenarios(
  context: Context,
  scenarios: readonly Scenario[],
  progress: Progress,
): Promise<number> {
  const results: Result[] = [];
  let running: TestedPlatform | undefined;
  try {
    for (const scenario of withDeployments(scenarios)) {
      const { name, platform, deploys } = scenario;
      if (running !== undefined && running !== (platform ?? deploys)) {
        progress.say(`${running.name} goes`);
        await running.remove(context);
        running = undefined;
      }
      if (platform !== running) {
        results.push({ name, passed: false, seconds: 0, figures: { 'not run': 'the platform is not there' } });
        continue;
      }
      progress.say(name);
      const result = await runOne(context, scenario, progress);
      results.push(result);
      running = deploys !== undefined && result.passed ? deploys : running;
    }
    return results.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    if (results.length > 0) {
      progress.table(results);
    }
  }
}

async function runOne(context: Context, scenario: Scenario, progress: Progress): Promise<Result> {
  const begun = performance.now();
  const { name, platform } = scenario;
  const failed = async (error: unknown): Promise<undefined> => {
    context.kubectl.commands.signal.throwIfAborted();
    progress.say(`  FAILED after ${secondsSince(begun)} s`);
    progress.fail(error);
    // Before anything is put right: this is what a person would want to see.
    process.stderr.write(
      `${await failureReport(context.kubectl, (platform ?? scenario.deploys ?? school).namespace)}\n`,
    );
    return undefined;
  };
  const ready = platform?.healthy(context) ?? Promise.resolve();
  const figures = await ready.then(() => scenario.run(context)).catch(failed);
  const restored = await (scenario.restore?.(context) ?? Promise.resolve()).then(() => true).catch(failed);
  const result = {
    name,
    passed: figures !== undefined && restored === true,
    seconds: secondsSince(begun),
    figures: figures ?? {},
  };
  if (result.passed) {
    progress.say(`  passed in ${result.seconds} s ${JSON.stringify(result.figures)}`);
  }
  return result;
}

/** The scenarios, and before the first on each platform the one that deploys it. */
function withDeployments(scenarios: readonly Scenario[]): readonly Scenario[] {
  const all: Scenario[] = [];
  for (const scenario of scenarios) {
    const { platform } = scenario;
    if (platform !== undefined && !all.some(({ deploys }) => deploys === platform)) {
      all.push(...SCENARIOS.filter(({ deploys }) => deploys === platform));
    }
    all.push(scenario);
  }
  return all;
}
