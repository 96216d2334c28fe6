import { CHECKSUM_ANNOTATION, configChecksum, RESTART_ANNOTATION } from '../platform/config-checksum';
import { defineRule, type Report } from './define-rule';
import type { Strings } from './objects';
import type { PodTemplate } from './pods';
import type { TreeView } from './tree-view';

/** Endings of names that are made from content: hexadecimal, or in kustomize's alphabet. */
const CONTENT_HASH = /-([0-9a-f]{8,}|[bcdfghkmt2456789]{10})$/;

/**
 * ConfigMaps keep their names, and a pod template carries the checksum of each one that it uses, so that a change rolls
 * exactly its users, unless the ConfigMap says that they are restarted by hand. With names made from content, Flux prunes the old one while old pods still need it.
 */
export const configRollout = defineRule('config-rollout', (view, report) => {
  for (const where of view.ofKind('ConfigMap')) {
    const { name } = where.manifest.metadata;
    if (CONTENT_HASH.test(name)) {
      report(where, `name "${name}" ends in a hash of its content`, 'give it a fixed name');
    }
    if (where.manifest.immutable) {
      report(where, 'immutable is true', 'remove it: the name stays when the content changes');
    }
  }
  for (const pod of view.pods) {
    checkPod(view, pod, report);
  }
});

function checkPod(view: TreeView, pod: PodTemplate, report: Report): void {
  const used = new Set(pod.references.filter(({ kind }) => kind === 'ConfigMap').map(({ name }) => name));
  for (const name of used) {
    const found = view.resolve('ConfigMap', name, pod.layer.name);
    if (found === undefined) {
      continue; // `resolved-references` reports it.
    }
    if (found.manifest.metadata.annotations?.[RESTART_ANNOTATION] === 'by-hand') {
      continue;
    }
    const written = pod.annotations[`${CHECKSUM_ANNOTATION}${name}`];
    if (written !== configChecksum((found.manifest.data ?? {}) as Strings)) {
      const now = written === undefined ? 'missing' : `"${written}", which is not its data's`;
      const wayOut = 'write configChecksum of its data into the pod template, or a change does not reach the pods';
      report(pod, `annotation ${CHECKSUM_ANNOTATION}${name} is ${now}`, wayOut);
    }
  }
  for (const key in pod.annotations) {
    if (key.startsWith(CHECKSUM_ANNOTATION) && !used.has(key.slice(CHECKSUM_ANNOTATION.length))) {
      report(
        pod,
        `annotation ${key} is of a ConfigMap that the pod does not use`,
        'remove it: it rolls pods for nothing',
      );
    }
  }
}
