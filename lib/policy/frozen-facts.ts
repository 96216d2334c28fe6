import { objectName } from '../platform/manifest';
import type { Tree } from '../platform/tree';
import type { Amounts, ClaimSpec, LabelSelector, VolumeSpec, WorkloadSpec } from './objects';
import type { Placed, PodTemplate } from './pods';
import { viewOf } from './tree-view';

/**
 * What must not change unnoticed in a tree, because data would be lost, left behind, or the API server would refuse it:
 * the cluster and the namespace; paths and claims of volumes; size, class, volume and access modes of claims; selectors;
 * claim templates; and where databases keep their data.
 *
 * @returns fact (`PersistentVolume/school-backups-pv-prod nfs`) → value (`nas.example.lan:/school/backups`), sorted
 */
export function frozenFacts(tree: Tree): Record<string, string> {
  const view = viewOf(tree);
  const facts: (readonly [fact: string, value: string | undefined])[] = [
    ['cluster', tree.cluster.name],
    ['namespace', tree.namespace.name],
  ];
  for (const volume of view.ofKind('PersistentVolume')) {
    facts.push(...volumeFacts(volume));
  }
  for (const { manifest } of view.ofKind('PersistentVolumeClaim')) {
    facts.push(...claimFacts(objectName(manifest), (manifest.spec ?? {}) as ClaimSpec));
  }
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    for (const workload of view.ofKind(kind)) {
      facts.push(...workloadFacts(workload));
    }
  }
  for (const pod of view.pods) {
    if (pod.component === 'database') {
      facts.push(...databaseFacts(pod));
    }
  }
  const written = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  return Object.fromEntries(written.sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Facts = (readonly [fact: string, value: string | undefined])[];

function volumeFacts({ manifest }: Placed): Facts {
  const { nfs, claimRef } = (manifest.spec ?? {}) as VolumeSpec;
  const name = objectName(manifest);
  return [
    [`${name} nfs`, nfs && `${nfs.server}:${nfs.path}`],
    [`${name} claim`, claimRef && `${claimRef.namespace}/${claimRef.name}`],
  ];
}

function claimFacts(name: string, { volumeName, storageClassName, resources, accessModes = [] }: ClaimSpec): Facts {
  const { storage }: Amounts = resources?.requests ?? {};
  return [
    [`${name} volume`, volumeName],
    [`${name} storageClass`, volumeName === undefined ? storageClassName : undefined],
    [`${name} size`, storage === undefined ? undefined : String(storage)],
    [`${name} accessModes`, [...accessModes].sort().join(', ')],
  ];
}

function workloadFacts({ manifest }: Placed): Facts {
  const { selector, serviceName, volumeClaimTemplates = [] } = (manifest.spec ?? {}) as WorkloadSpec;
  const name = objectName(manifest);
  return [
    [`${name} selector`, selector && selectorText(selector)],
    [`${name} serviceName`, serviceName],
    ...volumeClaimTemplates.flatMap(({ metadata, spec }) => claimFacts(`${name} claimTemplate ${metadata.name}`, spec)),
  ];
}

/** The directory of the data, and which folder of which claim each mount at or above it is. */
function databaseFacts(pod: PodTemplate): Facts {
  const name = objectName(pod.manifest);
  const directory = pod.spec.containers
    ?.flatMap(({ env = [] }) => env)
    .find(({ name: variable }) => variable === 'PGDATA')?.value;
  const claims = new Map(
    (pod.spec.volumes ?? []).map((volume) => [volume.name, volume.persistentVolumeClaim?.claimName]),
  );
  const mounts = (pod.spec.containers ?? []).flatMap(({ volumeMounts = [] }) =>
    volumeMounts.flatMap(({ name: volume, mountPath, subPath }): Facts => {
      const claim = claims.get(volume);
      return claim === undefined
        ? []
        : [[`${name} ${mountPath}`, subPath === undefined ? claim : `${claim}/${subPath}`]];
    }),
  );
  return [[`${name} PGDATA`, directory], ...mounts];
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => `${key} ${operator} (${values.join(', ')})`),
  ]
    .sort()
    .join(', ');
}
