import type { Context, Figures, Scenario } from '../context';
import { publishDist, remove } from '../deployment';
import type { KubeObject, Pod } from '../objects';
import { DATABASE, LAYERS, NAMESPACE, VOLUMES } from '../school';
import { expect, secondsSince, waitFor } from '../waiting';

/** The export whose owner somebody forgot to change. */
const EXPORT = '/school/db';

async function run(context: Context): Promise<Figures> {
  const { kubectl, flux, volumes } = context;
  await volumes.prepare();
  volumes.giveToRoot(EXPORT);
  const commit = await publishDist(context);
  const begun = performance.now();
  const refused = await waitFor(
    'the preflight refuses',
    async () => refusal(await kubectl.pods(NAMESPACE, DATABASE)),
    kubectl.limits(120),
  );
  const afterRefusal = secondsSince(begun);
  expect('the message names the owner', /belongs to 0:0 mode 755/.test(refused), refused);
  const { stdout } = await kubectl.run(['logs', '-n', NAMESPACE, `deploy/${DATABASE}`, '-c', 'preflight']);
  expect('the log says the same', stdout.includes('belongs to 0:0 mode 755'), stdout);

  const fix = /^ {4}(chown .*)$/m.exec(refused)?.[1] ?? '';
  expect('the message gives a command for the server', fix.includes(` ${EXPORT} `), refused);
  await volumes.run(fix);
  const corrected = performance.now();
  await kubectl.readyPod(NAMESPACE, DATABASE, 180);
  const afterFix = secondsSince(corrected);
  await flux.applied(commit, Object.values(LAYERS), 180);
  await baseSurvives(context);
  return { 'commit → refusal': `${afterRefusal} s`, 'its fix is run → database ready': `${afterFix} s` };
}

/** What `kubectl describe pod` shows of a preflight that ended with an error. */
function refusal(pods: readonly Pod[]): string | undefined {
  const status = pods.flatMap((pod) => pod.status.initContainerStatuses ?? []).find(({ name }) => name === 'preflight');
  return status?.state.terminated?.message ?? status?.lastState.terminated?.message;
}

/** A retired platform leaves its namespace, volumes and bound claims. */
async function baseSurvives(context: Context): Promise<void> {
  const { kubectl, flux } = context;
  await flux.retire();
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

async function restore(context: Context): Promise<void> {
  const { kubectl, volumes } = context;
  if ((await kubectl.find('deployment', DATABASE, NAMESPACE)) !== undefined) {
    // As long as the database cannot start, Flux waits for it and would not look at the end of its Kustomization.
    await volumes.run(`chown 999:999 ${EXPORT}`);
    await kubectl.readyPod(NAMESPACE, DATABASE, 180);
  }
  await remove(context);
}

/** A directory that root owns is refused with its owner and the way out; once it is corrected, nothing else is needed. */
export const rootOwnedDirectory: Scenario = {
  name: 'a volume directory owned by root is refused with the fix, and once that is run the platform comes up by itself',
  run,
  restore,
};
