import { createHash } from 'node:crypto';
import { Duration } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Database } from '../database/database';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { SecretReference } from '../platform/secret-reference';
import type { Resources } from '../pod/container';
import { scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { type PodUser, podTemplate } from '../pod/pod-template';
import { ServiceAccount } from '../pod/service-account';
import type { MigrationTool } from './migration-tool';

/** Properties of `MigrationJob`. */
export interface MigrationJobProps {
  /** First part of the Job's name; a hash of what it runs follows. */
  readonly name: string;

  /** The image that carries the migrations: the app's own. */
  readonly image: ImageReference;

  readonly database: Database;

  readonly tool: MigrationTool;

  /** Numeric user of the image. */
  readonly user: PodUser;

  readonly resources: Resources;

  /**
   * Environment beside libpq's variables.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * Secret with which the image is pulled.
   *
   * @default - none: the image is public
   */
  readonly pullSecret?: SecretReference;

  /**
   * A migration that takes longer is stopped and has failed.
   *
   * @default Duration.minutes(10)
   */
  readonly deadline?: Duration;
}

/**
 * A Job that migrates a database once for each image: its name carries a hash of what it runs, and it is never removed
 * by time, because Flux would make it again and run it again.
 */
export class MigrationJob extends Construct {
  /** Name of the Job, hash included. */
  public readonly name: string;

  public constructor(scope: Construct, id: string, props: MigrationJobProps) {
    super(scope, id);
    const selector = selectorLabels(Platform.of(this).name, props.name);
    const access = new NetworkAccess(this, 'NetworkAccess', { name: props.name, selector });
    props.database.allowFrom(access);

    const template = podTemplate({
      labels: { ...selector, [COMPONENT_LABEL]: 'migration' },
      serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name: props.name }).name,
      user: props.user,
      restartPolicy: 'Never',
      pullSecrets: props.pullSecret && [props.pullSecret],
      containers: [
        {
          name: 'migrate',
          image: props.image,
          command: props.tool.command,
          env: [...props.database.connection, ...(props.env ?? [])],
          mounts: [scratchMount('/tmp')],
          resources: props.resources,
        },
      ],
    });
    const spec: k8s.JobSpec = {
      backoffLimit: 2,
      activeDeadlineSeconds: (props.deadline ?? Duration.minutes(10)).toSeconds(),
      template,
    };
    this.name = `${props.name}-${hashOf(spec)}`;
    new k8s.KubeJob(this, 'Resource', { metadata: objectMeta(this, this.name, props.name), spec });
  }
}

/**
 * Ten hexadecimal digits of the whole spec's sha256. A Job's pod template is immutable: under an unchanged name any
 * change of it would be refused by the API server, and with it the whole layer.
 */
function hashOf(spec: k8s.JobSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 10);
}
