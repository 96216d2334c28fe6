import { posix } from 'node:path';
import { objectName } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import type { LabelSelector, WorkloadSpec } from './objects';
import type { PodTemplate } from './pods';
import { selects } from './selectors';
import type { TreeView } from './tree-view';

/** Script that takes the lock in the volume and then becomes the server. */
const LOCKING_START = 'start-server.sh';

/**
 * A database that has one writer is one replica, the old pod is gone before the new one starts, and the server holds a
 * lock in its volume: two servers on one volume were both Ready and each saw half of the rows.
 */
export const singleWriter = defineRule('single-writer', (view, report) => {
  const writers = new Map<string, PodTemplate>();
  for (const pod of view.pods) {
    if (pod.component === 'database') {
      checkWorkload(pod, report);
      checkScaling(view, pod, report);
      checkFolder(pod, writers, report);
    }
  }
});

function checkWorkload(pod: PodTemplate, report: Report): void {
  const { kind, spec } = pod.manifest;
  if (kind !== 'Deployment' && kind !== 'StatefulSet') {
    report(pod, `a ${kind} carries component "database"`, 'write the component that it is: database means the server');
    return;
  }
  const { replicas, strategy } = (spec ?? {}) as WorkloadSpec;
  if (replicas !== 1) {
    report(pod, `replicas is ${replicas ?? 'missing'}`, 'write 1: the volume has one writer');
  }
  if (kind === 'Deployment' && strategy?.type !== 'Recreate') {
    const wayOut = 'write Recreate, or the new server starts beside the old one';
    report(pod, `strategy is ${strategy?.type ?? 'missing'}`, wayOut);
  }
  const servers = pod.spec.containers ?? [];
  if (
    !servers.some(({ command = [], args = [] }) => [...command, ...args].some((word) => word.includes(LOCKING_START)))
  ) {
    const names = servers.map(({ name }) => `"${name}"`).join(', ');
    const wrong = `no container of ${names} runs ${LOCKING_START}, so none holds the lock of the volume`;
    report(pod, wrong, `start the server with ${LOCKING_START}`);
  }
}

/** Each server has a folder of its own: of two on one, the second is stopped by the lock whenever it starts. */
function checkFolder(pod: PodTemplate, writers: Map<string, PodTemplate>, report: Report): void {
  const place = dataFolder(pod);
  if (place === undefined) {
    return;
  }
  const key = `${place.claim} ${place.folder}`;
  const first = writers.get(key);
  if (first === undefined) {
    writers.set(key, pod);
  } else {
    const wrong = `data is in "${place.folder}" of claim "${place.claim}", as that of ${objectName(first.manifest)} is`;
    report(pod, wrong, 'give it a claim or a subPath of its own');
  }
}

/** Where in which claim PostgreSQL's data directory is; nothing when it is in none. */
function dataFolder({ spec }: PodTemplate): { readonly claim: string; readonly folder: string } | undefined {
  for (const { env = [], volumeMounts = [] } of spec.containers ?? []) {
    const directory = env.find(({ name }) => name === 'PGDATA')?.value;
    const [mount] = volumeMounts
      .filter(({ mountPath }) => `${directory}/`.startsWith(`${mountPath.replace(/\/+$/, '')}/`))
      .sort((a, b) => b.mountPath.length - a.mountPath.length);
    const volume = spec.volumes?.find(({ name }) => name === mount?.name);
    if (directory !== undefined && mount !== undefined && volume?.persistentVolumeClaim !== undefined) {
      const folder = posix.join(mount.subPath ?? '.', posix.relative(mount.mountPath, directory));
      return { claim: volume.persistentVolumeClaim.claimName, folder };
    }
  }
  return undefined;
}

function checkScaling(view: TreeView, pod: PodTemplate, report: Report): void {
  for (const scaler of view.ofKind('HorizontalPodAutoscaler')) {
    const { scaleTargetRef } = (scaler.manifest.spec ?? {}) as { scaleTargetRef?: { kind: string; name: string } };
    if (`${scaleTargetRef?.kind}/${scaleTargetRef?.name}` === objectName(pod.manifest)) {
      report(scaler, `scales ${objectName(pod.manifest)}, which has one writer`, 'remove the autoscaler');
    }
  }
  for (const budget of view.ofKind('PodDisruptionBudget')) {
    const { selector } = (budget.manifest.spec ?? {}) as { selector?: LabelSelector };
    if (selects(selector, pod.labels)) {
      const wayOut = 'remove it: with one replica it only keeps nodes from being drained';
      report(budget, `protects ${objectName(pod.manifest)}, which has one replica`, wayOut);
    }
  }
}
