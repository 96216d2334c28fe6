import { objectName } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import { imageParts } from './image-parts';
import {
  GATE_CONTAINERS,
  gateOf,
  isMigration,
  isSidecar,
  listingImage,
  type Migration,
  migrationsOf,
} from './migrations';
import type { PodTemplate } from './pods';

/**
 * A pod waits for the migrations of its own release: what it runs has the tag of the image that lists them, and a Job
 * applies those of that very image. With an older list the pod would meet an old schema, with a newer one it would wait
 * for what nobody applies.
 */
export const gateRelease = defineRule('gate-release', (view, report) => {
  const migrations = migrationsOf(view);
  for (const pod of view.pods) {
    const image = listingImage(pod.spec.initContainers);
    if (image === undefined) {
      continue;
    }
    const release = releaseOf(image);
    for (const container of pod.spec.containers ?? []) {
      if (container.image !== undefined && releaseOf(container.image) !== release) {
        const wrong = `container "${container.name}" runs "${container.image}" and waits for the migrations of "${image}"`;
        report(pod, wrong, 'give both the same tag: they are one release');
      }
    }
    for (const { name } of (pod.spec.initContainers ?? []).filter(isSidecar)) {
      if (GATE_CONTAINERS.includes(name)) {
        const wrong = `init container "${name}" has restartPolicy Always, so the next one starts beside it`;
        report(pod, wrong, 'remove restartPolicy: a gate holds back only while it has not ended');
      }
    }
    if (!isMigration(pod)) {
      checkJob(pod, migrations, report);
    }
  }
});

function checkJob(pod: PodTemplate, migrations: readonly Migration[], report: Report): void {
  const gate = gateOf(pod);
  if (gate === undefined) {
    const wayOut = 'add the gate behind it, or remove the list';
    report(pod, 'init container "list-migrations" has no "migration-gate", so nothing waits', wayOut);
    return;
  }
  const { job, image } = gate;
  const migration = migrations.find(({ name }) => name === job);
  if (migration === undefined) {
    const names = migrations.map(({ name }) => name).join(', ');
    const wayOut = names === '' ? 'add the MigrationJob or remove the gate' : `name one of ${names}`;
    report(pod, `the gate waits for the migration "${job}", which is not there`, wayOut);
  } else if (!migration.images.includes(image)) {
    const wrong = `the gate waits for the migrations of "${image}", and ${objectName(migration.manifest)} applies those of "${migration.images.join('", "')}"`;
    report(pod, wrong, 'give both one image');
  }
}

/** The same image may be named by digest alone. */
function releaseOf(image: string): string | undefined {
  const { tag, digest } = imageParts(image);
  return tag ?? digest;
}
