import { Size } from 'cdk8s';
import { Cpu, k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import { scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { podTemplate } from '../pod/pod-template';
import { ServiceAccount } from '../pod/service-account';

const PORT = 6379;

/** User of the official redis and valkey images. */
const UID = 999;

/** Properties of `Redis`. */
export interface RedisProps {
  /** Name of the Deployment and the Service. */
  readonly name: string;

  /** An official `redis` or `valkey` image (Debian flavour). */
  readonly image: ImageReference;

  /**
   * Memory for data. When it is used up, the keys that were used least recently go; the container gets half as much
   * again, for connections and bookkeeping.
   *
   * @default Size.mebibytes(128)
   */
  readonly maxMemory?: Size;
}

/**
 * A Redis that remembers nothing over a restart: for caches, queues whose work can be put in again, and rate limits.
 * Only workloads that were let in reach it.
 */
export class Redis extends Construct {
  /** Name of the Service: the host that clients connect to. */
  public readonly name: string;

  readonly #access: NetworkAccess;

  public constructor(scope: Construct, id: string, props: RedisProps) {
    super(scope, id);
    this.name = props.name;
    const selector = selectorLabels(Platform.of(this).name, this.name);
    const maxMemory = props.maxMemory ?? Size.mebibytes(128);
    this.#access = new NetworkAccess(this, 'NetworkAccess', { name: this.name, selector });
    const ping = { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 };
    new k8s.KubeDeployment(this, 'Resource', {
      metadata: objectMeta(this, this.name),
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        selector: { matchLabels: selector },
        // Two at a time would be two different caches behind one name.
        strategy: { type: 'Recreate' },
        template: podTemplate({
          labels: { ...selector, [COMPONENT_LABEL]: 'cache' },
          serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name: this.name }).name,
          user: { uid: UID },
          containers: [
            {
              name: 'redis',
              image: props.image,
              args: ['--save', '', '--appendonly', 'no', ...memoryArgs(maxMemory)],
              ports: { redis: PORT },
              mounts: [scratchMount('/data'), scratchMount('/tmp')],
              resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(Math.ceil(maxMemory.toMebibytes() * 1.5)) },
              startupProbe: { ...ping, failureThreshold: 12 },
              readinessProbe: ping,
            },
          ],
        }),
      },
    });
    new k8s.KubeService(this, 'Service', {
      metadata: objectMeta(this, this.name),
      spec: { selector, ports: [{ name: 'redis', port: PORT, targetPort: k8s.IntOrString.fromString('redis') }] },
    });
  }

  /** Lets a workload's pods connect. */
  public allowFrom(client: NetworkAccess): void {
    client.allowTo(this.#access, PORT);
  }
}

function memoryArgs(maxMemory: Size): string[] {
  return ['--maxmemory', `${maxMemory.toMebibytes()}mb`, '--maxmemory-policy', 'allkeys-lru'];
}
