import type { Component } from '../platform/labels';
import { defineRule, type Report } from './define-rule';
import type { WorkloadSpec } from './objects';
import type { Container } from './pod-spec';
import type { PodTemplate } from './pods';
import { servingContainers } from './services';

/** `terminationGracePeriodSeconds` where a pod does not say. */
const DEFAULT_GRACE = 30;

/** Components whose pods answer requests and are stopped before the next ones start. */
const OTHERS: ReadonlySet<string | undefined> = new Set(['database', 'cache', 'monitoring'] satisfies Component[]);

/** Length of each unit of `sleep`, in seconds. */
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * Apps are replaced without a lost request: no old pod goes before a new one is ready, and a pod that is asked to stop
 * goes on serving (preStop) until every proxy has taken it off its list, with time left to end afterwards.
 */
export const gracefulRollout = defineRule('graceful-rollout', (view, report) => {
  for (const pod of view.pods) {
    const serving = servingContainers(pod, view.services);
    // What answers requests is an app, whatever it calls itself.
    if (pod.component !== 'app' && (serving.length === 0 || OTHERS.has(pod.component))) {
      continue;
    }
    if (pod.manifest.kind === 'Deployment') {
      checkStrategy(pod, report);
    }
    for (const container of serving) {
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
  const slept = preStop.sleep?.seconds ?? sleepOf(preStop.exec?.command?.join(' ') ?? '');
  if (grace <= slept) {
    const wrong = `terminationGracePeriodSeconds is ${grace}, all of which preStop of container "${name}" sleeps (${slept} s)`;
    report(pod, wrong, 'write more, so that requests that have begun can end');
  }
}

/** Seconds that a command sleeps. */
function sleepOf(command: string): number {
  const [, length = 0, unit = 's'] = /\bsleep (\d+(?:\.\d+)?)([smhd]?)/.exec(command) ?? [];
  return Number(length) * (UNITS[unit as keyof typeof UNITS] ?? 1);
}
