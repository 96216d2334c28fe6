import type { Size } from 'cdk8s';
import { type Cpu, k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import { refuse } from '../platform/problems';
import type { ConfigEnv } from './config-env';
import type { Mount } from './mount';
import { quantity } from './quantity';

/** What a container may use. */
export interface Resources {
  /** CPU that the scheduler sets aside. */
  readonly cpu: Cpu;

  /**
   * CPU above which the container is slowed down.
   *
   * @default - none: slowing it down on an idle node helps nobody
   */
  readonly cpuLimit?: Cpu;

  /** Memory that the scheduler sets aside. */
  readonly memory: Size;

  /**
   * Memory above which the container is killed.
   *
   * @default - the same as `memory`
   */
  readonly memoryLimit?: Size;
}

/** Properties of a container. */
export interface ContainerProps {
  /** Name, unique in the pod. */
  readonly name: string;

  readonly image: ImageReference;

  readonly resources: Resources;

  /** @default - the image's entry point */
  readonly command?: readonly string[];

  /** @default - the image's arguments */
  readonly args?: readonly string[];

  /** @default - none */
  readonly env?: readonly k8s.EnvVar[];

  /** ConfigMaps whose every key is a variable. @default - none */
  readonly envFrom?: readonly ConfigEnv[];

  /** Ports by name. @default - none */
  readonly ports?: Readonly<Record<string, number>>;

  /** Volumes that the container sees; its root file system is read-only. @default - none */
  readonly mounts?: readonly Mount[];

  /** @default - none */
  readonly startupProbe?: k8s.Probe;

  /** @default - none */
  readonly readinessProbe?: k8s.Probe;

  /** @default - none: the kubelet restarts what exits, and nothing else */
  readonly livenessProbe?: k8s.Probe;

  /** Numeric user of this container alone. @default - the pod's */
  readonly uid?: number;

  /** Whether an init container runs beside those after it and ends with them (Kubernetes 1.29). @default false */
  readonly sidecar?: boolean;

  /** Command that runs before the container is asked to stop. @default - none */
  readonly preStop?: readonly string[];
}

/**
 * A container that passes Pod Security *restricted*, with a read-only root.
 *
 * @throws when two variables have one name, or two volumes one path: the API server refuses the whole layer for it
 */
export function container(props: ContainerProps): k8s.Container {
  refuse(duplicates(props));
  const { cpu, cpuLimit, memory, memoryLimit } = props.resources;
  return {
    name: props.name,
    restartPolicy: props.sidecar ? 'Always' : undefined,
    image: props.image.toString(),
    command: copy(props.command),
    args: copy(props.args),
    env: copy(props.env),
    envFrom: copy(props.envFrom)?.map(({ name }) => ({ configMapRef: { name } })),
    ports: props.ports && Object.entries(props.ports).map(([name, containerPort]) => ({ name, containerPort })),
    resources: {
      requests: { cpu: k8s.Quantity.fromString(cpu.amount), memory: k8s.Quantity.fromString(quantity(memory)) },
      limits: {
        ...(cpuLimit && { cpu: k8s.Quantity.fromString(cpuLimit.amount) }),
        memory: k8s.Quantity.fromString(quantity(memoryLimit ?? memory)),
      },
    },
    volumeMounts: props.mounts?.map(({ volume, path, subPath, readOnly }) => ({
      name: volume.name,
      mountPath: path,
      subPath,
      readOnly: readOnly || undefined,
    })),
    startupProbe: props.startupProbe,
    readinessProbe: props.readinessProbe,
    livenessProbe: props.livenessProbe,
    lifecycle: props.preStop && { preStop: { exec: { command: [...props.preStop] } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsUser: props.uid,
    },
  };
}

function duplicates({ name, env = [], mounts = [] }: ContainerProps): string[] {
  return [
    ...repeated(env.map((each) => each.name)).map(
      (each) => `container "${name}" has two variables "${each}"; leave one out: Flux cannot apply both`,
    ),
    ...repeated(mounts.map(({ path }) => path.replace(/(?<=.)\/+$/, ''))).map(
      (each) => `container "${name}" has two volumes at "${each}"; leave one out`,
    ),
  ];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((each, index) => names.indexOf(each) !== index))];
}

/** An empty list is left out: a reviewer reads the YAML. */
function copy<T>(list: readonly T[] | undefined): T[] | undefined {
  return list && list.length > 0 ? [...list] : undefined;
}
