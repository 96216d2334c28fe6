import type { Kubectl } from './kubectl';
import { NAMESPACE as PLATFORM } from './school';

/** Image that records what is posted to it and tells it under `/requests`. */
const IMAGE = process.env.MOORING_E2E_WEBHOOK_IMAGE ?? 'devcluster.local/webhook:1';

const NAME = 'webhook';
const PORT = 8080;
const POLICY = 'mooring-e2e-webhook';

/** Where the API server lets the test itself reach it. */
const PROXY = `/api/v1/namespaces/mooring-e2e-webhook/services/${NAME}:80/proxy`;

/** A stand-in for Slack in a namespace of its own, and the way there for the pods that send messages. */
export class Webhook {
  public static readonly NAMESPACE = 'mooring-e2e-webhook';

  /** What the Secret of the platform names. */
  public static readonly URL = `http://${NAME}.${Webhook.NAMESPACE}/services/T0/B0/secret-of-the-test`;

  private constructor(readonly kubectl: Kubectl) {}

  /** Starts it; the platform's namespace must be there. */
  public static async start(kubectl: Kubectl): Promise<Webhook> {
    const webhook = new Webhook(kubectl);
    await kubectl.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: Webhook.NAMESPACE } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: NAME, namespace: Webhook.NAMESPACE },
        spec: { selector: { app: NAME }, ports: [{ port: 80, targetPort: PORT }] },
      },
      // The rendered policies let these pods reach public addresses on port 443 only.
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: POLICY, namespace: PLATFORM },
        spec: {
          podSelector: { matchLabels: { 'app.kubernetes.io/component': 'backup' } },
          policyTypes: ['Egress'],
          egress: [
            {
              to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': Webhook.NAMESPACE } } }],
              ports: [{ port: PORT }],
            },
          ],
        },
      },
    );
    await webhook.up();
    return webhook;
  }

  /** Takes it away, and the way to it. */
  public static async remove(kubectl: Kubectl): Promise<void> {
    await kubectl.remove('networkpolicy', POLICY, PLATFORM);
    await kubectl.remove('namespace', Webhook.NAMESPACE);
  }

  /** Lets it answer, without a memory of what was posted before. */
  public async up(): Promise<void> {
    await this.down();
    await this.kubectl.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: NAME, namespace: Webhook.NAMESPACE, labels: { app: NAME } },
      spec: {
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          {
            name: NAME,
            image: IMAGE,
            env: [{ name: 'PORT', value: String(PORT) }],
            readinessProbe: { httpGet: { path: '/requests', port: PORT }, periodSeconds: 1 },
            resources: { requests: { cpu: '10m', memory: '32Mi' } },
          },
        ],
      },
    });
    const ready = ['--for=condition=Ready', `pod/${NAME}`, '--timeout=60s'];
    await this.kubectl.output(['wait', '-n', Webhook.NAMESPACE, ...ready]);
  }

  /** Lets nobody answer. */
  public down(): Promise<void> {
    return this.kubectl.remove('pod', NAME, Webhook.NAMESPACE);
  }

  /** The texts of the messages since `forget`, as a reader of the channel sees them. */
  public async messages(): Promise<string[]> {
    const text = await this.kubectl.output(['get', '--raw', `${PROXY}/requests`]);
    return (JSON.parse(text) as { body: string }[]).map(({ body }) => (JSON.parse(body) as { text: string }).text);
  }

  /** Empties its memory. */
  public async forget(): Promise<void> {
    await this.kubectl.output(['delete', '--raw', `${PROXY}/requests`]);
  }
}
