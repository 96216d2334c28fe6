import type { JobSpec } from './objects';
import type { Container } from './pod-spec';
import type { Placed, PodTemplate } from './pods';
import type { TreeView } from './tree-view';

/** A Job that migrates a database. */
export interface Migration extends Placed {
  /** `app.kubernetes.io/name` of its pods, by which gates name it. */
  readonly name: string | undefined;
  /** The images that migrate. */
  readonly images: readonly string[];
  /** Seconds after which it is stopped. */
  readonly deadline: number | undefined;
}

/** The Jobs that migrate databases. */
export function migrationsOf(view: TreeView): Migration[] {
  return view.pods.filter(isMigration).map(({ layer, manifest, labels, spec }) => ({
    layer,
    manifest,
    name: labels['app.kubernetes.io/name'],
    images: (spec.containers ?? []).map(({ image = '' }) => image),
    deadline: (manifest.spec as JobSpec | undefined)?.activeDeadlineSeconds,
  }));
}

/** Whether these are the pods of a Job that migrates. */
export function isMigration({ manifest, component }: PodTemplate): boolean {
  return manifest.kind === 'Job' && component === 'migration';
}

/** How a pod waits for migrations: what its init containers say. */
export interface Gate {
  /** The image whose migrations it waits for. */
  readonly image: string;
  /** `app.kubernetes.io/name` of the Job that applies them. */
  readonly job: string | undefined;
  /** Seconds after which it gives up. */
  readonly wait: number;
}

/** Names of a gate's two containers, in their order. */
export const GATE_CONTAINERS: readonly string[] = ['list-migrations', 'migration-gate'];

/** Whether an init container is a sidecar, for whose end nobody waits. */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/** The gate of a pod; nothing when one of its two containers is missing. */
export function gateOf({ spec }: PodTemplate): Gate | undefined {
  const image = listingImage(spec.initContainers);
  const waiting = spec.initContainers?.find(({ name }) => name === 'migration-gate');
  if (image === undefined || waiting === undefined) {
    return undefined;
  }
  const value = (variable: string) => waiting.env?.find(({ name }) => name === variable)?.value;
  return { image, job: value('MIGRATION_JOB'), wait: Number(value('WAIT_SECONDS') ?? 0) };
}

/** The image that lists its migrations, of a gate or a Job. */
export function listingImage(initContainers: readonly Container[] = []): string | undefined {
  return initContainers.find(({ name }) => name === 'list-migrations')?.image;
}
