import type { Context } from './context';
import { type Condition, condition, type KubeObject, type Pod } from './objects';
import { NAMESPACE } from './school';
import { secondsSince, waitFor } from './waiting';

/** What the scenarios change in a container of a Job. */
export interface JobContainer {
  image: string;
  resources: { limits?: Record<string, string> };
}

/** A Job. */
export interface Job extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [JobContainer, ...JobContainer[]] } };
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** How a Job ended. */
export interface EndedJob {
  readonly complete: boolean;
  /** Seconds from its creation until it had ended. */
  readonly seconds: number;
}

/**
 * Makes a Job by hand, as `kubectl create job --from` does.
 *
 * @param change what shall be other in the first container, which does the work @default - nothing
 */
export async function createJob(
  { kubectl }: Context,
  cronJob: string,
  name: string,
  change?: (worker: JobContainer) => void,
): Promise<void> {
  const from = ['create', 'job', `--from=cronjob/${cronJob}`, name, '-n', NAMESPACE, '--dry-run=client', '-o', 'json'];
  const job = JSON.parse(await kubectl.output(from)) as Job;
  change?.(job.spec.template.spec.containers[0]);
  await kubectl.output(['create', '-f', '-'], JSON.stringify(job));
}

/** Waits until a Job has ended, and its pod with it. @returns whether it is complete */
export function endOfJob({ kubectl }: Context, name: string): Promise<boolean> {
  return waitFor(
    `Job ${name} has ended`,
    async () => verdict(await kubectl.get<Job>('job', name, NAMESPACE)),
    kubectl.limits(240),
  );
}

/** Makes a Job by hand and waits for its end. */
export async function runJob(context: Context, cronJob: string, name: string): Promise<EndedJob> {
  const begun = performance.now();
  await createJob(context, cronJob, name);
  return { complete: await endOfJob(context, name), seconds: secondsSince(begun) };
}

/** Whether a Job is complete; nothing while it works. */
export function verdict({ status }: Job): boolean | undefined {
  if (condition(status?.conditions, 'Complete')?.status === 'True') {
    return true;
  }
  return condition(status?.conditions, 'Failed')?.status === 'True' ? false : undefined;
}

/** The one pod of a Job, once it is there. */
export function podOfJob({ kubectl }: Context, name: string): Promise<Pod> {
  return waitFor(
    `Job ${name} has a pod`,
    async () => (await kubectl.list<Pod>('pods', NAMESPACE, `batch.kubernetes.io/job-name=${name}`))[0],
    kubectl.limits(60),
  );
}

/** Removes every Job of the platform, and its pods. */
export async function removeJobs({ kubectl }: Context): Promise<void> {
  const all = ['delete', 'jobs', '--all', '-n', NAMESPACE, '--cascade=foreground', '--timeout=120s'];
  await kubectl.output(all, undefined, 130);
}
