import type { Kubectl } from './kubectl';
import { isReady, type Pod } from './objects';

const LINES = 25;

/** What a person would look at after a failure: Flux' conditions, pods, events, and the logs of pods not ready. */
export async function failureReport(kubectl: Kubectl, namespace: string): Promise<string> {
  const parts: string[] = [];
  const show = async (title: string, args: readonly string[]) => {
    const { stdout, stderr } = await kubectl.run(args, undefined, 20);
    parts.push(`--- ${title}\n${lastLines(`${stdout}${stderr}`)}`);
  };
  const conditions =
    'jsonpath={range .items[*]}{.metadata.name}: {.status.conditions[?(@.type=="Ready")].message}{"\\n"}{end}';
  await show('Kustomizations', ['get', 'kustomizations', '-n', 'flux-system', '-o', conditions]);
  await show('pods, claims', ['get', 'pods,jobs,persistentvolumeclaims', '-n', namespace, '-o', 'wide']);
  await show('volumes', ['get', 'persistentvolumes']);
  await show('events', ['get', 'events', '-n', namespace, '--sort-by=.lastTimestamp']);
  const pods = await kubectl.list<Pod>('pods', namespace).catch(() => []);
  for (const { metadata } of pods.filter((pod) => !isReady(pod) && pod.status.phase !== 'Succeeded')) {
    const all = ['--all-containers', '--prefix', `--tail=${LINES}`];
    await show(`logs of ${metadata.name}`, ['logs', metadata.name, '-n', namespace, ...all]);
  }
  return parts.join('\n');
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-LINES).join('\n');
}
