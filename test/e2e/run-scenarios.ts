import type { Context, Scenario } from './context';
import { healthy } from './deployment';
import { failureReport } from './failure-report';
import type { Progress, Result } from './progress';
import { firstDeployment } from './scenarios';
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
  let deployed = false;
  try {
    for (const scenario of withDeployment(scenarios)) {
      if (scenario.needsPlatform && !deployed) {
        const figures = { 'not run': 'the platform is not there' };
        results.push({ name: scenario.name, passed: false, seconds: 0, figures });
        continue;
      }
      progress.say(scenario.name);
      const result = await runOne(context, scenario, progress);
      results.push(result);
      deployed ||= scenario === firstDeployment && result.passed;
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
  const { name } = scenario;
  const failed = async (error: unknown): Promise<undefined> => {
    context.kubectl.commands.signal.throwIfAborted();
    progress.say(`  FAILED after ${secondsSince(begun)} s`);
    progress.fail(error);
    // Before anything is put right: this is what a person would want to see.
    process.stderr.write(`${await failureReport(context.kubectl)}\n`);
    return undefined;
  };
  const ready = scenario.needsPlatform ? healthy(context) : Promise.resolve();
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

/** The scenarios, and before the first that needs the platform the one that deploys it. */
function withDeployment(scenarios: readonly Scenario[]): readonly Scenario[] {
  const index = scenarios.findIndex(({ needsPlatform }) => needsPlatform);
  return index < 0 || scenarios.includes(firstDeployment)
    ? scenarios
    : [...scenarios.slice(0, index), firstDeployment, ...scenarios.slice(index)];
}
