import { Duration } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';

/** Time beyond the startup budget: scheduling, pulling images, attaching volumes. */
const MARGIN = Duration.minutes(5);

/**
 * A startup probe that allows a budget: what has not answered by then is restarted.
 *
 * @param period time between two looks
 */
export function startupProbe(
  action: Pick<k8s.Probe, 'exec' | 'httpGet'>,
  budget: Duration,
  period: Duration,
): k8s.Probe {
  const failureThreshold = Math.ceil(budget.toSeconds() / period.toSeconds());
  return { ...action, periodSeconds: period.toSeconds(), failureThreshold, timeoutSeconds: 5 };
}

/** `progressDeadlineSeconds` above all that a new pod may take before it is ready. */
export function progressDeadline(...budgets: readonly Duration[]): number {
  return [...budgets, MARGIN].reduce((sum, budget) => sum + budget.toSeconds(), 0);
}
