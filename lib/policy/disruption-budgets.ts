import { objectName } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import type { LabelSelector } from './objects';
import type { Placed, PodTemplate } from './pods';
import { scaleOf } from './scale';
import { selects } from './selectors';
import type { TreeView } from './tree-view';

/** `spec` of a PodDisruptionBudget; numbers, or percentages as text. */
interface BudgetSpec {
  readonly selector?: LabelSelector;
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
}

const SCALED = new Set(['Deployment', 'StatefulSet']);

/**
 * From two replicas up a workload has a PodDisruptionBudget of its own, so that a drained node does not take all pods at
 * once; and every budget allows one disruption, or no node could ever be drained.
 */
export const disruptionBudgets = defineRule('disruption-budgets', (view, report) => {
  const budgets = view.ofKind('PodDisruptionBudget');
  for (const pod of view.pods) {
    // A database of one writer has no budget, whatever its replicas: `single-writer` speaks about those.
    if (!SCALED.has(pod.manifest.kind) || pod.component === 'database') {
      continue;
    }
    const { minimum } = scaleOf(view, pod);
    const own = budgets.filter((budget) => selects(specOf(budget).selector, pod.labels));
    if (own.length > 1) {
      const names = own.map(({ manifest }) => objectName(manifest)).join(' and ');
      const wrong = `${names} select the pods of ${objectName(pod.manifest)}, which the API server then never evicts`;
      report(own.at(-1) ?? pod, wrong, 'keep one of them');
    }
    if (minimum >= 2 && own.length === 0) {
      const wayOut = 'add one with maxUnavailable 1';
      report(pod, `no PodDisruptionBudget selects its pods, of which there are ${minimum} or more`, wayOut);
    }
  }
  for (const budget of budgets) {
    checkBudget(view, budget, report);
  }
});

function checkBudget(view: TreeView, budget: Placed, report: Report): void {
  const { selector, minAvailable, maxUnavailable } = specOf(budget);
  const pods = view.pods.filter(({ labels }) => selects(selector, labels));
  if (pods.length > 1) {
    const names = pods.map(({ manifest }) => objectName(manifest)).join(' and ');
    report(budget, `selector ${JSON.stringify(selector)} selects ${names}`, 'give each workload its own');
    return;
  }
  if (minAvailable === undefined && maxUnavailable === undefined) {
    report(budget, 'neither minAvailable nor maxUnavailable is there', 'write maxUnavailable 1');
  }
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const wrong = `minAvailable ${minAvailable} and maxUnavailable ${maxUnavailable} are both there`;
    report(budget, wrong, 'write maxUnavailable 1 alone: the API server takes one of the two');
    return;
  }
  if (maxUnavailable !== undefined && atLeast(maxUnavailable, 100) < 1) {
    report(budget, `maxUnavailable is ${maxUnavailable}, so no pod may ever be moved`, 'write 1');
  }
  const [pod] = pods;
  if (pod === undefined || pod.component === 'database') {
    return;
  }
  if (minAvailable !== undefined) {
    checkMinimum(view, budget, pod, minAvailable, report);
  }
  const { minimum } = scaleOf(view, pod);
  const gone = maxUnavailable ?? (minAvailable !== undefined && atLeast(minAvailable, 100) < 1 ? '100%' : 0);
  if (minimum >= 2 && atLeast(gone, minimum) >= minimum) {
    const said =
      maxUnavailable === undefined ? `minAvailable is ${minAvailable}` : `maxUnavailable is ${maxUnavailable}`;
    report(budget, `${said} of ${minimum} replicas, so all pods may be moved at once`, 'write maxUnavailable 1');
  }
}

function checkMinimum(
  view: TreeView,
  budget: Placed,
  pod: PodTemplate,
  minAvailable: number | string,
  report: Report,
): void {
  const { minimum } = scaleOf(view, pod);
  if (atLeast(minAvailable, minimum) >= minimum) {
    const wrong = `minAvailable is ${minAvailable} of ${minimum} replicas, so no pod may ever be moved`;
    report(budget, wrong, 'write maxUnavailable 1 instead');
  }
}

function specOf({ manifest }: Placed): BudgetSpec {
  return (manifest.spec ?? {}) as BudgetSpec;
}

/** A number of pods, percentages rounded up as the disruption controller does. */
function atLeast(amount: number | string, replicas: number): number {
  return typeof amount === 'number' ? amount : Math.ceil((Number.parseFloat(amount) / 100) * replicas);
}
