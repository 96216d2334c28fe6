import { objectName } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import type { LabelSelector, WorkloadSpec } from './objects';
import type { PodTemplate } from './pods';
import { selects } from './selectors';
import type { TreeView } from './tree-view';

/** Script that takes the lock in the volume and then becomes the server. */
const LOCKING_START = 'start-server.sh';

/**
 * A database that has one writer is one replica, the old pod is gone before the new one starts, and the server holds a
 * lock in its volume: two servers on one volume were both Ready and each saw half of the rows.
 */
export const singleWriter = defineRule('single-writer', (view, report) => {
  for (const pod of view.pods) {
    if (pod.component === 'database') {
      checkWorkload(pod, report);
      checkScaling(view, pod, report);
    }
  }
});

function checkWorkload(pod: PodTemplate, report: Report): void {
  const { kind, spec } = pod.manifest;
  if (kind !== 'Deployment' && kind !== 'StatefulSet') {
    report(pod, `a ${kind} carries component "database"`, 'write the component that it is: database means the server');
    return;
  }
  const { replicas, strategy } = (spec ?? {}) as WorkloadSpec;
  if (replicas !== 1) {
    report(pod, `replicas is ${replicas ?? 'missing'}`, 'write 1: the volume has one writer');
  }
  if (kind === 'Deployment' && strategy?.type !== 'Recreate') {
    const wayOut = 'write Recreate, or the new server starts beside the old one';
    report(pod, `strategy is ${strategy?.type ?? 'missing'}`, wayOut);
  }
  const servers = pod.spec.containers ?? [];
  if (
    !servers.some(({ command = [], args = [] }) => [...command, ...args].some((word) => word.includes(LOCKING_START)))
  ) {
    const names = servers.map(({ name }) => `"${name}"`).join(', ');
    const wrong = `no container of ${names} runs ${LOCKING_START}, so none holds the lock of the volume`;
    report(pod, wrong, `start the server with ${LOCKING_START}`);
  }
}

function checkScaling(view: TreeView, pod: PodTemplate, report: Report): void {
  for (const scaler of view.ofKind('HorizontalPodAutoscaler')) {
    const { scaleTargetRef } = (scaler.manifest.spec ?? {}) as { scaleTargetRef?: { kind: string; name: string } };
    if (`${scaleTargetRef?.kind}/${scaleTargetRef?.name}` === objectName(pod.manifest)) {
      report(scaler, `scales ${objectName(pod.manifest)}, which has one writer`, 'remove the autoscaler');
    }
  }
  for (const budget of view.ofKind('PodDisruptionBudget')) {
    const { selector } = (budget.manifest.spec ?? {}) as { selector?: LabelSelector };
    if (selects(selector, pod.labels)) {
      const wayOut = 'remove it: with one replica it only keeps nodes from being drained';
      report(budget, `protects ${objectName(pod.manifest)}, which has one replica`, wayOut);
    }
  }
}
