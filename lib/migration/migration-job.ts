import { createHash } from 'node:crypto';
import { Duration } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { MigratedDatabase } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import { refuse } from '../platform/problems';
import type { SecretReference } from '../platform/secret-reference';
import type { ConfigEnv } from '../pod/config-env';
import type { Resources } from '../pod/container';
import type { MigrationBackup } from '../pod/migration-backup';
import type { Mount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { type PodUser, podTemplate } from '../pod/pod-template';
import { ServiceAccount } from '../pod/service-account';
import { migrationPod } from './migration-pod';
import type { MigrationTool } from './migration-tool';

/** Exit codes of `run-migration.sh` that another try would end with as well: bad migration, bad call, no access. */
const FINAL_CODES = [1, 2, 4];

/** Properties of `MigrationJob`. */
export interface MigrationJobProps {
  /** First part of the Job's name, and its label `app.kubernetes.io/name`; a hash of what it runs follows. */
  readonly name: string;

  /** The image that carries the migrations: the app's own, with `sh` and the usual small programs. */
  readonly image: ImageReference;

  /** PostgreSQL 14 or newer. */
  readonly database: MigratedDatabase;

  readonly tool: MigrationTool;

  /** Numeric user of the image. */
  readonly user: PodUser;

  readonly resources: Resources;

  /**
   * Environment beside libpq's variables. A host or URL in it that goes through a pooler of Neon's kind is made a direct
   * one.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * ConfigMaps whose every key is a variable; poolers are passed by in these, too. Rendered in the Job's own layer or one
   * before it, because the Job would wait for a later one for ever: what the app reads as well is rendered once in each
   * layer, under its own name.
   *
   * @default - none
   */
  readonly config?: readonly ConfigEnv[];

  /**
   * Volumes of the tool's container; `/tmp` is always there.
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

  /**
   * What backs the database up before it is changed, when there is something to migrate. Without that backup nothing is
   * migrated.
   *
   * @default - none
   */
  readonly backup?: MigrationBackup;

  /**
   * A migration that takes longer is stopped and has failed; the time of its backup counts.
   *
   * @default Duration.minutes(10)
   */
  readonly deadline?: Duration;

  /**
   * Labels of nodes that may run it.
   *
   * @default - any node
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/**
 * A Job that migrates a database once for each image: its name carries a hash of what it runs, and it is never removed
 * by time, because Flux would make it again and run it again.
 *
 * One container lists the image's migrations; a sidecar with psql waits for the server, holds a lock and compares the
 * list with the table; the tool runs only when something is missing. So an older image does nothing on a newer schema.
 * Sidecars need Kubernetes 1.29.
 */
export class MigrationJob extends Construct {
  /** Name of the Job, hash included. */
  public readonly name: string;

  /** @throws when the tool migrates at the app's start, the server is older than PostgreSQL 14, or the backup another's */
  public constructor(scope: Construct, id: string, props: MigrationJobProps) {
    super(scope, id);
    const { name, database } = props;
    refuse(problemsOf(props));
    const steps = props.tool.gatedSteps();
    const selector = selectorLabels(Platform.of(this).name, name);
    database.allowFrom(new NetworkAccess(this, 'NetworkAccess', { name, selector }));

    const template = podTemplate({
      labels: { ...selector, [COMPONENT_LABEL]: 'migration' },
      serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name }).name,
      restartPolicy: 'Never',
      pullSecrets: props.pullSecret && [props.pullSecret],
      nodeSelector: props.nodeSelector,
      ...migrationPod(this, props, steps),
    });
    const spec: k8s.JobSpec = {
      backoffLimit: 3,
      activeDeadlineSeconds: (props.deadline ?? Duration.minutes(10)).toSeconds(),
      podFailurePolicy: {
        rules: [
          failJob('migrate', FINAL_CODES),
          // An image without migrations has none at the next try either.
          failJob('list-migrations', [1]),
          ...(props.backup === undefined ? [] : [failJob('backup', [...props.backup.finalCodes])]),
          // A drained node is no failed try.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template,
    };
    this.name = `${name}-${hashOf(spec)}`;
    new k8s.KubeJob(this, 'Resource', { metadata: objectMeta(this, this.name, name), spec });
  }
}

function problemsOf({ name, database, backup }: MigrationJobProps): string[] {
  const problems: string[] = [];
  if (database.major < 14) {
    problems.push(
      `database "${database.name}" is PostgreSQL ${database.major}; a migration needs 14 or newer, ` +
        'which notices that its client was killed',
    );
  }
  if (backup !== undefined && backup.database !== database) {
    problems.push(
      `migration "${name}" of database "${database.name}" would back up "${backup.database.name}"; give it the backups ` +
        'of the database that it migrates',
    );
  }
  return problems;
}

/** No further try when a container ends with one of these exit codes. */
function failJob(containerName: string, values: number[]): k8s.PodFailurePolicyRule {
  const onExitCodes = { containerName, operator: 'In', values };
  // The class asks for onPodConditions, too; the API server takes one of the two.
  return { action: 'FailJob', onExitCodes } as k8s.PodFailurePolicyRule;
}

/**
 * Ten hexadecimal digits of the whole spec's sha256. A Job's pod template is immutable: under an unchanged name any
 * change of it would be refused by the API server, and with it the whole layer.
 */
function hashOf(spec: k8s.JobSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 10);
}
