import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { Platform } from '../platform/platform';
import { Schedule } from '../platform/schedule';
import type { SecretReference } from '../platform/secret-reference';
import { CronJob } from '../pod/cron-job';
import { NetworkAccess } from '../pod/network-access';
import type { PodUser } from '../pod/pod-template';
import { POSTGRES_UID } from '../pod/postgres-user';
import { ServiceAccount } from '../pod/service-account';
import type { Endpoint } from './endpoint';
import { type ScriptContainer, scriptsFor } from './script-containers';

/**
 * A suspended CronJob must name a schedule all the same. Somebody who resumes it by mistake has until the next 29
 * February to notice.
 */
const LEAP_DAY = Schedule.cron('0 0 29 2 *', 'Etc/UTC');

/** Properties of `ScriptCronJob`. */
export interface ScriptCronJobProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** @default - none: it is suspended, a template from which people make Jobs */
  readonly schedule?: Schedule;

  /** A run that takes longer is stopped and counts as failed. */
  readonly deadline: Duration;

  readonly containers: readonly ScriptContainer[];

  /** Database that the pods connect to. @default - none */
  readonly database?: Database;

  /** Services outside the platform that the pods connect to, when they are there. @default - none */
  readonly endpoints?: readonly (Endpoint | undefined)[];

  /**
   * User that its containers run as: containers of one pod hand files to each other.
   *
   * @default - the user of the postgres image
   */
  readonly user?: Pick<PodUser, 'uid' | 'gid'>;

  /** Groups beside the pod's own whose files it reads. @default - none */
  readonly groups?: readonly number[];

  /** Secrets with which images are pulled, when they are there. @default - none: the images are public */
  readonly pullSecrets?: readonly (SecretReference | undefined)[];
}

/** A CronJob whose pods run this folder's scripts: CronJob, ConfigMap, ServiceAccount and NetworkPolicy. */
export class ScriptCronJob extends Construct {
  public constructor(scope: Construct, id: string, props: ScriptCronJobProps) {
    super(scope, id);
    const { name } = props;
    const selector = selectorLabels(Platform.of(this).name, name);
    const access = new NetworkAccess(this, 'NetworkAccess', { name, selector });
    props.database?.allowFrom(access);
    for (const endpoint of props.endpoints ?? []) {
      endpoint?.allowFrom(access);
    }
    const withScripts = scriptsFor(this, props.containers, { workload: name });
    new CronJob(this, 'CronJob', {
      name,
      schedule: props.schedule ?? LEAP_DAY,
      suspended: props.schedule === undefined,
      deadline: props.deadline,
      pod: {
        labels: { ...selector, [COMPONENT_LABEL]: 'backup' },
        serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name }).name,
        user: {
          uid: POSTGRES_UID,
          ...props.user,
          fsGroup: POSTGRES_UID,
          supplementalGroups: filled(props.groups),
        },
        pullSecrets: filled(props.pullSecrets?.filter((each) => each !== undefined)),
        // Long enough to notice the signal, remove what is unfinished, and send the message that says so.
        grace: Duration.seconds(60),
        containers: props.containers.map(withScripts),
      },
    });
  }
}

/** An empty list is left out: a reviewer reads the YAML. */
function filled<T>(list: readonly T[] = []): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
