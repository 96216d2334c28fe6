import { hasDynamicClaim } from '../platform/has-dynamic-claim';
import type { LayerName } from '../platform/layer-name';
import type { Manifest } from '../platform/manifest';
import type { LayerTree, Tree } from '../platform/tree';
import { defineRule, type Report } from './define-rule';
import { appliedLayers, kustomizationName, kustomizationOf, type LayerKustomization, seconds } from './kustomizations';

/** Fields that make what runs differ from the files that were reviewed, or let nothing run. */
const CHANGES_FILES = [
  'commonMetadata',
  'components',
  'ignore',
  'images',
  'kubeConfig',
  'namePrefix',
  'nameSuffix',
  'patches',
  'postBuild',
  'suspend',
  'targetNamespace',
] as const;

/** What takes an object out of what is applied: kustomize drops it, or Flux passes over it. */
const NOT_APPLIED: Readonly<Record<string, (value: string) => boolean>> = {
  'config.kubernetes.io/local-config': (value) => value !== 'false',
  'kustomize.toolkit.fluxcd.io/reconcile': (value) => value.toLowerCase() === 'disabled',
  'kustomize.toolkit.fluxcd.io/ssa': (value) => value.toLowerCase() === 'ignore',
};

/** Fields that let a layer be ready before all of its objects are: a Job that failed, for one. */
const CHANGES_HEALTH = ['healthChecks', 'healthCheckExprs'] as const;

/**
 * Each layer that something is applied from has one Kustomization, which applies that folder as it is, from the one
 * source of the cluster, and waits until it is healthy.
 */
export const fluxKustomizations = defineRule(
  'flux-kustomizations',
  (view, report) => {
    const { tree } = view;
    const applied = appliedLayers(tree);
    for (const name of applied) {
      const kustomization = kustomizationOf(view, name);
      if (kustomization === undefined) {
        const wanted = kustomizationName(tree, name);
        report(
          { layer: { name } },
          `no Kustomization "${wanted}" applies layer ${name}`,
          'render it among the Flux objects',
        );
      } else {
        checkSpec(tree, name, kustomization, report);
      }
    }
    for (const layer of tree.layers) {
      checkLayer(tree, layer, report);
    }
    const wanted = new Set(applied.map((name) => kustomizationName(tree, name)));
    for (const manifest of tree.flux) {
      if (manifest.kind === 'Kustomization' && !wanted.has(manifest.metadata.name)) {
        const wrong = `"${manifest.metadata.name}" is the Kustomization of no layer that something is applied from`;
        report({ layer: { name: 'flux' }, manifest }, wrong, `remove it or name it one of ${[...wanted].join(', ')}`);
      }
    }
  },
  { absolute: true },
);

function checkLayer({ platform, environment }: Tree, layer: Tree['layers'][number], report: Report): void {
  if (layer.name === 'secrets') {
    report(
      { layer },
      `${layer.objects.length} objects are in layer secrets`,
      'move them: that folder belongs to people',
    );
  } else if (layer.objects.length === 0) {
    report(
      { layer },
      `path "${layer.path}" holds nothing`,
      'leave the layer out: Flux prunes all that an empty folder had',
    );
  }
  const path = `platforms/${platform}/${environment}/${layer.name}`;
  if (layer.path !== path) {
    report({ layer }, `path is "${layer.path}"`, `write "${path}"`);
  }
  for (const manifest of layer.objects) {
    checkApplied(layer, manifest, report);
  }
}

/** What is in a file and never applied is missing in the cluster, while every other rule takes it as given. */
function checkApplied(layer: LayerTree, manifest: Manifest, report: Report): void {
  const { labels, annotations } = manifest.metadata;
  // kustomize puts the items of a list in its place, and no rule has looked at them.
  if ('items' in manifest && manifest.kind.endsWith('List')) {
    report({ layer, manifest }, `it is a ${manifest.kind}`, 'write each of its items as an object of its own');
  }
  for (const [key, keepsOut] of Object.entries(NOT_APPLIED)) {
    const value = annotations?.[key] ?? labels?.[key];
    // `migration-gate` asks more of Jobs.
    const isAsked = manifest.kind === 'Job' && key.startsWith('kustomize.');
    if (value !== undefined && keepsOut(String(value)) && !isAsked) {
      report({ layer, manifest }, `${key} is "${value}", so it is never applied`, 'remove it, or the object');
    }
  }
}

function checkSpec(tree: Tree, layer: LayerName, where: LayerKustomization, report: Report): void {
  const { manifest, spec } = where;
  const { cluster, platform, environment } = tree;
  if (manifest.apiVersion !== 'kustomize.toolkit.fluxcd.io/v1' || manifest.kind !== 'Kustomization') {
    const wayOut = 'write Kustomization of kustomize.toolkit.fluxcd.io/v1';
    report(where, `it is a ${manifest.kind} of ${manifest.apiVersion}`, wayOut);
  }
  const folder =
    layer === 'secrets'
      ? `secrets/${platform}/${environment}`
      : (tree.layers.find(({ name }) => name === layer)?.path ?? `platforms/${platform}/${environment}/${layer}`);
  if (spec.path !== `./${folder}`) {
    report(where, `path is "${spec.path}"`, `write "./${folder}", which holds layer ${layer}`);
  }
  const { kind, name, namespace = manifest.metadata.namespace } = spec.sourceRef ?? {};
  const { source } = cluster.flux;
  if (kind !== source.kind || name !== source.name || namespace !== source.namespace) {
    const wayOut = `write ${source.kind} ${source.namespace}/${source.name} in every layer: only then they wait for one revision`;
    report(where, `sourceRef is ${kind} ${namespace}/${name}`, wayOut);
  }
  const base = tree.layers.find(({ name }) => name === 'base')?.objects ?? [];
  if (spec.wait !== true && !(layer === 'base' && hasDynamicClaim(base))) {
    report(
      where,
      `wait is ${spec.wait ?? 'missing'}`,
      'write true, or the next layer starts before this one is healthy',
    );
  }
  for (const field of ['interval', 'retryInterval', 'timeout'] as const) {
    const duration = spec[field];
    if (duration === undefined || seconds(duration) === undefined) {
      report(where, `${field} is ${duration === undefined ? 'missing' : `"${duration}"`}`, 'write a duration, e.g. 5m');
    }
  }
  for (const field of CHANGES_FILES) {
    if (spec[field] !== undefined) {
      report(where, `${field} is set`, 'remove it: the files are applied as they were reviewed');
    }
  }
  for (const field of CHANGES_HEALTH) {
    if (spec[field] !== undefined) {
      report(where, `${field} is set`, 'remove it: with wait, every object counts, as Flux judges it');
    }
  }
  if (layer === 'secrets') {
    const { provider, secretRef } = spec.decryption ?? {};
    if (provider !== 'sops' || secretRef?.name !== cluster.flux.decryptionSecret) {
      const wayOut = `write provider sops and secretRef "${cluster.flux.decryptionSecret}"`;
      report(where, `decryption is by ${provider ?? 'nothing'} with "${secretRef?.name}"`, wayOut);
    }
  }
}
