import { Size } from 'cdk8s';
import { Cpu, k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { ImageReference } from '../platform/image-reference';
import { COMPONENT_LABEL, selectorLabels } from '../platform/labels';
import { objectMeta } from '../platform/object-meta';
import { Platform } from '../platform/platform';
import type { SecretKey } from '../platform/secret-key';
import { ConfigFiles } from '../pod/config-files';
import { type Mount, scratchMount } from '../pod/mount';
import { NetworkAccess } from '../pod/network-access';
import { podTemplate } from '../pod/pod-template';
import { ServiceAccount } from '../pod/service-account';

/** Port on which vmagent answers for its own health. */
const PORT = 8429;

/** What a metrics agent reads. */
export interface MetricsTarget {
  /** Workload whose pods answer. */
  readonly workload: { readonly name: string; readonly access: NetworkAccess };
  /** Port of the pods. */
  readonly port: number;
  /** @default '/metrics' */
  readonly path?: string;
}

/** Properties of `MetricsAgent`. */
export interface MetricsAgentProps {
  /** Name of the Deployment. */
  readonly name: string;

  /** The `victoriametrics/vmagent` image. */
  readonly image: ImageReference;

  /** `https` URL that takes Prometheus' remote write protocol. */
  readonly remoteWrite: string;

  /** Bearer token for it. */
  readonly token: SecretKey;

  /** The pods that are read, every one of each workload. */
  readonly targets: readonly MetricsTarget[];
}

/**
 * A vmagent that reads the metrics of the platform's pods and sends them on. It finds pods by DNS, through a headless
 * Service for each target, and so needs no access to the Kubernetes API.
 *
 * @throws when `remoteWrite` is no `https` URL
 */
export class MetricsAgent extends Construct {
  public constructor(scope: Construct, id: string, props: MetricsAgentProps) {
    super(scope, id);
    const platform = Platform.of(this);
    const { name, targets } = props;
    const { hostname, port, protocol } = new URL(props.remoteWrite);
    if (protocol !== 'https:') {
      throw new Error(`remote write address "${props.remoteWrite}" is not https; the token would travel in the clear`);
    }
    const selector = selectorLabels(platform.name, name);
    const access = new NetworkAccess(this, 'NetworkAccess', { name, selector });
    access.allowToHost(hostname, port === '' ? 443 : Number(port));
    for (const target of targets) {
      access.allowTo(target.workload.access, target.port);
      new k8s.KubeService(this, `${target.workload.name}-pods`, {
        metadata: objectMeta(this, podsOf(target), target.workload.name),
        spec: {
          clusterIp: 'None',
          selector: selectorLabels(platform.name, target.workload.name),
          ports: [{ name: 'metrics', port: target.port }],
        },
      });
    }
    const config = new ConfigFiles(this, 'Config', {
      name: `${name}-config`,
      workload: name,
      files: { 'scrape.json': scrapeConfig(targets, platform.namespace.name) },
    });
    const health = { httpGet: { path: '/health', port: k8s.IntOrString.fromString('http') }, periodSeconds: 10 };
    new k8s.KubeDeployment(this, 'Resource', {
      metadata: objectMeta(this, name),
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        selector: { matchLabels: selector },
        // Two at a time would send every sample twice.
        strategy: { type: 'Recreate' },
        template: podTemplate({
          labels: { ...selector, [COMPONENT_LABEL]: 'monitoring' },
          serviceAccountName: new ServiceAccount(this, 'ServiceAccount', { name }).name,
          user: { uid: 1000 },
          containers: [
            {
              name: 'vmagent',
              image: props.image,
              args: [
                '-promscrape.config=/config/scrape.json',
                '-remoteWrite.tmpDataPath=/queue',
                '-remoteWrite.maxDiskUsagePerURL=200MiB',
                `-remoteWrite.url=${props.remoteWrite}`,
                '-remoteWrite.bearerTokenFile=/token/token',
                `-httpListenAddr=:${PORT}`,
              ],
              ports: { http: PORT },
              mounts: [
                config.mount('/config', 'config'),
                tokenMount(props.token),
                scratchMount('/queue', { size: Size.mebibytes(256) }),
                scratchMount('/tmp'),
              ],
              resources: { cpu: Cpu.millis(20), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(192) },
              startupProbe: { ...health, failureThreshold: 12 },
              readinessProbe: health,
            },
          ],
        }),
      },
    });
  }
}

/** As a file a new token is read without a restart. */
function tokenMount({ secret, key }: SecretKey): Mount {
  return {
    path: '/token',
    readOnly: true,
    volume: { name: 'token', secret: { secretName: secret, items: [{ key, path: 'token' }] } },
  };
}

/** Name of the headless Service that lists a target's pods. */
function podsOf({ workload }: MetricsTarget): string {
  return `${workload.name}-pods`;
}

/** Prometheus' configuration in JSON, which every YAML reader reads. */
function scrapeConfig(targets: readonly MetricsTarget[], namespace: string): string {
  const scrape_configs = targets.map((target) => ({
    job_name: target.workload.name,
    metrics_path: target.path ?? '/metrics',
    dns_sd_configs: [{ names: [`${podsOf(target)}.${namespace}.svc`], type: 'A', port: target.port }],
  }));
  return `${JSON.stringify({ global: { scrape_interval: '30s' }, scrape_configs }, null, 2)}\n`;
}
