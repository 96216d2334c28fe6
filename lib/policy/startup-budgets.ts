import { defineRule, type Report } from './define-rule';
import { layerTimeout } from './kustomizations';
import { gateOf } from './migrations';
import type { WorkloadSpec } from './objects';
import type { Probe } from './pod-spec';
import { type PodTemplate, STAYING } from './pods';
import type { TreeView } from './tree-view';

/** What Kubernetes fills in. */
const DEFAULT = { progressDeadline: 600, period: 10, failures: 3 };

/**
 * Whoever waits for a start waits longer than it may take: `progressDeadlineSeconds` is above the gate's wait, the longest
 * startup budget or delay of readiness, and `minReadySeconds` together, and the timeout of the layer's Kustomization is
 * not below either. Otherwise a slow start, such as a database that recovers, is called failed and all that depends on
 * it stands still.
 */
export const startupBudgets = defineRule('startup-budgets', (view, report) => {
  for (const pod of view.pods) {
    if (STAYING.has(pod.manifest.kind)) {
      checkWorkload(view, pod, report);
    }
  }
});

function checkWorkload(view: TreeView, pod: PodTemplate, report: Report): void {
  const wait = gateOf(pod)?.wait ?? 0;
  const { minReadySeconds = 0 } = (pod.manifest.spec ?? {}) as WorkloadSpec;
  const starts = pod.containers.map(({ startupProbe, readinessProbe }) =>
    Math.max(budget(startupProbe), readinessProbe?.initialDelaySeconds ?? 0),
  );
  const longest = wait + Math.max(0, ...starts) + minReadySeconds;
  const timeout = layerTimeout(view, pod.layer.name);
  const layer = pod.layer.name;
  if (pod.manifest.kind === 'Deployment') {
    const { progressDeadlineSeconds } = (pod.manifest.spec ?? {}) as WorkloadSpec;
    const deadline = progressDeadlineSeconds ?? DEFAULT.progressDeadline;
    if (deadline <= longest) {
      const wayOut = `write more than ${longest}, with time to pull the image`;
      report(pod, `progressDeadlineSeconds is ${deadline}, and a start may take ${longest} s`, wayOut);
    } else if (timeout !== undefined && timeout < deadline) {
      const wrong = `progressDeadlineSeconds is ${deadline}, and layer ${layer} is given ${timeout} s`;
      report(pod, wrong, "raise the timeout of the layer's Kustomization");
    }
  } else if (timeout !== undefined && timeout <= longest) {
    const wrong = `a start may take ${longest} s, and layer ${layer} is given ${timeout} s`;
    report(pod, wrong, "raise the timeout of the layer's Kustomization");
  }
}

/** Seconds that a container may take to start. */
function budget(probe: Probe | undefined): number {
  if (probe === undefined) {
    return 0;
  }
  const { initialDelaySeconds = 0, periodSeconds = DEFAULT.period, failureThreshold = DEFAULT.failures } = probe;
  return initialDelaySeconds + periodSeconds * failureThreshold;
}
