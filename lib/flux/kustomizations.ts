import { Chart } from 'cdk8s';
import {
  Kustomization,
  KustomizationSpecDecryptionProvider,
  KustomizationSpecDeletionPolicy,
  KustomizationSpecSourceRefKind,
} from '../../imports/kustomize.toolkit.fluxcd.io';
import { hasDynamicClaim } from '../platform/has-dynamic-claim';
import { LAYER_NAMES, LAYERS, type LayerName } from '../platform/layer-name';
import type { Manifest } from '../platform/manifest';
import type { Platform } from '../platform/platform';
import type { LayerTree } from '../platform/tree';
import { healthTimeout } from './health-timeout';

/** How often Flux compares the cluster with the folder; commits are seen at once. */
const INTERVAL = '10m';

/** Time from a failure to the next try: a passing fault must not cost a whole interval. */
const RETRY_INTERVAL = '1m';

/** Name of a layer's Kustomization; the app layer's is `<platform>-<environment>`. */
export function kustomizationName(platform: Platform, layer: LayerName): string {
  const name = `${platform.name}-${platform.environment.name}`;
  return layer === 'app' ? name : `${name}-${layer}`;
}

/** Folder in the config repository where people keep the encrypted Secrets of a platform's environment. */
export function secretsPath(platform: Platform): string {
  return `secrets/${platform.name}/${platform.environment.name}`;
}

/** The Flux Kustomization of each layer that has something to apply. */
export function fluxKustomizations(platform: Platform, layers: readonly LayerTree[]): Manifest[] {
  const chart = new Chart(platform, 'Flux', { labels: { 'app.kubernetes.io/part-of': platform.name } });
  const { source, decryptionSecret } = platform.environment.cluster.flux;
  const rendered = new Map(layers.map((layer) => [layer.name, layer]));
  const present = (name: LayerName) => (name === 'secrets' ? platform.secrets.length > 0 : rendered.has(name));

  for (const name of LAYER_NAMES.filter(present)) {
    const keepsData = name === 'base';
    const objects = rendered.get(name)?.objects ?? [];
    const dependsOn = dependencies(name, present).map((layer) => ({ name: kustomizationName(platform, layer) }));
    new Kustomization(chart, name, {
      metadata: { name: kustomizationName(platform, name), namespace: source.namespace },
      spec: {
        interval: INTERVAL,
        retryInterval: RETRY_INTERVAL,
        timeout: healthTimeout(objects),
        path: `./${rendered.get(name)?.path ?? secretsPath(platform)}`,
        sourceRef: { ...source, kind: KustomizationSpecSourceRefKind[SOURCE_KINDS[source.kind]] },
        dependsOn: dependsOn.length > 0 ? dependsOn : undefined,
        prune: !keepsData,
        deletionPolicy: keepsData ? KustomizationSpecDeletionPolicy.ORPHAN : undefined,
        wait: !(keepsData && hasDynamicClaim(objects)),
        decryption:
          name === 'secrets'
            ? { provider: KustomizationSpecDecryptionProvider.SOPS, secretRef: { name: decryptionSecret } }
            : undefined,
      },
    });
  }
  return chart.apiObjects.map((object) => object.toJson() as Manifest);
}

const SOURCE_KINDS = { GitRepository: 'GIT_REPOSITORY', OCIRepository: 'OCI_REPOSITORY' } as const;

/** The nearest layers before this one that are rendered: an empty layer hands its own dependencies on. */
function dependencies(name: LayerName, present: (name: LayerName) => boolean): LayerName[] {
  const before: readonly LayerName[] = LAYERS[name];
  return [...new Set(before.flatMap((each) => (present(each) ? [each] : dependencies(each, present))))];
}
