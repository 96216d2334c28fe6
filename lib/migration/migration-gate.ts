import { Duration, Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { MigratedDatabase } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { Platform } from '../platform/platform';
import type { ConfigEnv } from '../pod/config-env';
import type { ContainerProps, Resources } from '../pod/container';
import { scratchMount } from '../pod/mount';
import { POSTGRES_UID } from '../pod/postgres-user';
import type { StartGate } from '../pod/start-gate';
import { CLIENT_RESOURCES, listMigrations, migrationMounts } from './migration-containers';
import { type MigrationTool, SCRIPTS_PATH } from './migration-tool';

/** Properties of `MigrationGate`. */
export interface MigrationGateProps {
  /** Name of the ConfigMap with its scripts. */
  readonly name: string;

  /** The image that migrates, of the very version that the pods run. */
  readonly image: ImageReference;

  /** The database that is looked at, never changed. */
  readonly database: MigratedDatabase;

  readonly tool: MigrationTool;

  /** `name` of the `MigrationJob`, for the message of a pod that waited in vain. */
  readonly job: string;

  /**
   * Time after which a waiting pod says what is missing. The kubelet then starts the wait again.
   *
   * @default - 12 minutes: a Job's deadline and the time to start it
   */
  readonly wait?: Duration;

  /**
   * What the tool needs to list its migrations, in the app's image.
   *
   * @default - 20m CPU, 64 MiB memory up to 256 MiB
   */
  readonly resources?: Resources;

  /**
   * Environment of the command that lists the migrations.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * ConfigMaps whose every key is a variable of that command.
   *
   * @default - none
   */
  readonly config?: readonly ConfigEnv[];
}

/**
 * Lets pods start when every migration of their image is applied; several workloads of a layer can share one. The first
 * container lists the migrations, in the app's image and without a database; the second one compares the list with the
 * table, in the client's image and read-only. They need no access to the Kubernetes API. The workloads' NetworkPolicies
 * let their pods talk to the database.
 */
export class MigrationGate extends Construct implements StartGate {
  public readonly initContainers: readonly ContainerProps[];
  public readonly budget: Duration;

  /** @throws when the tool migrates at the app's start */
  public constructor(scope: Construct, id: string, props: MigrationGateProps) {
    super(scope, id);
    const steps = props.tool.gatedSteps();
    this.budget = props.wait ?? Duration.minutes(12);
    const mounts = migrationMounts(this, { name: props.name, steps, scripts: ['migration-gate.sh'] });
    const resources = props.resources ?? {
      cpu: Cpu.millis(20),
      memory: Size.mebibytes(64),
      memoryLimit: Size.mebibytes(256),
    };
    this.initContainers = [
      listMigrations({ image: props.image, steps, mounts, resources, env: props.env, envFrom: props.config }),
      {
        name: 'migration-gate',
        image: props.database.clientImage,
        uid: POSTGRES_UID,
        command: ['bash', `${SCRIPTS_PATH}/migration-gate.sh`],
        env: [
          ...props.database.direct,
          { name: 'MIGRATION_TABLE', value: steps.table },
          { name: 'MIGRATION_JOB', value: props.job },
          { name: 'NAMESPACE', value: Platform.of(this).namespace.name },
          { name: 'WAIT_SECONDS', value: String(this.budget.toSeconds()) },
        ],
        mounts: [...mounts, scratchMount('/tmp')],
        resources: CLIENT_RESOURCES,
      },
    ];
  }
}
