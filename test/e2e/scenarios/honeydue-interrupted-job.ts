import type { Context, Figures, Scenario } from '../context';
import { FluxController } from '../flux-controller';
import { Follower } from '../follower';
import { LAYERS, MIGRATION, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { type Design, FIRST_MIGRATIONS, HoneydueReleases, migration, tagOf } from '../honeydue-releases';
import { verdict } from '../jobs';
import { Neon } from '../neon';
import type { Pod } from '../objects';
import { appliedOnce, migrationJob } from '../releases';
import { expect, secondsSince, waitFor } from '../waiting';

async function run(context: Context): Promise<Figures> {
  const own = await interrupt(context, 'own layer', 41, FIRST_MIGRATIONS);
  const { migrations, figures } = await interrupt(context, 'app layer', 43, own.migrations);
  await appliedOnce(context, ...Object.keys(migrations).map((file) => Number.parseInt(file, 10)));
  const both = Object.entries(figures).map(([what, figure]) => [
    what,
    `${figure} (in a layer of its own: ${own.figures[what]})`,
  ]);
  return Object.fromEntries(both);
}

/** A second commit and a restart of the controller while the Job of the first one migrates; then the Job is deleted. */
async function interrupt(
  context: Context,
  design: Design,
  number: number,
  before: Readonly<Record<string, string>>,
): Promise<{ readonly migrations: Readonly<Record<string, string>>; readonly figures: Figures }> {
  const { flux, kubectl } = context;
  const releases = new HoneydueReleases(context);
  // Long enough for what is done to it meanwhile.
  const slow = migration(`CREATE TABLE slow_${number} (id bigint); SELECT pg_sleep(20);`);
  const first = { tag: tagOf(number), migrations: { ...before, [`000${number}_slow.sql`]: slow }, design };
  const quick = migration(`CREATE TABLE quick_${number} (id bigint);`);
  const migrations = { ...first.migrations, [`000${number + 1}_quick.sql`]: quick };
  await releases.publish(first);
  await flux.fetch();
  await waitFor(
    'the first migration runs',
    async () => (await Neon.of(kubectl).query(RUNNING)).length > 0 || undefined,
    kubectl.limits(120),
  );
  const job = await migrationJob(context, first.tag);
  const pods = ['get', 'pods', '-n', NAMESPACE, '-l', `app.kubernetes.io/name=${MIGRATION}`];
  const watch = new Follower(kubectl.commands, 'kubectl', [...pods, '--watch', '-o', 'json', '--output-watch-events']);
  try {
    const commit = await releases.publish({ tag: tagOf(number + 1), migrations, design });
    const begun = performance.now();
    await flux.fetch();
    await new FluxController(kubectl).restart();
    await flux.applied(commit, [LAYERS.app], 300);
    const seconds = secondsSince(begun);
    const ended = lastWords(watch.text, job?.metadata.name ?? '?');
    const told = /ended by a signal; the server rolls back/.test(ended);
    expect("the first Job's pod said why it ended", told, ended);
    const deleted = await deletedJob(context, tagOf(number + 1), design);
    return { migrations, figures: { 'second commit and restart → ready': `${seconds} s`, ...deleted } };
  } finally {
    await watch.leave();
  }
}

const RUNNING = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'migration-job' AND query LIKE '%pg_sleep%'`;

/** A Job that somebody deletes is made again, finds nothing to do, and changes nothing. */
async function deletedJob(context: Context, tag: string, design: Design): Promise<Figures> {
  const { flux, kubectl } = context;
  const job = await migrationJob(context, tag);
  const name = job?.metadata.name ?? '?';
  await kubectl.remove('job', name, NAMESPACE);
  const begun = performance.now();
  await flux.reconcile(design === 'own layer' ? LAYERS.migrate : LAYERS.app);
  await waitFor(
    'the deleted Job is there again and complete',
    async () => {
      const again = await kubectl.find<NonNullable<typeof job>>('job', name, NAMESPACE);
      return again !== undefined && again.metadata.uid !== job?.metadata.uid && verdict(again) ? true : undefined;
    },
    kubectl.limits(120),
  );
  const { stdout } = await kubectl.run(['logs', `job/${name}`, '-n', NAMESPACE, '-c', 'migrate']);
  expect('it finds nothing to do', stdout.includes('nothing to do'), stdout);
  return { 'deleted Job → made again, nothing to do': `${secondsSince(begun)} s` };
}

/** What the container `migrate` of a Job's pod said at its end, from a watch: the pod itself may be deleted. */
function lastWords(watch: string, job: string): string {
  const pods = watch.split(/^(?=\{)/m).flatMap((text) => {
    try {
      return [(JSON.parse(text) as { object: Pod }).object];
    } catch {
      return []; // the last one may be on its way
    }
  });
  const messages = pods
    .filter(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === job)
    .flatMap(({ status }) => status.containerStatuses ?? [])
    .flatMap(({ name, state }) => (name === 'migrate' && state.terminated?.message) || []);
  return messages.at(-1) ?? '';
}

/** A commit and a restart of Flux' controller while a migration runs, and a Job that somebody deletes. */
export const honeydueInterruptedJob: Scenario = {
  name: 'a second commit and a restarted controller while the Job runs, and a deleted Job, apply each version once',
  platform: honeydue,
  run,
};
