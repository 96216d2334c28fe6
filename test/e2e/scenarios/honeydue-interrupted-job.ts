import type { Context, Figures, Scenario } from '../context';
import { FluxController } from '../flux-controller';
import { LAYERS, MIGRATION, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { FIRST_MIGRATIONS, HoneydueReleases, migration, tagOf } from '../honeydue-releases';
import { verdict } from '../jobs';
import { Neon } from '../neon';
import type { Pod } from '../objects';
import { appliedOnce, migrationJob } from '../releases';
import { expect, secondsSince, waitFor } from '../waiting';

const FIRST = {
  ...FIRST_MIGRATIONS,
  // Long enough for what is done to it meanwhile.
  '00041_slow.sql': migration('CREATE TABLE slow (id bigint); SELECT pg_sleep(20);'),
};
const SECOND = { ...FIRST, '00042_quick.sql': migration('CREATE TABLE quick (id bigint);') };

async function run(context: Context): Promise<Figures> {
  const { flux, kubectl } = context;
  const releases = new HoneydueReleases(context);
  await releases.publish({ tag: tagOf(41), migrations: FIRST });
  await flux.fetch();
  await waitFor(
    'the first migration runs',
    async () => (await Neon.of(kubectl).query(RUNNING)).length > 0 || undefined,
    kubectl.limits(120),
  );
  const first = await migrationJob(context, tagOf(41));
  const watch = new PodWatch(context);
  try {
    const commit = await releases.publish({ tag: tagOf(42), migrations: SECOND });
    const begun = performance.now();
    await flux.fetch();
    await new FluxController(kubectl).restart();
    await flux.applied(commit, [LAYERS.app], 300);
    const seconds = secondsSince(begun);
    await appliedOnce(context, 1, 2, 41, 42);
    const ended = watch.lastWords(first?.metadata.name ?? '?');
    const told = /ended by a signal; the server rolls back/.test(ended);
    expect("the first Job's pod said why it ended", told, ended);
    return { 'second commit and restart → ready': `${seconds} s`, ...(await deletedJob(context)) };
  } finally {
    await watch.stop();
  }
}

const RUNNING = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'migration-job' AND query LIKE '%pg_sleep%'`;

/** A Job that somebody deletes is made again, finds nothing to do, and changes nothing. */
async function deletedJob(context: Context): Promise<Figures> {
  const { flux, kubectl } = context;
  const job = await migrationJob(context, tagOf(42));
  const name = job?.metadata.name ?? '?';
  await kubectl.remove('job', name, NAMESPACE);
  const begun = performance.now();
  await flux.reconcile(LAYERS.app);
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
  await appliedOnce(context, 1, 2, 41, 42);
  return { 'deleted Job → made again, nothing to do': `${secondsSince(begun)} s` };
}

/** Follows the Jobs' pods; a pod that is deleted shows only there how its containers ended. */
class PodWatch {
  readonly #running;
  #text = '';

  public constructor({ kubectl }: Context) {
    const pods = ['get', 'pods', '-n', NAMESPACE, '-l', `app.kubernetes.io/name=${MIGRATION}`];
    this.#running = kubectl.commands.start('kubectl', [...pods, '--watch', '-o', 'json', '--output-watch-events']);
    this.#running.process.stdout?.on('data', (text: string) => {
      this.#text += text;
    });
  }

  /** What the container `migrate` of a Job's pod said at its end. */
  public lastWords(job: string): string {
    const events = this.#text.split(/^(?=\{)/m).flatMap((text) => {
      try {
        return [(JSON.parse(text) as { object: Pod }).object];
      } catch {
        return []; // the last one may be on its way
      }
    });
    const messages = events
      .filter(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === job)
      .flatMap(({ status }) => status.containerStatuses ?? [])
      .flatMap(({ name, state }) => (name === 'migrate' && state.terminated?.message) || []);
    return messages.at(-1) ?? '';
  }

  public async stop(): Promise<void> {
    this.#running.process.kill('SIGTERM');
    await this.#running.finished;
  }
}

/** A commit and a restart of Flux' controller while a migration runs, and a Job that somebody deletes. */
export const honeydueInterruptedJob: Scenario = {
  name: 'a second commit and a restarted controller while the Job runs, and a deleted Job, apply each version once',
  platform: honeydue,
  run,
};
