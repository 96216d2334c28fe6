import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailure } from './command-failure';
import { type FollowedLog, followLog } from './job-log';
import { endOf, hasStarted, progressOf } from './job-state';
import type { Kubectl } from './kubectl';
import type { Job, Pod } from './kubernetes-objects';
import type { Progress } from './progress';

/** Short Jobs are seen at once, long ones do not keep the API server busy. */
const FIRST_POLL_MS = 200;
const SLOWEST_POLL_MS = 2000;

/** For this long the API server may be away while a Job runs. */
const PATIENCE_MS = 60_000;

/** A Job that is waited for. */
export interface JobToWatch {
  readonly namespace: string;
  readonly name: string;
  /** Whose log is handed on. */
  readonly container: string;
  readonly onLine: (line: string) => void;
}

/** A Job at its end. */
export interface WatchedJob {
  readonly end: 'complete' | 'failed';
  readonly job: Job;
  /** Its pod as it was last seen: that of a Job which ran into its deadline is deleted. */
  readonly pod: Pod | undefined;
}

/**
 * Waits until a Job is complete or failed.
 *
 * @throws CommandFailure with status 1 when the Job was deleted, with 3 when the cluster does not answer for a minute
 */
export async function watchJob(kubectl: Kubectl, progress: Progress, watched: JobToWatch): Promise<WatchedJob> {
  const { namespace, name, container } = watched;
  let pod: Pod | undefined;
  let followed: FollowedLog | undefined;
  let answered = performance.now();
  let pause = FIRST_POLL_MS;
  progress.restart();
  try {
    for (;;) {
      const seen = await look(kubectl, namespace, name);
      if ('problem' in seen) {
        progress.show(`${name}: trying again: ${seen.problem}`);
        if (performance.now() - answered > PATIENCE_MS) {
          progress.clear();
          throw new CommandFailure(
            3,
            `the cluster of ${kubectl.context} does not tell how Job ${name} is: ${seen.problem}`,
          );
        }
      } else {
        answered = performance.now();
        pod = seen.pod ?? pod;
        if (followed === undefined && pod !== undefined && hasStarted(pod, container)) {
          followed = followLog(kubectl, namespace, pod, container, (line) => {
            progress.clear();
            watched.onLine(line);
          });
        }
        const end = endOf(seen.job);
        if (end !== undefined) {
          await followed?.end();
          progress.clear();
          return { end, job: seen.job, pod };
        }
        progress.show(`${name}: ${progressOf(pod)}`);
      }
      await delay(pause);
      pause = Math.min(pause * 1.3, SLOWEST_POLL_MS);
    }
  } finally {
    followed?.stop();
  }
}

type Seen = { readonly job: Job; readonly pod: Pod | undefined } | { readonly problem: string };

async function look(kubectl: Kubectl, namespace: string, name: string): Promise<Seen> {
  // In this order: the pod of a Job that is seen to have ended is seen as it ended.
  const job = await kubectl.run(['get', 'job', name, '-n', namespace, '-o', 'json']);
  if (job.stderr.includes('(NotFound)')) {
    throw new CommandFailure(1, `Job ${name} was deleted before it ended`);
  }
  const selector = `batch.kubernetes.io/job-name=${name}`;
  const pods = await kubectl.run(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']);
  const failed = [job, pods].find(({ code }) => code !== 0);
  if (failed !== undefined) {
    return { problem: failed.stderr.trim().split('\n').at(-1) ?? '' };
  }
  const { items } = JSON.parse(pods.stdout) as { items: Pod[] };
  const created = ({ metadata }: Pod) => metadata.creationTimestamp ?? '';
  const newest = items.toSorted((a, b) => created(a).localeCompare(created(b))).at(-1);
  return { job: JSON.parse(job.stdout) as Job, pod: newest };
}
