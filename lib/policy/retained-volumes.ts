import { defineRule, type Report } from './define-rule';
import type { ClaimSpec, VolumeSpec, WorkloadSpec } from './objects';
import type { Placed } from './pods';
import type { TreeView } from './tree-view';

/**
 * Volumes outlive their claims: what a lost claim leaves is retained, volume and claim name each other so that neither
 * binds elsewhere, and an NFS mount waits for its server instead of losing writes. A StatefulSet keeps its claims.
 */
export const retainedVolumes = defineRule(
  'retained-volumes',
  (view, report) => {
    for (const volume of view.ofKind('PersistentVolume')) {
      checkVolume(view, volume, report);
    }
    for (const claim of view.ofKind('PersistentVolumeClaim')) {
      checkClaim(view, claim, report);
    }
    for (const set of view.ofKind('StatefulSet')) {
      const { volumeClaimTemplates = [], persistentVolumeClaimRetentionPolicy = {} } = (set.manifest.spec ??
        {}) as WorkloadSpec;
      for (const [when, what] of Object.entries(persistentVolumeClaimRetentionPolicy)) {
        if (what !== 'Retain') {
          const wayOut = 'write Retain, or a StatefulSet that is pruned or made smaller takes its claims with it';
          report(set, `persistentVolumeClaimRetentionPolicy.${when} is ${what}`, wayOut);
        }
      }
      for (const { metadata, spec } of volumeClaimTemplates) {
        checkClass(view, set, `claim template "${metadata.name}"`, spec.storageClassName, report);
      }
    }
  },
  { absolute: true },
);

function checkVolume(view: TreeView, volume: Placed, report: Report): void {
  const spec = (volume.manifest.spec ?? {}) as VolumeSpec;
  const { name } = volume.manifest.metadata;
  const { persistentVolumeReclaimPolicy: policy, claimRef, storageClassName, mountOptions = [], nfs } = spec;
  if (policy !== 'Retain') {
    report(volume, `reclaim policy is ${policy ?? 'missing'}`, 'write Retain, or a deleted claim deletes the data');
  }
  checkNoClass(volume, storageClassName, report);
  if (nfs !== undefined && (!mountOptions.includes('hard') || mountOptions.includes('soft'))) {
    const wayOut = 'write hard: a soft mount tells the database that a lost write succeeded';
    report(volume, `NFS mount options are [${mountOptions.join(', ')}]`, wayOut);
  }
  const claim = view.named('PersistentVolumeClaim', claimRef?.name ?? '')[0]?.manifest;
  if (claim === undefined || claim.metadata.namespace !== claimRef?.namespace) {
    const written =
      claimRef === undefined ? 'is missing' : `names ${claimRef.namespace}/${claimRef.name}, which is no claim`;
    report(volume, `claimRef ${written}`, 'name the namespace and name of its claim');
  } else if ((claim.spec as ClaimSpec | undefined)?.volumeName !== name) {
    const other = (claim.spec as ClaimSpec | undefined)?.volumeName;
    const wrong = `claimRef names ${claim.metadata.name}, whose volumeName is ${other === undefined ? 'missing' : `"${other}"`}`;
    report(volume, wrong, `write volumeName "${name}" in the claim`);
  }
}

function checkClaim(view: TreeView, claim: Placed, report: Report): void {
  const { volumeName, storageClassName } = (claim.manifest.spec ?? {}) as ClaimSpec;
  if (volumeName === undefined) {
    // A claim that a volume names is one half of a pair; the volume's side reports what is missing.
    const { name } = claim.manifest.metadata;
    const named = view
      .ofKind('PersistentVolume')
      .some(({ manifest }) => (manifest.spec as VolumeSpec | undefined)?.claimRef?.name === name);
    if (!named) {
      checkClass(view, claim, 'claim', storageClassName, report);
    }
    return;
  }
  checkNoClass(claim, storageClassName, report);
  const volume = view.named('PersistentVolume', volumeName)[0]?.manifest;
  const { claimRef } = (volume?.spec ?? {}) as VolumeSpec;
  if (volume === undefined) {
    report(claim, `volumeName "${volumeName}" is no PersistentVolume of base`, 'name one or render it');
  } else if (claimRef?.name !== claim.manifest.metadata.name) {
    const wrong = `volumeName "${volumeName}" is a volume whose claimRef names ${claimRef?.name ?? 'nothing'}`;
    report(claim, wrong, 'give each claim a volume of its own');
  }
}

function checkNoClass(where: Placed, storageClass: string | undefined, report: Report): void {
  if (storageClass !== '') {
    const wrong = `storageClassName is ${storageClass === undefined ? 'missing' : `"${storageClass}"`}`;
    report(where, wrong, 'write "": without it the default class is filled in and the claim stays Pending');
  }
}

function checkClass(view: TreeView, where: Placed, what: string, name: string | undefined, report: Report): void {
  const { storageClasses = {}, name: cluster } = view.tree.cluster;
  const policy = name === undefined ? undefined : storageClasses[name]?.reclaimPolicy;
  if (policy === 'Retain') {
    return;
  }
  const keeping = Object.entries(storageClasses).flatMap(([each, { reclaimPolicy }]) =>
    reclaimPolicy === 'Retain' ? [each] : [],
  );
  const written = name === undefined ? 'names no storage class' : `names storage class "${name}"`;
  const why = policy === undefined ? `cluster "${cluster}" does not know it` : `its reclaim policy is ${policy}`;
  const wayOut = `name one of the cluster's classes that say Retain: ${keeping.join(', ') || 'there is none'}`;
  report(where, name === undefined ? `${what} ${written}` : `${what} ${written}, and ${why}`, wayOut);
}
