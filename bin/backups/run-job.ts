import { CommandFailure } from './command-failure';
import { type JobChanges, jobFromCronJob } from './job-from-cron-job';
import { readLog, wholeLog } from './job-log';
import { failedContainers, failureReasons } from './job-state';
import type { Kubectl } from './kubectl';
import type { CronJob, Job } from './kubernetes-objects';
import type { Progress } from './progress';
import { watchJob } from './watch-job';

/** Lines of a failed container's log that are printed. */
const LAST_LINES = 20;

/** Any other error leaves open whether a Job was made: its answer may have been lost on the way. */
const REFUSAL = /Error from server \((?!Timeout|ServerTimeout|InternalError|ServiceUnavailable)/;

/** One run of a CronJob's container. */
export interface JobRun {
  readonly cronJob: CronJob;
  /** The container that does the work, and whose log counts. */
  readonly container: string;
  readonly changes?: JobChanges;
  /** Gets each line of the log as it comes. */
  readonly onLine: (line: string) => void;
}

/** How a run ended. */
export interface JobEnd {
  /** The whole log of the container, line by line; undefined when it cannot be read in full. */
  readonly log: readonly string[] | undefined;
  /** Reasons, last lines of logs, and where to look further; undefined when the Job is complete. */
  readonly failure?: string;
}

/**
 * Makes a Job from a CronJob and waits for its end, showing progress. Ctrl-C ends the waiting, not the Job.
 *
 * @throws CommandFailure when the Job cannot be made, vanishes, or the cluster stops answering
 */
export async function runJob(kubectl: Kubectl, progress: Progress, run: JobRun): Promise<JobEnd> {
  const namespace = run.cronJob.metadata.namespace ?? 'default';
  const template = jobFromCronJob(run.cronJob, run.container, run.changes);
  let name: string | undefined;
  const stopWatching = () => {
    progress.clear();
    process.stderr.write(
      name === undefined
        ? `stopped while a Job was being made; see whether it is there: kubectl get jobs -n ${namespace}\n`
        : `stopped watching; Job ${name} goes on\n${waysOn(namespace, name)}\n`,
    );
    process.exit(130);
  };
  process.once('SIGINT', stopWatching).once('SIGTERM', stopWatching);
  try {
    const made = await kubectl.output(['create', '-n', namespace, '-f', '-', '-o', 'json'], {
      input: JSON.stringify(template),
    });
    name = (JSON.parse(made) as Job).metadata.name;
    return await outcome(kubectl, progress, namespace, name, run);
  } catch (error) {
    if (error instanceof CommandFailure && name !== undefined) {
      throw new CommandFailure(error.status, `${error.message}\n${waysOn(namespace, name)}`);
    }
    if (error instanceof CommandFailure && !REFUSAL.test(error.message)) {
      throw new CommandFailure(
        3,
        `${error.message}\nwhether the Job was made is not known; look before you try again: ` +
          `kubectl get jobs -n ${namespace}`,
      );
    }
    throw error;
  } finally {
    process.off('SIGINT', stopWatching).off('SIGTERM', stopWatching);
  }
}

async function outcome(
  kubectl: Kubectl,
  progress: Progress,
  namespace: string,
  name: string,
  { container, onLine }: JobRun,
): Promise<JobEnd> {
  const followed: string[] = [];
  const keepLine = (line: string) => {
    followed.push(line);
    onLine(line);
  };
  const { end, job, pod } = await watchJob(kubectl, progress, { namespace, name, container, onLine: keepLine });
  const read = (each: string) => readLog(kubectl, namespace, pod, each);
  const lines = await read(container);
  const log = lines && wholeLog(followed, lines);
  // The connection that followed the log may have broken.
  for (const line of (log === undefined ? lines : log.slice(followed.length)) ?? []) {
    onLine(line);
  }
  if (end === 'complete') {
    return { log };
  }
  const others = failedContainers(pod).filter((each) => each !== container);
  const lastLines = others.map(async (each) => {
    const lines = (await read(each)) ?? ['the log cannot be read'];
    return [`last lines of ${each}:`, ...lines.slice(-LAST_LINES).map((line) => `  ${line}`)];
  });
  const reasons = failureReasons(job, pod).map((reason) => `  ${reason}`);
  const failure = [`Job ${name} failed`, ...reasons, ...(await Promise.all(lastLines)).flat(), waysOn(namespace, name)];
  return { log, failure: failure.join('\n') };
}

function waysOn(namespace: string, name: string): string {
  return [
    `  its logs:      kubectl logs -n ${namespace} job/${name} --all-containers --follow`,
    `  look further:  kubectl describe -n ${namespace} job/${name}`,
    `  delete it:     kubectl delete -n ${namespace} job/${name}`,
  ].join('\n');
}
