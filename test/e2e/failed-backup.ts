import { firstLine } from './backups';
import type { Context } from './context';
import { createJob, endOfJob, type JobContainer, podOfJob } from './jobs';
import type { Pod } from './objects';
import { BACKUP } from './school';
import { expect, secondsSince, waitFor } from './waiting';
import type { Webhook } from './webhook';

const FIRST_LINE = '[Manual] School Platform -- Backup FAILED';

/** Longest time from a fault until people know of it. */
const TOLD_SECONDS = 90;

/** What goes wrong with a backup. */
export interface Fault {
  /** Change of the container that dumps. @default - none */
  readonly change?: (dump: JobContainer) => void;
  /** Does the harm to the pod that runs; the time counts from its end. @default - none: it counts from the start */
  readonly harm?: (pod: Pod) => Promise<void>;
}

/** What became of it. */
export interface FailedBackup {
  readonly message: string;
  /** Seconds from the fault until the message. */
  readonly told: number;
  /** Seconds from the fault until the Job had failed. */
  readonly failed: number;
}

/** Makes a backup that cannot succeed: the Job fails, and people are told so once, in time. */
export async function failedBackup(
  context: Context,
  webhook: Webhook,
  job: string,
  { change, harm }: Fault,
): Promise<FailedBackup> {
  await webhook.forget();
  await createJob(context, BACKUP, job, change);
  const pod = await podOfJob(context, job);
  await harm?.(pod);
  const begun = performance.now();
  const message = await waitFor(
    `a message about Job ${job} has come`,
    async () => (await webhook.messages())[0],
    context.kubectl.limits(120),
  );
  const told = secondsSince(begun);
  const complete = await endOfJob(context, job);
  const failed = secondsSince(begun);
  expect(`Job ${job} has failed`, !complete, complete);
  const messages = await webhook.messages();
  expect(`Job ${job} is told once`, messages.length === 1, messages);
  expect(`the message begins with "${FIRST_LINE}"`, firstLine(message) === FIRST_LINE, message);
  expect(`Job ${job} is told within ${TOLD_SECONDS} s`, told <= TOLD_SECONDS, told);
  return { message, told, failed };
}
