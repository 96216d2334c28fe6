import type { Container, PodSpec, Projection } from './pod-spec';

/** Something that a pod names and cannot start without. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';
  readonly name: string;
  /** The key that is read. @default - all, or the kind has none */
  readonly key?: string;
  /** Who names it, e.g. `env DATABASE_URL of container "app"`. */
  readonly by: string;
}

/** Every ConfigMap, Secret, claim and ServiceAccount that a pod names, optional ones too. */
export function templateReferences(spec: PodSpec, containers: readonly Container[]): Reference[] {
  const found: Reference[] = [];
  if (spec.serviceAccountName !== undefined) {
    found.push({ kind: 'ServiceAccount', name: spec.serviceAccountName, by: 'the pod' });
  }
  for (const { name } of spec.imagePullSecrets ?? []) {
    found.push({ kind: 'Secret', name, by: 'imagePullSecrets' });
  }
  addVolumes(spec, found);
  for (const container of containers) {
    addEnvironment(container, found);
  }
  return found;
}

function addVolumes(spec: PodSpec, found: Reference[]): void {
  for (const { name, configMap, secret, persistentVolumeClaim, projected } of spec.volumes ?? []) {
    const by = `volume "${name}"`;
    if (persistentVolumeClaim !== undefined) {
      found.push({ kind: 'PersistentVolumeClaim', name: persistentVolumeClaim.claimName, by });
    }
    addProjection('ConfigMap', configMap, by, found);
    addProjection('Secret', secret && { name: secret.secretName, items: secret.items }, by, found);
    for (const source of projected?.sources ?? []) {
      addProjection('ConfigMap', source.configMap, by, found);
      addProjection('Secret', source.secret, by, found);
    }
  }
}

function addProjection(
  kind: 'ConfigMap' | 'Secret',
  projection: Projection | undefined,
  by: string,
  found: Reference[],
): void {
  if (projection?.name === undefined) {
    return;
  }
  const { name, items } = projection;
  found.push(...(items === undefined ? [{ kind, name, by }] : items.map(({ key }) => ({ kind, name, key, by }))));
}

function addEnvironment(container: Container, found: Reference[]): void {
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    const by = `envFrom of container "${container.name}"`;
    if (configMapRef !== undefined) {
      found.push({ kind: 'ConfigMap', name: configMapRef.name, by });
    }
    if (secretRef !== undefined) {
      found.push({ kind: 'Secret', name: secretRef.name, by });
    }
  }
  for (const { name: variable, valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) {
      continue;
    }
    const by = `env ${variable} of container "${container.name}"`;
    if (valueFrom.configMapKeyRef !== undefined) {
      found.push({ kind: 'ConfigMap', name: valueFrom.configMapKeyRef.name, key: valueFrom.configMapKeyRef.key, by });
    }
    if (valueFrom.secretKeyRef !== undefined) {
      found.push({ kind: 'Secret', name: valueFrom.secretKeyRef.name, key: valueFrom.secretKeyRef.key, by });
    }
  }
}
