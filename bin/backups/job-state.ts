import type { Condition, ContainerStatus, Job, Pod } from './kubernetes-objects';

/** Longest text of a waiting container on the progress line. */
const LONGEST_MESSAGE = 160;

/** Whether a Job has come to its end, and how. */
export function endOf(job: Job): 'complete' | 'failed' | undefined {
  if (isTrue(job.status?.conditions, 'Complete')) {
    return 'complete';
  }
  return isTrue(job.status?.conditions, 'Failed') ? 'failed' : undefined;
}

/** What a Job's pod is doing, on one line. */
export function progressOf(pod: Pod | undefined): string {
  if (pod === undefined) {
    return 'no pod yet';
  }
  const statuses = statusesOf(pod);
  if (statuses.length === 0) {
    const unscheduled = pod.status?.conditions?.find(
      ({ type, status }) => type === 'PodScheduled' && status === 'False',
    );
    return unscheduled === undefined
      ? 'pod is on its node'
      : oneLine(`pod waits for a node: ${unscheduled.message ?? unscheduled.reason ?? 'no reason given'}`);
  }
  return statuses.map((each) => `${each.name} ${stateOf(each)}`).join(', ');
}

/** Whether a container has run, so that it may have a log. */
export function hasStarted(pod: Pod, container: string): boolean {
  const state = statusesOf(pod).find(({ name }) => name === container)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

/** Names of the containers that ended badly. */
export function failedContainers(pod: Pod | undefined): string[] {
  return statusesOf(pod)
    .filter(({ state }) => state?.terminated !== undefined && state.terminated.exitCode !== 0)
    .map(({ name }) => name);
}

/** Why a Job failed, one reason a line; what its containers said comes first. */
export function failureReasons(job: Job, pod: Pod | undefined): string[] {
  const ofContainers = statusesOf(pod).flatMap(({ name, state }) => {
    const { terminated, waiting } = state ?? {};
    if (terminated !== undefined && terminated.exitCode !== 0) {
      const message = terminated.message?.trim() || terminated.reason || 'no reason given';
      return [`${name}: ${message} (exit code ${terminated.exitCode})`];
    }
    return waiting?.message === undefined ? [] : [`${name}: never started: ${waiting.reason}: ${waiting.message}`];
  });
  const ofPod = pod?.status?.reason === undefined ? [] : [`pod: ${pod.status.reason}: ${pod.status.message ?? ''}`];
  const ofJob = (job.status?.conditions ?? [])
    .filter(({ type, status }) => type === 'Failed' && status === 'True')
    .map(({ reason, message }) => `job: ${reason}: ${message}`);
  return [...ofContainers, ...ofPod, ...ofJob];
}

function statusesOf(pod: Pod | undefined): ContainerStatus[] {
  return [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
}

function stateOf({ state }: ContainerStatus): string {
  if (state?.terminated !== undefined) {
    return state.terminated.exitCode === 0 ? 'done' : `failed (exit code ${state.terminated.exitCode})`;
  }
  if (state?.running !== undefined) {
    return 'running';
  }
  const { reason = 'no reason given', message } = state?.waiting ?? {};
  return oneLine(`waiting (${message === undefined ? reason : `${reason}: ${message}`})`);
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
}
