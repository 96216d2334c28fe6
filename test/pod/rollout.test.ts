import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { progressDeadline, startupProbe } from '../../lib/pod/rollout';

const seconds = (most: number) => fc.integer({ min: 1, max: most }).map((count) => Duration.seconds(count));
const action = { exec: { command: ['true'] } };

describe('a startup probe', () => {
  test('asks in each period until the budget is used up', () => {
    expect(startupProbe(action, Duration.minutes(5), Duration.seconds(5))).toEqual({
      exec: { command: ['true'] },
      periodSeconds: 5,
      failureThreshold: 60,
      timeoutSeconds: 5,
    });
  });

  test('rounds a budget up to whole periods', () => {
    expect(startupProbe(action, Duration.seconds(21), Duration.seconds(10)).failureThreshold).toBe(3);
  });

  test('never allows less than was asked for, nor a whole period more', () => {
    fc.assert(
      fc.property(seconds(100_000), seconds(600), (budget, period) => {
        const { failureThreshold = 0, periodSeconds = 0 } = startupProbe(action, budget, period);
        const allowed = failureThreshold * periodSeconds;
        expect(allowed).toBeGreaterThanOrEqual(budget.toSeconds());
        expect(allowed).toBeLessThan(budget.toSeconds() + period.toSeconds());
        // Kubernetes takes 3 where it reads 0.
        expect(failureThreshold).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

describe('the progress deadline', () => {
  test.each([
    [[], 300],
    [[Duration.minutes(5)], 600],
    [[Duration.minutes(10), Duration.minutes(5)], 1200],
    [[Duration.hours(1)], 3900],
  ])('leaves five minutes for image and volumes beside %j', (budgets, expected) => {
    expect(progressDeadline(...budgets)).toBe(expected);
  });

  test('is above the sum of all budgets', () => {
    fc.assert(
      fc.property(fc.array(seconds(100_000)), (budgets) => {
        const sum = budgets.reduce((total, budget) => total + budget.toSeconds(), 0);
        expect(progressDeadline(...budgets)).toBeGreaterThan(sum);
      }),
    );
  });
});
