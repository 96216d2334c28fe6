import type { Duration } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import type { SecretReference } from '../platform/secret-reference';
import { type ContainerProps, container } from './container';
import type { Mount } from './mount';

/** The numeric user of every container in a pod; Kubernetes cannot verify a named one. */
export interface PodUser {
  readonly uid: number;

  /** @default - the same as `uid` */
  readonly gid?: number;

  /**
   * Group that volumes are given to. The kubelet does not apply it on NFS.
   *
   * @default - none
   */
  readonly fsGroup?: number;

  /** Groups beside `gid`, for files that several pods share. @default - none */
  readonly supplementalGroups?: readonly number[];
}

/** Properties of a pod. */
export interface PodProps {
  readonly labels: Readonly<Record<string, string>>;

  /** Name of its ServiceAccount; no token is mounted. */
  readonly serviceAccountName: string;

  readonly user: PodUser;

  readonly containers: readonly ContainerProps[];

  /** Run in order, each to its end, before the containers. @default - none */
  readonly initContainers?: readonly ContainerProps[];

  /** Secrets of type `kubernetes.io/dockerconfigjson`. @default - none */
  readonly pullSecrets?: readonly SecretReference[];

  /** Time between being asked to stop and being killed. @default - Kubernetes' own, 30 s */
  readonly grace?: Duration;

  /** @default 'Always' */
  readonly restartPolicy?: 'Always' | 'Never' | 'OnFailure';

  /** @default - none */
  readonly affinity?: k8s.Affinity;

  /** Labels of the nodes it may run on. @default - any node */
  readonly nodeSelector?: Readonly<Record<string, string>>;
}

/**
 * A pod template that passes Pod Security *restricted*; the checksums of its ConfigMaps roll it on a change.
 *
 * @throws when two different volumes have one name
 */
export function podTemplate(props: PodProps): k8s.PodTemplateSpec {
  const { user, initContainers = [] } = props;
  const all = [...initContainers, ...props.containers];
  const mounts = all.flatMap((each) => each.mounts ?? []);
  const volumes = volumesOf(mounts);
  const checksums = [...mounts, ...all.flatMap(({ envFrom }) => envFrom ?? [])].map(({ checksum }) => checksum);
  const annotations = Object.assign({}, ...checksums) as Record<string, string>;
  return {
    metadata: {
      labels: { ...props.labels },
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    },
    spec: {
      serviceAccountName: props.serviceAccountName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user.uid,
        runAsGroup: user.gid ?? user.uid,
        fsGroup: user.fsGroup,
        // A volume with many files is not walked again at each start when its root is right already.
        fsGroupChangePolicy: user.fsGroup === undefined ? undefined : 'OnRootMismatch',
        supplementalGroups: user.supplementalGroups && [...user.supplementalGroups],
        seccompProfile: { type: 'RuntimeDefault' },
      },
      imagePullSecrets: props.pullSecrets?.map(({ name }) => ({ name })),
      initContainers: initContainers.length > 0 ? initContainers.map(container) : undefined,
      containers: props.containers.map(container),
      volumes: volumes.size > 0 ? [...volumes.values()] : undefined,
      terminationGracePeriodSeconds: props.grace?.toSeconds(),
      restartPolicy: props.restartPolicy,
      affinity: props.affinity,
      nodeSelector: props.nodeSelector && { ...props.nodeSelector },
    },
  };
}

/** @throws when one name stands for two different volumes: a container would see the wrong one */
function volumesOf(mounts: readonly Mount[]): Map<string, k8s.Volume> {
  const volumes = new Map<string, k8s.Volume>();
  for (const { volume } of mounts) {
    const known = volumes.get(volume.name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(volume)) {
      throw new Error(`volume name "${volume.name}" stands for two different volumes of one pod; give them two names`);
    }
    volumes.set(volume.name, volume);
  }
  return volumes;
}
