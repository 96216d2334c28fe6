import { daylightSavingGap } from '../platform/daylight-saving';
import { defineRule, type Report } from './define-rule';
import type { JobSpec } from './objects';
import type { Placed } from './pods';

/** `spec` of a CronJob, as far as it is read. Times in seconds. */
interface CronJobSpec {
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly concurrencyPolicy?: string;
  readonly startingDeadlineSeconds?: number;
  readonly successfulJobsHistoryLimit?: number;
  readonly failedJobsHistoryLimit?: number;
  readonly jobTemplate?: { readonly spec?: JobSpec };
}

/**
 * Shortest `startingDeadlineSeconds`: a controller that is restarted or moves to another node is away for minutes, and a
 * nightly run that is skipped for that is a night without a backup. Without any deadline, 100 missed runs stop a CronJob
 * for good.
 */
const SHORTEST_STARTING_DEADLINE = 600;

/** CronJobs name their time zone and a time that exists there each day, never overlap, and end. */
export const cronjobs = defineRule('cronjobs', (view, report) => {
  for (const where of view.ofKind('CronJob')) {
    const spec = (where.manifest.spec ?? {}) as CronJobSpec;
    checkSchedule(where, spec, report);
    if (spec.concurrencyPolicy !== 'Forbid') {
      report(where, `concurrencyPolicy is ${spec.concurrencyPolicy ?? 'missing'}`, 'write Forbid: one run at a time');
    }
    const starting = spec.startingDeadlineSeconds;
    if (starting === undefined || starting < SHORTEST_STARTING_DEADLINE) {
      const wayOut = `write at least ${SHORTEST_STARTING_DEADLINE}, or a short outage of the controller skips a run`;
      report(where, `startingDeadlineSeconds is ${starting ?? 'missing'}`, wayOut);
    }
    const job = spec.jobTemplate?.spec;
    const required = {
      'jobTemplate.spec.activeDeadlineSeconds': job?.activeDeadlineSeconds,
      'jobTemplate.spec.backoffLimit': job?.backoffLimit,
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit,
    };
    for (const [field, value] of Object.entries(required)) {
      if (value === undefined) {
        report(where, `${field} is missing`, 'write a number: the default is not what a reviewer sees');
      }
    }
  }
});

function checkSchedule(where: Placed, { schedule = '', timeZone }: CronJobSpec, report: Report): void {
  if (timeZone === undefined) {
    report(where, 'timeZone is missing', 'write the IANA name of the zone, e.g. Australia/Perth or Etc/UTC');
    return;
  }
  try {
    const gap = daylightSavingGap(schedule, timeZone);
    if (gap !== undefined) {
      const wrong = `schedule "${schedule}" falls into the daylight-saving gap of ${timeZone}`;
      report(where, wrong, `choose a time outside ${gap.start}–${gap.end} or Etc/UTC`);
    }
  } catch (error) {
    const [wrong = '', ...wayOut] = (error instanceof Error ? error.message : String(error)).split('; ');
    report(where, wrong, wayOut.join('; ') || 'write what Kubernetes accepts');
  }
}
