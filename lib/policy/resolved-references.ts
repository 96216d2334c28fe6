import { defineRule, type Report } from './define-rule';
import type { Strings, WorkloadSpec } from './objects';
import type { PodTemplate } from './pods';
import type { Reference } from './references';
import { certificateMakes, requireObject } from './require-object';
import type { TreeView } from './tree-view';

/** Objects that Kubernetes itself puts into every namespace. */
const BUILT_IN = new Set(['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default']);

/**
 * Everything that a pod names is in its own layer, in one that its layer depends on, or in the secret contract;
 * optional references too. A layer that waits for something of a later one waits for ever.
 */
export const resolvedReferences = defineRule('resolved-references', (view, report) => {
  for (const pod of view.pods) {
    for (const reference of pod.references) {
      if (reference.kind === 'Secret') {
        checkSecret(view, pod, reference, report);
      } else if (!BUILT_IN.has(`${reference.kind}/${reference.name}`)) {
        checkObject(view, pod, reference, report);
      }
    }
    checkMounts(pod, report);
  }
});

function checkObject(view: TreeView, pod: PodTemplate, reference: Reference, report: Report): void {
  const { kind, name, key, by } = reference;
  const found = requireObject(view, { from: pod, by, kind, name }, report);
  if (found === undefined || key === undefined) {
    return;
  }
  const { data, binaryData } = found.manifest as { data?: Strings; binaryData?: Strings };
  const keys = Object.keys({ ...data, ...binaryData });
  if (!keys.includes(key)) {
    report(pod, `${by} reads key "${key}", which ${kind}/${name} does not have`, `name one of ${keys.join(', ')}`);
  }
}

function checkSecret(view: TreeView, pod: PodTemplate, { name, key, by }: Reference, report: Report): void {
  // Every layer that pods can be in comes after `secrets`: `base`, the only other one, holds no workloads.
  const contract = view.tree.secrets.find((secret) => secret.name === name);
  if (contract === undefined) {
    if (!certificateMakes(view, name, pod.layer.name)) {
      report(pod, `${by} names Secret "${name}", which is not in the secret contract`, 'declare it with its keys');
    }
  } else if (key !== undefined && !(key in contract.keys)) {
    const keys = Object.keys(contract.keys).join(', ');
    const wayOut = `declare the key with the secret or name one of ${keys}`;
    report(pod, `${by} reads key "${key}", which Secret "${name}" does not promise`, wayOut);
  }
}

function checkMounts(pod: PodTemplate, report: Report): void {
  const { volumeClaimTemplates = [] } = (pod.manifest.spec ?? {}) as WorkloadSpec;
  const volumes = [
    ...(pod.spec.volumes ?? []).map(({ name }) => name),
    ...volumeClaimTemplates.map(({ metadata }) => metadata.name),
  ];
  for (const { name: container, volumeMounts = [] } of pod.containers) {
    for (const { name, mountPath } of volumeMounts) {
      if (!volumes.includes(name)) {
        const wrong = `container "${container}" mounts volume "${name}" at ${mountPath}, which the pod does not have`;
        report(pod, wrong, `add the volume or name one of ${volumes.join(', ')}`);
      }
    }
  }
}
