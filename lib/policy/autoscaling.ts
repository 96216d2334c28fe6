import { objectName } from '../platform/manifest';
import { defineRule } from './define-rule';
import type { WorkloadSpec } from './objects';
import { type ScalerSpec, scaleOf } from './scale';

/**
 * A workload's number of replicas is kept by its autoscaler or fixed, never both: Flux would set the number back at each
 * reconcile. The autoscaler's range is one.
 */
export const autoscaling = defineRule('autoscaling', (view, report) => {
  for (const pod of view.pods) {
    const { replicas } = (pod.manifest.spec ?? {}) as WorkloadSpec;
    const { scaler } = scaleOf(view, pod);
    // Of a database it is the autoscaler that has to go: `single-writer` says so.
    if (scaler !== undefined && replicas !== undefined && pod.component !== 'database') {
      const wrong = `replicas is ${replicas} beside ${objectName(scaler.manifest)}`;
      report(pod, wrong, 'leave replicas out: the autoscaler keeps the number');
    }
  }
  for (const scaler of view.ofKind('HorizontalPodAutoscaler')) {
    const { minReplicas, maxReplicas } = (scaler.manifest.spec ?? {}) as ScalerSpec;
    if (minReplicas === undefined || minReplicas < 1) {
      report(scaler, `minReplicas is ${minReplicas ?? 'missing'}`, 'write at least 1');
    } else if (maxReplicas === undefined || maxReplicas < minReplicas) {
      report(scaler, `maxReplicas is ${maxReplicas ?? 'missing'}`, `write at least minReplicas, ${minReplicas}`);
    }
  }
});
