import { defineRule, type Report } from './define-rule';
import { imageParts } from './image-parts';
import { layerTimeout } from './kustomizations';
import { isMigration } from './migrations';
import type { JobSpec } from './objects';
import type { Placed, PodTemplate } from './pods';
import { isAfter, type TreeView } from './tree-view';

/** Retries above this only repeat a failure while the release waits. */
const MOST_RETRIES = 5;

/** Annotations of Flux that take an object out of what a Kustomization waits for, so that a failed Job opens the gate. */
const SKIPPED = ['kustomize.toolkit.fluxcd.io/ssa', 'kustomize.toolkit.fluxcd.io/reconcile'] as const;

/**
 * A Job that Flux waits for is a gate that stays shut until it succeeded: it does not vanish, is not skipped, ends within
 * its layer's timeout, and a change of what it runs is a new Job. A migration runs the image of the app.
 */
export const migrationGate = defineRule('migration-gate', (view, report) => {
  for (const job of view.ofKind('Job')) {
    checkJob(view, job, report);
    const pod = view.podOf(job);
    if (pod !== undefined && isMigration(pod)) {
      checkLayer(pod, report);
      checkRun(job, report);
      checkImage(view, pod, report);
    }
  }
});

function checkJob(view: TreeView, job: Placed, report: Report): void {
  const { metadata, spec } = job.manifest;
  const { ttlSecondsAfterFinished, suspend, backoffLimit, activeDeadlineSeconds, template } = (spec ?? {}) as JobSpec;
  if (!/-[0-9a-f]{8,}$/.test(metadata.name)) {
    const wayOut = 'end it in a hash of what the Job runs: a Job cannot be changed, only made anew';
    report(job, `name "${metadata.name}" does not say what it runs`, wayOut);
  }
  if (ttlSecondsAfterFinished !== undefined) {
    const wayOut = 'remove it: Flux runs a Job that is gone again, and takes a missing one for a good one';
    report(job, `ttlSecondsAfterFinished is ${ttlSecondsAfterFinished}`, wayOut);
  }
  if (suspend !== undefined) {
    report(job, `suspend is ${suspend}`, 'remove it: Flux takes a suspended Job for a finished one');
  }
  for (const key of SKIPPED) {
    const value = metadata.annotations?.[key] ?? metadata.labels?.[key];
    if (value !== undefined) {
      report(job, `${key} is "${value}"`, 'remove it, or Flux may not wait for the Job');
    }
  }
  if (backoffLimit === undefined || backoffLimit > MOST_RETRIES) {
    report(job, `backoffLimit is ${backoffLimit ?? 'missing'}`, `write at most ${MOST_RETRIES}`);
  }
  if (template?.spec?.restartPolicy !== 'Never') {
    const wayOut = 'write Never: a container that is restarted in place leaves no log of its failure';
    report(job, `restartPolicy is ${template?.spec?.restartPolicy ?? 'missing'}`, wayOut);
  }
  const timeout = layerTimeout(view, job.layer.name);
  if (activeDeadlineSeconds === undefined) {
    report(job, 'activeDeadlineSeconds is missing', 'write how long it may take, in seconds');
  } else if (timeout !== undefined && timeout <= activeDeadlineSeconds) {
    const wrong = `activeDeadlineSeconds ${activeDeadlineSeconds} is not below the ${timeout} s that layer ${job.layer.name} is given`;
    report(job, wrong, "raise the timeout of the layer's Kustomization");
  }
}

/** One pod that succeeds completes the Job; without a pod it is complete, and Flux goes on, before anything ran. */
function checkRun(job: Placed, report: Report): void {
  const spec = (job.manifest.spec ?? {}) as JobSpec;
  for (const field of ['completions', 'parallelism'] as const) {
    if (spec[field] !== undefined && spec[field] !== 1) {
      report(job, `${field} is ${spec[field]}`, 'remove it: one pod does the work, once');
    }
  }
  for (const field of ['successPolicy', 'managedBy'] as const) {
    if (spec[field] !== undefined) {
      report(job, `${field} is set`, 'remove it: the Job is complete when its pod succeeded');
    }
  }
}

function checkLayer(job: PodTemplate, report: Report): void {
  const { name } = job.layer;
  if (name !== 'app' && !isAfter('app', name)) {
    const wayOut = 'put the Job into layer migrate, or into app with gates before its pods';
    report(job, `layer ${name} holds a migration, and layer app does not wait for it`, wayOut);
  }
}

function checkImage(view: TreeView, job: PodTemplate, report: Report): void {
  const images = view.pods
    .filter(({ layer, manifest }) => layer.name === 'app' && manifest.kind === 'Deployment')
    .flatMap(({ containers }) => containers.map(({ image = '' }) => image));
  if (images.length === 0) {
    return;
  }
  for (const { name, image = '' } of job.spec.containers ?? []) {
    if (images.includes(image)) {
      continue;
    }
    const { repository } = imageParts(image);
    const other = images.find((each) => imageParts(each).repository === repository);
    const wrong =
      other === undefined
        ? `image "${image}" of container "${name}" is none of the app's`
        : `image "${image}" of container "${name}" is another build than the app's "${other}"`;
    report(job, wrong, 'run the image whose migrations the app expects');
  }
}
