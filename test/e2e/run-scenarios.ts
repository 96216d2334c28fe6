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
  try {
    if (scenario.needsPlatform) {
      await healthy(context);
    }
    const figures = await scenario.run(context);
    const result = { name: scenario.name, passed: true, seconds: secondsSince(begun), figures };
    progress.say(`  passed in ${result.seconds} s ${JSON.stringify(figures)}`);
    return result;
  } catch (error) {
    context.kubectl.commands.signal.throwIfAborted();
    const seconds = secondsSince(begun);
    progress.say(`  FAILED after ${seconds} s`);
    progress.fail(error);
    process.stderr.write(`${await failureReport(context.kubectl)}\n`);
    return { name: scenario.name, passed: false, seconds, figures: {} };
  }
}

/** The scenarios, and before the first that needs the platform the one that deploys it. */
function withDeployment(scenarios: readonly Scenario[]): readonly Scenario[] {
  const index = scenarios.findIndex(({ needsPlatform }) => needsPlatform);
  return index < 0 || scenarios.includes(firstDeployment)
    ? scenarios
    : [...scenarios.slice(0, index), firstDeployment, ...scenarios.slice(index)];
}
