import { COMPONENT_LABEL } from '../platform/labels';
import type { Manifest } from '../platform/manifest';
import type { LayerTree } from '../platform/tree';
import type { JobSpec, Strings, WorkloadSpec } from './objects';
import type { Container, PodSpec, PodTemplateSpec } from './pod-spec';
import { type Reference, templateReferences } from './references';

/** An object and the layer that it lies in. */
export interface Placed {
  readonly layer: LayerTree;
  readonly manifest: Manifest;
}

/** The pods that a workload makes. */
export interface PodTemplate extends Placed {
  /** Value of `app.kubernetes.io/component`. */
  readonly component: string | undefined;
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly spec: PodSpec;
  /** All containers, those that initialise first. */
  readonly containers: readonly Container[];
  /** What the pods need to start: ConfigMaps, Secrets, claims and the ServiceAccount. */
  readonly references: readonly Reference[];
}

/** Kinds that keep their pods running. */
export const STAYING: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Pod',
]);

/** The pod template of a workload, or the Pod itself; nothing for other kinds. */
export function podTemplate(placed: Placed): PodTemplate | undefined {
  const template = templateOf(placed.manifest);
  if (template === undefined) {
    return undefined;
  }
  const { metadata: { labels = {}, annotations = {} } = {}, spec = {} } = template;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const references = templateReferences(spec, containers);
  return { ...placed, component: labels[COMPONENT_LABEL], labels, annotations, spec, containers, references };
}

function templateOf({ kind, metadata, spec }: Manifest): PodTemplateSpec | undefined {
  switch (kind) {
    case 'Pod':
      return { metadata, spec: spec as PodSpec | undefined };
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'ReplicationController':
      return (spec as WorkloadSpec | undefined)?.template ?? {};
    case 'Job':
      return (spec as JobSpec | undefined)?.template ?? {};
    case 'CronJob':
      return (spec as { jobTemplate?: { spec?: JobSpec } } | undefined)?.jobTemplate?.spec?.template ?? {};
    default:
      return undefined;
  }
}
