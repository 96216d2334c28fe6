import type { Context } from './context';
import { API, MIGRATION, NAMESPACE } from './honeydue';
import type { Job } from './jobs';
import type { Pod } from './objects';
import { expect } from './waiting';

/** When a container ran, in seconds since 1970, as the kubelet tells it: whole seconds. */
export interface Ran {
  readonly started: number;
  readonly finished?: number;
}

/** The Job that migrates for an image, if it is there. */
export async function migrationJob({ kubectl }: Context, tag: string): Promise<Job | undefined> {
  const jobs = await kubectl.list<Job>('jobs', NAMESPACE, `app.kubernetes.io/name=${MIGRATION}`);
  return jobs.find(({ spec }) => spec.template.spec.containers[0].image.endsWith(`:${tag}`));
}

/** Pods of the api that run an image. */
export async function apiPods({ kubectl }: Context, tag: string): Promise<Pod[]> {
  const pods = await kubectl.pods(NAMESPACE, API);
  return pods.filter(({ spec }) => spec.containers[0]?.image.endsWith(`:${tag}`));
}

/** When the tool of a Job migrated. @throws when it has not */
export async function migrated({ kubectl }: Context, job: Job): Promise<Required<Ran>> {
  const pods = await kubectl.list<Pod>('pods', NAMESPACE, `batch.kubernetes.io/job-name=${job.metadata.name}`);
  const times = pods.flatMap(({ status }) => {
    const ended = status.containerStatuses?.find(({ name }) => name === 'migrate')?.state.terminated;
    return ended === undefined ? [] : [{ started: seconds(ended.startedAt), finished: seconds(ended.finishedAt) }];
  });
  expect('the Job has migrated in one pod', times.length === 1, pods);
  return times[0] as Required<Ran>;
}

/** When the app of each of these pods was started. */
export function started(pods: readonly Pod[]): number[] {
  return pods.flatMap(({ status }) => {
    const at = status.containerStatuses?.find(({ name }) => name === 'app')?.state.running?.startedAt;
    return at === undefined ? [] : [seconds(at)];
  });
}

function seconds(time = ''): number {
  return Date.parse(time) / 1000;
}
