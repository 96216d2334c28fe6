import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu, k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { SecretReference } from '../platform/secret-reference';
import { ConfigFiles } from '../pod/config-files';
import type { ContainerProps } from '../pod/container';
import { claimMount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { podTemplate } from '../pod/pod-template';
import { POSTGRES_UID } from '../pod/postgres-user';
import { progressDeadline, startupProbe } from '../pod/rollout';
import { ServiceAccount } from '../pod/service-account';
import type { Claim } from '../storage/claim';
import type { Database } from './database';
import { postgresMajor } from './postgres-image';
import { type PostgresMount, postgresLayout } from './postgres-layout';
import { type PostgresSettings, postgresSettings } from './postgres-settings';

const PORT = 5432;

const SCRIPTS = join(__dirname, 'scripts');

/** Where the scripts are mounted. */
const SCRIPTS_PATH = '/scripts';

/** Properties of `PostgresDeployment`. */
export interface PostgresDeploymentProps {
  /** Name of the Deployment and the Service. */
  readonly name: string;

  /** The official `postgres` image, Debian flavour, its release in the tag: `postgres:17.6-bookworm`. */
  readonly image: ImageReference;

  /** Secret with the keys `POSTGRES_USER`, `POSTGRES_PASSWORD` and `POSTGRES_DB`. */
  readonly credentials: SecretReference;

  /** Claim that holds the data. */
  readonly storage: Claim;

  /** Memory limit of the server, shared memory included; settings that are not given are derived from it. */
  readonly memory: Size;

  /**
   * Folder of the volume that is the data directory itself.
   *
   * @default - the data directory is a sub-directory of the volume
   */
  readonly subPath?: string;

  /**
   * Folders of the volume that hold other databases, relative to its root; `.` is the root itself.
   *
   * @default - none: beside any other cluster no new one is made
   */
  readonly otherClusters?: readonly string[];

  /**
   * CPU that the scheduler sets aside.
   *
   * @default Cpu.millis(250)
   */
  readonly cpu?: Cpu;

  /**
   * Server settings that differ from the derived ones.
   *
   * @default - all are derived from `memory`
   */
  readonly settings?: PostgresSettings;

  /**
   * Time that a start may take, crash recovery included, before the container is restarted.
   *
   * @default Duration.hours(1)
   */
  readonly startupBudget?: Duration;

  /**
   * Time that the server gets for a fast shutdown before it is killed: it ends sessions and writes a checkpoint.
   *
   * @default Duration.minutes(5)
   */
  readonly grace?: Duration;
}

/**
 * PostgreSQL with one server on one volume: Deployment (one replica, Recreate), Service, ServiceAccount and
 * NetworkPolicy. Init containers check the volume, refuse to initialise beside existing data, and apply a changed
 * password; the server holds a lock in the volume for its whole life.
 */
export class PostgresDeployment extends Construct implements Database {
  public readonly name: string;
  public readonly major: number;
  public readonly clientImage: ImageReference;
  public readonly connection: readonly k8s.EnvVar[];
  public readonly direct: readonly k8s.EnvVar[];
  public readonly storage: Claim;

  readonly #access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: PostgresDeploymentProps) {
    super(scope, id);
    const { name, image, credentials } = props;
    this.name = name;
    this.major = postgresMajor(image);
    this.clientImage = image;
    this.storage = props.storage;
    this.connection = [
      { name: 'PGHOST', value: name },
      { name: 'PGPORT', value: String(PORT) },
      credentials.env('PGUSER', 'POSTGRES_USER'),
      credentials.env('PGPASSWORD', 'POSTGRES_PASSWORD'),
      credentials.env('PGDATABASE', 'POSTGRES_DB'),
    ];
    this.direct = this.connection;
    const selector = selectorLabels(Platform.of(this).name, name);
    this.#access = new NetworkAccess(this, 'NetworkAccess', { name, selector });
    this.#addDeployment(props, selector);
    new k8s.KubeService(this, 'Service', {
      metadata: objectMeta(this, name),
      spec: {
        selector,
        ports: [{ name: 'postgres', port: PORT, targetPort: k8s.IntOrString.fromString('postgres') }],
      },
    });
  }

  public allowFrom(client: NetworkAccess): void {
    client.allowTo(this.#access, PORT);
  }

  #addDeployment(props: PostgresDeploymentProps, selector: Record<string, string>): void {
    const { name } = props;
    const startupBudget = props.startupBudget ?? Duration.hours(1);
    const grace = props.grace ?? Duration.minutes(5);
    if (grace.toSeconds() < 120) {
      throw new Error(`grace of ${grace.toHumanString()} is too short for "${name}"; a shutdown needs at least 120 s`);
    }
    new k8s.KubeDeployment(this, 'Resource', {
      metadata: objectMeta(this, name),
      spec: {
        replicas: 1,
        revisionHistoryLimit: 3,
        progressDeadlineSeconds: progressDeadline(startupBudget),
        selector: { matchLabels: selector },
        strategy: { type: 'Recreate' },
        template: podTemplate({
          labels: { ...selector, [COMPONENT_LABEL]: 'database' },
          serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name }).name,
          user: { uid: POSTGRES_UID, fsGroup: POSTGRES_UID },
          grace,
          ...this.#containers(props, startupBudget),
        }),
      },
    });
  }

  #containers(
    props: PostgresDeploymentProps,
    startupBudget: Duration,
  ): { readonly initContainers: ContainerProps[]; readonly containers: ContainerProps[] } {
    const { image, credentials } = props;
    const layout = postgresLayout({
      major: this.major,
      subPath: props.subPath,
      exportPath: props.storage.exportPath,
      otherClusters: props.otherClusters,
    });
    const settings = postgresSettings({ memoryLimit: props.memory, overrides: props.settings });
    const scripts = new ConfigFiles(this, 'Scripts', {
      name: `${this.name}-scripts`,
      workload: this.name,
      files: Object.fromEntries(readdirSync(SCRIPTS).map((file) => [file, readFileSync(join(SCRIPTS, file), 'utf8')])),
    }).mount(SCRIPTS_PATH, 'scripts');
    const mounted = (mounts: readonly PostgresMount[]) =>
      mounts.map((each) => claimMount(props.storage, { ...each, volume: 'data' }));
    const sockets = scratchMount('/var/run/postgresql', { name: 'sockets' });
    const who = [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ];
    const variables = (values: Readonly<Record<string, string>>) => [
      ...Object.entries(values).map(([name, value]) => ({ name, value })),
      ...who,
    ];
    const env = variables(layout.initEnvironment);
    const account = [
      credentials.env('POSTGRES_USER'),
      credentials.env('POSTGRES_PASSWORD'),
      credentials.env('POSTGRES_DB'),
    ];
    const volume = mounted(layout.initMounts);
    const small = { cpu: Cpu.millis(20), memory: Size.mebibytes(32), memoryLimit: Size.mebibytes(64) };
    const server = { cpu: props.cpu ?? Cpu.millis(250), memory: props.memory };
    const script = (file: string) => ['bash', `${SCRIPTS_PATH}/${file}`];
    const ready = ['pg_isready', '-q', '-h', '127.0.0.1', '-p', String(PORT)];
    return {
      initContainers: [
        // Mounts no sub-path: the kubelet would make a missing one as root before the script can.
        {
          name: 'preflight',
          image,
          command: script('preflight.sh'),
          env,
          resources: small,
          mounts: [...volume, scripts, scratchMount('/tmp')],
        },
        {
          name: 'find-data',
          image,
          command: script('find-data.sh'),
          env,
          resources: small,
          mounts: [...volume, scripts, scratchMount('/tmp')],
        },
        {
          name: 'initialise',
          image,
          command: script('initialise.sh'),
          env: [...env, ...account],
          resources: server,
          mounts: [...volume, scripts, scratchMount('/tmp'), sockets],
        },
        {
          name: 'apply-password',
          image,
          command: script('apply-password.sh'),
          args: settings.arguments,
          env: [...env, ...account],
          // Crash recovery happens here, with the server's own shared buffers.
          resources: server,
          mounts: [...volume, scripts, scratchMount('/tmp'), sockets],
        },
      ],
      containers: [
        {
          name: 'postgres',
          image,
          command: script('start-server.sh'),
          args: settings.arguments,
          env: [...variables(layout.serverEnvironment), ...account],
          ports: { postgres: PORT },
          resources: server,
          mounts: [
            ...mounted(layout.serverMounts),
            scripts,
            scratchMount('/tmp'),
            sockets,
            scratchMount('/dev/shm', { name: 'shared-memory', size: settings.sharedMemory, inMemory: true }),
          ],
          startupProbe: startupProbe(
            { exec: { command: script('startup-probe.sh') } },
            startupBudget,
            Duration.seconds(10),
          ),
          readinessProbe: { exec: { command: ready }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
        },
      ],
    };
  }
}
