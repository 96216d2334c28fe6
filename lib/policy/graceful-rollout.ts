import { defineRule, type Report } from './define-rule';
import type { WorkloadSpec } from './objects';
import type { Container } from './pod-spec';
import type { PodTemplate } from './pods';
import { servingContainers } from './services';

/** `terminationGracePeriodSeconds` where a pod does not say. */
const DEFAULT_GRACE = 30;

/**
 * Apps are replaced without a lost request: no old pod goes before a new one is ready, and a pod that is asked to stop
 * goes on serving (preStop) until every proxy has taken it off its list, with time left to end afterwards.
 */
export const gracefulRollout = defineRule('graceful-rollout', (view, report) => {
  for (const pod of view.pods) {
    if (pod.component !== 'app') {
      continue;
    }
    if (pod.manifest.kind === 'Deployment') {
      checkStrategy(pod, report);
    }
    for (const container of servingContainers(pod, view.services)) {
      checkDrain(pod, container, report);
    }
  }
});

function checkStrategy(pod: PodTemplate, report: Report): void {
  const { strategy } = (pod.manifest.spec ?? {}) as WorkloadSpec;
  if (strategy?.type !== 'RollingUpdate') {
    report(pod, `strategy is ${strategy?.type ?? 'missing'}`, 'write RollingUpdate');
    return;
  }
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  if (maxUnavailable !== 0 && maxUnavailable !== '0%') {
    const wayOut = 'write 0: an old pod goes when a new one is ready';
    report(pod, `maxUnavailable is ${maxUnavailable ?? 'missing'}`, wayOut);
  }
  if (maxSurge === undefined || Number.parseFloat(String(maxSurge)) <= 0) {
    report(pod, `maxSurge is ${maxSurge ?? 'missing'}`, 'write at least 1, or no rollout can begin');
  }
}

function checkDrain(pod: PodTemplate, { name, lifecycle }: Container, report: Report): void {
  const preStop = lifecycle?.preStop;
  if (preStop === undefined) {
    const wayOut = 'let it sleep some seconds, so that proxies stop sending requests first';
    report(pod, `container "${name}" is behind a Service and has no preStop hook`, wayOut);
    return;
  }
  const { terminationGracePeriodSeconds: grace = DEFAULT_GRACE } = pod.spec;
  const slept =
    preStop.sleep?.seconds ?? Number(/\bsleep (\d+)/.exec(preStop.exec?.command?.join(' ') ?? '')?.[1] ?? 0);
  if (grace <= slept) {
    const wrong = `terminationGracePeriodSeconds is ${grace}, all of which preStop of container "${name}" sleeps (${slept} s)`;
    report(pod, wrong, 'write more, so that requests that have begun can end');
  }
}
