import { Duration } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { objectMeta } from '../platform/object-meta';
import type { Schedule } from '../platform/schedule';
import { type PodProps, podTemplate } from './pod-template';

/** Properties of `CronJob`. */
export interface CronJobProps {
  /** Name of the CronJob; at most 52 characters, because Jobs add eleven. */
  readonly name: string;

  readonly schedule: Schedule;

  /** A run that takes longer is stopped and counts as failed. */
  readonly deadline: Duration;

  /** The pod of each run; it is never restarted. */
  readonly pod: Omit<PodProps, 'restartPolicy'>;

  /**
   * How late a run may start when the controller was down at its time. Without a limit a CronJob that missed 100 runs
   * never runs again; a short one skips runs at every small outage.
   *
   * @default Duration.hours(1)
   */
  readonly startingDeadline?: Duration;

  /**
   * How often a failed run is tried again with a new pod.
   *
   * @default 0
   */
  readonly retries?: number;

  /**
   * Whether it is only a template from which people make Jobs.
   *
   * @default false
   */
  readonly suspended?: boolean;
}

/** A CronJob that cannot wedge: one run at a time, each with a deadline, in a named time zone. */
export class CronJob extends Construct {
  public constructor(scope: Construct, id: string, props: CronJobProps) {
    super(scope, id);
    new k8s.KubeCronJob(this, 'Resource', {
      metadata: objectMeta(this, props.name),
      spec: {
        schedule: props.schedule.expression,
        timeZone: props.schedule.timeZone,
        suspend: props.suspended || undefined,
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: (props.startingDeadline ?? Duration.hours(1)).toSeconds(),
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            backoffLimit: props.retries ?? 0,
            activeDeadlineSeconds: props.deadline.toSeconds(),
            template: podTemplate({ ...props.pod, restartPolicy: 'Never' }),
          },
        },
      },
    });
  }
}
