import type { Kubectl } from './kubectl';
import type { Pod } from './objects';

/**
 * How a connection attempt ended: somebody accepted it, it was turned down at once, or nobody answered, which is what a
 * NetworkPolicy does.
 */
export type Answer = 'open' | 'refused' | 'dropped';

/** Longest wait for an answer; TCP asks again after one second. */
const SECONDS = 3;

/** Image with bash, curl and psql for pods of the test's own. */
const TOOLS_IMAGE = process.env.MOORING_E2E_TOOLS_IMAGE ?? 'devcluster.local/tools:1';

/** Opens a TCP connection from a pod's container. */
export async function connect(
  kubectl: Kubectl,
  from: { readonly pod: Pod; readonly container: string },
  host: string,
  port: number,
): Promise<Answer> {
  const script = `timeout ${SECONDS} bash -c 'exec 3<>/dev/tcp/${host}/${port}'`;
  const { code, stderr } = await kubectl.exec(from.pod, from.container, ['bash', '-c', script]);
  if (code === 0) {
    return 'open';
  }
  if (code === 124) {
    return 'dropped';
  }
  if (code === 1 && /refused|unreachable|No route|not permitted|prohibited/.test(stderr)) {
    return 'refused';
  }
  throw new Error(`the connection from ${from.pod.metadata.name} to ${host}:${port} was not tried: ${stderr.trim()}`);
}

/** A pod of the test's own that passes Pod Security "restricted" and waits for commands in container "tools". */
export async function startToolsPod(
  kubectl: Kubectl,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<Pod> {
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'tools',
          image: TOOLS_IMAGE,
          // Answers on 8080, so that a refused connection to it is not for want of a server.
          command: ['python3', '-m', 'http.server', '8080', '--directory', '/tmp'],
          resources: { requests: { cpu: '10m', memory: '32Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  await kubectl.output(['wait', '-n', namespace, '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  return kubectl.get<Pod>('pod', name, namespace);
}
