import { objectName } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import { imageParts } from './image-parts';
import { GATE_CONTAINERS, gateOf, isSidecar, type Migration, migrationsOf } from './migrations';
import type { Container } from './pod-spec';
import { type PodTemplate, STAYING } from './pods';
import { isAfter } from './tree-view';

/**
 * Flux applies all of a layer at once, and layers that do not depend on each other beside each other. Where a workload's
 * layer does not wait for the migration's, such as the app's own, nothing but a gate holds its pods back: each workload
 * of the image that migrates, whatever its build, has one, which waits at least as long as the Job may take.
 */
export const gatedStart = defineRule('gated-start', (view, report) => {
  const migrations = migrationsOf(view);
  const known = new Set(migrations.map(({ name }) => name));
  // `migration-gate` speaks of migrations in other layers.
  for (const migration of migrations.filter(({ layer }) => layer.name === 'app' || isAfter('app', layer.name))) {
    for (const pod of view.pods) {
      // What is migrated may run the image that migrates: psql of the server's own build.
      const waits = pod.component === 'database' || isAfter(pod.layer.name, migration.layer.name);
      if (!waits && STAYING.has(pod.manifest.kind)) {
        checkPod(pod, migration, known, report);
      }
    }
  }
});

function checkPod(
  pod: PodTemplate,
  migration: Migration,
  known: ReadonlySet<string | undefined>,
  report: Report,
): void {
  const { manifest, name, images, deadline = 0 } = migration;
  const gate = gateOf(pod);
  if (gate !== undefined && !known.has(gate.job)) {
    return; // `gate-release` reports it.
  }
  const isGated = gate?.job === name;
  const repositories = images.map((image) => imageParts(image).repository);
  const container = staying(pod, isGated).find(({ image = '' }) => repositories.includes(imageParts(image).repository));
  if (container !== undefined) {
    const where = pod.layer === migration.layer ? 'its own layer' : `layer ${migration.layer.name}`;
    const wrong = `container "${container.name}" runs "${container.image}" and does not wait for ${objectName(manifest)} of ${where}`;
    const wayOut = isGated
      ? 'put it behind the gate'
      : 'give it a MigrationGate for that Job, or put it into layer app and the Job into layer migrate';
    report(pod, wrong, wayOut);
  }
  if (gate === undefined || !isGated) {
    return;
  }
  if (!(gate.wait >= deadline)) {
    const wrong = `the gate waits for ${gate.wait} s, and ${objectName(manifest)} may take ${deadline} s`;
    report(pod, wrong, `let it wait for at least ${deadline} s`);
  }
}

/** The containers of a pod that stay; of a gated one those that do not wait for the gate. */
function staying({ spec }: PodTemplate, isGated: boolean): Container[] {
  const { initContainers = [], containers = [] } = spec;
  const gate = initContainers.findIndex(({ name }) => name === 'migration-gate');
  return isGated
    ? initContainers.slice(0, gate).filter((each) => isSidecar(each) && !GATE_CONTAINERS.includes(each.name))
    : [...initContainers.filter(isSidecar), ...containers];
}
