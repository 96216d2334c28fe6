import type { Context } from './context';
import { API, MIGRATION, NAMESPACE } from './honeydue';
import type { Job } from './jobs';
import { Neon } from './neon';
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

/** When the first of these pods was made. */
export function firstMade(pods: readonly Pod[]): number {
  return Math.min(...pods.map(({ metadata }) => seconds(metadata.creationTimestamp)));
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

/** What the last container `migrate` of a Job said when it ended, as `kubectl describe pod` shows it. */
export async function terminationMessage({ kubectl }: Context, job: Job): Promise<string> {
  const pods = await kubectl.list<Pod>('pods', NAMESPACE, `batch.kubernetes.io/job-name=${job.metadata.name}`);
  const messages = pods.flatMap(({ status }) => {
    const ended = status.containerStatuses?.find(({ name }) => name === 'migrate')?.state.terminated;
    return ended?.message === undefined ? [] : [ended.message];
  });
  return messages.at(-1) ?? '';
}

/** Checks that each of these versions is recorded once in goose's table. */
export async function appliedOnce(context: Context, ...versions: readonly number[]): Promise<void> {
  const wanted = versions.join(',');
  const found = await Neon.of(context.kubectl).query(
    `SELECT version_id, count(*) FROM goose_db_version WHERE version_id IN (${wanted}) GROUP BY 1 ORDER BY 1`,
  );
  const once = found.map((row) => row.join(':')).join() === versions.map((version) => `${version}:1`).join();
  expect(`versions ${wanted} are applied once each`, once, found);
}
