import { type Context, DATABASE, type Figures, LAYERS, NAMESPACE, type Scenario } from '../context';
import { publishDist, remove, retire, VOLUMES } from '../deployment';
import type { KubeObject, Pod } from '../objects';
import { expect, secondsSince, waitFor } from '../waiting';

/** The export whose owner somebody forgot to change. */
const EXPORT = '/school/db';

async function run(context: Context): Promise<Figures> {
  const { kubectl, flux, volumes } = context;
  volumes.prepare([EXPORT]);
  const commit = await publishDist(context);
  const begun = performance.now();
  const refused = await waitFor('the preflight refuses', async () => refusal(await databasePods(context)), {
    ...kubectl.limits(120),
  });
  const afterRefusal = secondsSince(begun);
  expect('the message names the owner', /belongs to 0:0 mode 755/.test(refused), refused);
  const fix = new RegExp(`chown 999:999 \\S*${EXPORT} && chmod \\S+ \\S*${EXPORT}`);
  expect('the message gives the command that fixes it', fix.test(refused), refused);
  const { stdout } = await kubectl.run(['logs', '-n', NAMESPACE, `deploy/${DATABASE}`, '-c', 'preflight']);
  expect('the log says the same', stdout.includes('belongs to 0:0 mode 755'), stdout);

  volumes.correct(EXPORT);
  const corrected = performance.now();
  await kubectl.readyPod(NAMESPACE, DATABASE, 180);
  const afterFix = secondsSince(corrected);
  await flux.applied(commit, Object.values(LAYERS), 180);
  await baseSurvives(context);
  await remove(context);
  return { 'commit → refusal': `${afterRefusal} s`, 'chown → database ready': `${afterFix} s` };
}

async function databasePods({ kubectl }: Context): Promise<Pod[]> {
  return kubectl.pods(NAMESPACE, DATABASE);
}

/** What `kubectl describe pod` shows of a preflight that ended with an error. */
function refusal(pods: readonly Pod[]): string | undefined {
  const status = pods.flatMap((pod) => pod.status.initContainerStatuses ?? []).find(({ name }) => name === 'preflight');
  return status?.state.terminated?.message ?? status?.lastState.terminated?.message;
}

/** A retired platform leaves its namespace, volumes and bound claims. */
async function baseSurvives(context: Context): Promise<void> {
  const { kubectl } = context;
  await retire(context);
  const workloads = await kubectl.list<KubeObject>('deployments,cronjobs,services', NAMESPACE);
  expect(
    'what was deployed is pruned',
    workloads.length === 0,
    workloads.map(({ metadata }) => metadata.name),
  );
  for (const name of VOLUMES) {
    const volume = await kubectl.get<KubeObject & { status: { phase: string } }>('persistentvolume', name);
    expect(`volume ${name} outlives its Kustomization, bound`, volume.status.phase === 'Bound', volume.status);
  }
}

/** A directory that root owns is refused with its owner and the way out; once it is corrected, nothing else is needed. */
export const rootOwnedDirectory: Scenario = {
  name: 'a volume directory owned by root is refused with the fix, and after chown the platform comes up by itself',
  needsPlatform: false,
  run,
};
