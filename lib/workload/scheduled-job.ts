import type { Duration } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { Platform } from '../platform/platform';
import type { Schedule } from '../platform/schedule';
import type { SecretReference } from '../platform/secret-reference';
import type { Resources } from '../pod/container';
import { CronJob } from '../pod/cron-job';
import { type Mount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import type { PodUser } from '../pod/pod-template';
import { ServiceAccount } from '../pod/service-account';

/** Properties of `ScheduledJob`. */
export interface ScheduledJobProps {
  /** Name of the CronJob. */
  readonly name: string;

  readonly image: ImageReference;

  /** Program of the image and its arguments, run without a shell. */
  readonly command: readonly string[];

  readonly schedule: Schedule;

  /** A run that takes longer is stopped and counts as failed. */
  readonly deadline: Duration;

  readonly resources: Resources;

  /** Numeric user of the pod. */
  readonly user: PodUser;

  /**
   * Database that the program uses; it gets libpq's variables.
   *
   * @default - none
   */
  readonly database?: Database;

  /**
   * Hosts outside the cluster that the program calls.
   *
   * @default - none
   */
  readonly externalHosts?: readonly { readonly host: string; readonly port: number }[];

  /**
   * Environment beside libpq's variables.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * Volumes; `/tmp` is always there.
   *
   * @default - none
   */
  readonly mounts?: readonly Mount[];

  /**
   * Secret with which the image is pulled.
   *
   * @default - none: the image is public
   */
  readonly pullSecret?: SecretReference;
}

/** A program of the platform's own that runs on a schedule: CronJob, ServiceAccount and NetworkPolicy. */
export class ScheduledJob extends Construct {
  public constructor(scope: Construct, id: string, props: ScheduledJobProps) {
    super(scope, id);
    if (props.command.length === 0) {
      throw new Error(`command of "${props.name}" is empty; name the program and its arguments`);
    }
    const selector = selectorLabels(Platform.of(this).name, props.name);
    const access = new NetworkAccess(this, 'NetworkAccess', { name: props.name, selector });
    props.database?.allowFrom(access);
    for (const { host, port } of props.externalHosts ?? []) {
      access.allowToHost(host, port);
    }
    new CronJob(this, 'CronJob', {
      name: props.name,
      schedule: props.schedule,
      deadline: props.deadline,
      pod: {
        labels: { ...selector, [COMPONENT_LABEL]: 'cron' },
        serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name: props.name }).name,
        user: props.user,
        pullSecrets: props.pullSecret && [props.pullSecret],
        containers: [
          {
            name: 'run',
            image: props.image,
            command: props.command,
            env: [...(props.database?.connection ?? []), ...(props.env ?? [])],
            mounts: [scratchMount('/tmp'), ...(props.mounts ?? [])],
            resources: props.resources,
          },
        ],
      },
    });
  }
}
