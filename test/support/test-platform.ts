import { Size } from 'cdk8s';
import { Cpu, k8s } from 'cdk8s-plus-28';
import type { Database } from '../../lib/database/database';
import type { Cluster } from '../../lib/platform/cluster';
import { ImageReference } from '../../lib/platform/image-reference';
import type { Manifest } from '../../lib/platform/manifest';
import { Namespace } from '../../lib/platform/namespace';
import { Platform, type PlatformProps } from '../../lib/platform/platform';
import type { Tree } from '../../lib/platform/tree';
import type { ContainerProps } from '../../lib/pod/container';
import type { NetworkAccess } from '../../lib/pod/network-access';
import { type PodProps, podTemplate } from '../../lib/pod/pod-template';

/** A cluster that has everything a platform may ask for; with a new fact this no longer compiles. */
export const testCluster: Required<Cluster> = {
  name: 'test-cluster',
  registry: 'registry.example.com',
  flux: {
    source: { kind: 'GitRepository', name: 'config', namespace: 'flux-system' },
    decryptionSecret: 'sops-age',
  },
  ingress: {
    className: 'nginx',
    controllerNamespace: 'ingress-nginx',
    issuer: { name: 'letsencrypt', challenge: 'http01' },
  },
  nfs: { server: 'nas.example.lan', mountOptions: ['nfsvers=4.1', 'hard'] },
  storageClasses: { kept: { reclaimPolicy: 'Retain' }, standard: { reclaimPolicy: 'Delete' } },
  monitoring: { namespace: 'monitoring' },
};

/** What a test may want different in `testPlatform`. */
export interface TestPlatformProps extends Partial<PlatformProps> {
  readonly cluster?: Cluster;
}

/** The platform `shop` in the environment `test`, in a namespace that others made: nothing of it is rendered yet. */
export function testPlatform({ cluster = testCluster, ...props }: TestPlatformProps = {}): Platform {
  return new Platform({
    name: 'shop',
    folder: '/platforms/shop',
    namespace: Namespace.existing('market'),
    environment: { name: 'test', cluster, images: {} },
    ...props,
  });
}

/** The tree of a platform `shop` in the environment `test` that renders nothing. */
export function testTree(props: Partial<Tree> = {}): Tree {
  return {
    platform: 'shop',
    environment: 'test',
    cluster: testCluster,
    namespace: { name: 'market', owned: false },
    layers: [],
    flux: [],
    secrets: [],
    flows: [],
    exceptions: [],
    nestedNfsPaths: [],
    frozen: { facts: {}, released: [] },
    ...props,
  };
}

/** A database that is not of the platform's making; whom it lets in shows as a flow to its host. */
export class FakeDatabase implements Database {
  public readonly name = 'fake';
  public readonly major = 17;
  public readonly clientImage = ImageReference.parse('postgres:17.6-bookworm');
  public readonly connection: readonly k8s.EnvVar[] = [{ name: 'PGHOST', value: 'db.example.com' }];
  public readonly direct = this.connection;

  public allowFrom(client: NetworkAccess): void {
    client.allowToHost('db.example.com', 5433);
  }
}

/** Every object that the platform renders, as it is written to files, in the order of layers. */
export function objectsOf(platform: Platform): Manifest[] {
  return Object.values(platform.layers).flatMap((layer) => layer.manifests());
}

/** The objects as `Kind/name`. */
export function namesOf(platform: Platform): string[] {
  return objectsOf(platform).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

/** The one object of that kind and name. */
export function only(platform: Platform, kind: string, name: string): Manifest {
  const found = objectsOf(platform).filter((object) => object.kind === kind && object.metadata.name === name);
  const [object] = found;
  if (object === undefined || found.length > 1) {
    throw new Error(`${found.length} objects are ${kind}/${name}; there are ${namesOf(platform).join(', ')}`);
  }
  return object;
}

/** A container as it is rendered. */
export interface RenderedContainer {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly [field: string]: unknown;
}

/** A pod as it is rendered. */
export interface RenderedPod {
  readonly containers: readonly RenderedContainer[];
  readonly initContainers?: readonly RenderedContainer[];
  readonly volumes?: readonly { readonly name: string; readonly [field: string]: unknown }[];
  readonly [field: string]: unknown;
}

/** A pod template as it is rendered. */
export interface RenderedTemplate {
  readonly metadata: Manifest['metadata'];
  readonly spec: RenderedPod;
}

interface WorkloadSpec {
  readonly template?: RenderedTemplate;
  readonly jobTemplate?: { readonly spec: { readonly template: RenderedTemplate } };
}

/** The pod template of a Deployment, Job or CronJob. */
export function templateOf(workload: Manifest): RenderedTemplate {
  const { template, jobTemplate } = workload.spec as WorkloadSpec;
  const found = template ?? jobTemplate?.spec.template;
  if (found === undefined) {
    throw new Error(`${workload.kind}/${workload.metadata.name} has no pod template`);
  }
  return found;
}

/** The container, or init container, of that name. */
export function containerOf(workload: Manifest, name: string): RenderedContainer {
  const { containers, initContainers = [] } = templateOf(workload).spec;
  const found = [...initContainers, ...containers].find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`${workload.kind}/${workload.metadata.name} has no container "${name}"`);
  }
  return found;
}

/** A container of which nothing is said that need not be. */
export const minimalContainer: ContainerProps = {
  name: 'main',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  resources: { cpu: Cpu.millis(10), memory: Size.mebibytes(16) },
};

/** A pod of which nothing is said that need not be. */
export const minimalPod: PodProps = {
  labels: { app: 'shop' },
  serviceAccountName: 'shop',
  user: { uid: 1000 },
  containers: [minimalContainer],
};

/** The template of a pod as it would be written: the L1 classes drop what they do not know. */
export function renderedTemplate(props: Partial<PodProps>): RenderedTemplate {
  const platform = testPlatform();
  const template = podTemplate({ ...minimalPod, ...props });
  new k8s.KubePodTemplate(platform.layers.app, 'Template', { metadata: { name: 'rendered' }, template });
  return only(platform, 'PodTemplate', 'rendered').template as RenderedTemplate;
}

/** A container as it would be written. */
export function renderedContainer(props: Partial<ContainerProps>): RenderedContainer {
  const { containers } = renderedTemplate({ containers: [{ ...minimalContainer, ...props }] }).spec;
  return containers[0] as RenderedContainer;
}
