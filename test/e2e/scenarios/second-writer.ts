import type { Context, Figures, Scenario } from '../context';
import { query } from '../database';
import { school } from '../deployment';
import type { KubeObject, Pod } from '../objects';
import { DATABASE, NAMESPACE } from '../school';
import { expect, secondsSince, waitFor } from '../waiting';

/** Name of the Deployment that somebody makes by renaming the first one. */
const COPY = 'school-platform-db-renamed';

const PASSES = 3;

interface Deployment extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: object; readonly spec: object };
  };
}

async function run(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const holder = await kubectl.readyPod(NAMESPACE, DATABASE);
  const original = await kubectl.get<Deployment>('deployment', DATABASE, NAMESPACE);
  const labels = { 'app.kubernetes.io/name': COPY };
  const begun = performance.now();
  await kubectl.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: COPY, namespace: NAMESPACE },
    spec: {
      ...original.spec,
      selector: { matchLabels: labels },
      template: { ...original.spec.template, metadata: { ...original.spec.template.metadata, labels } },
    },
  });
  const refused = await waitFor(
    `the second server is refused ${PASSES} times`,
    async () => refusal(await kubectl.pods(NAMESPACE, COPY)),
    kubectl.limits(180),
  );
  const seconds = secondsSince(begun);
  expect('the message says that the data directory is in use', /is in use/.test(refused.message), refused);
  expect('the message names the holder', refused.message.includes(`pod ${holder.metadata.name}`), refused);
  await logNames(context, refused.container, holder.metadata.name);

  const now = await kubectl.readyPod(NAMESPACE, DATABASE);
  const same =
    now.metadata.uid === holder.metadata.uid &&
    now.status.containerStatuses?.[0]?.restartCount === holder.status.containerStatuses?.[0]?.restartCount;
  expect('the first server never noticed', same, now.status);
  await query(context, 'CREATE TEMPORARY TABLE writable (n int)');
  return { 'first refusals': `${seconds} s` };
}

async function restore({ kubectl }: Context): Promise<void> {
  await kubectl.remove('deployment', COPY, NAMESPACE);
  await waitFor(
    'the pods of the second Deployment are gone',
    async () => ((await kubectl.pods(NAMESPACE, COPY)).length === 0 ? true : undefined),
    kubectl.limits(90),
  );
}

/** What the refused container said, once the kubelet has tried it several times. */
function refusal(pods: readonly Pod[]): { readonly container: string; readonly message: string } | undefined {
  for (const { status } of pods) {
    const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const failed = all.find(({ restartCount }) => restartCount >= PASSES - 1);
    const message = failed?.state.terminated?.message ?? failed?.lastState.terminated?.message;
    if (failed !== undefined && message !== undefined) {
      return { container: failed.name, message };
    }
  }
  return undefined;
}

/** `kubectl logs` names the holder too; between two tries the log of the last one is shown, during one its own. */
async function logNames({ kubectl }: Context, container: string, holder: string): Promise<void> {
  await waitFor(
    `the log of ${container} names pod ${holder}`,
    async () => {
      const { stdout } = await kubectl.run(['logs', '-n', NAMESPACE, `deploy/${COPY}`, '-c', container]);
      return stdout.includes(`pod ${holder}`) ? true : undefined;
    },
    kubectl.limits(120),
  );
}

/** Two servers never write to one data directory. */
export const secondWriter: Scenario = {
  name: "a second Deployment on the database's claim is refused by the lock and told who holds it",
  platform: school,
  run,
  restore,
};
