import { BothVisitors } from '../both-visitors';
import type { Context, Figures, Scenario } from '../context';
import { API, CONTROLLER_NAMESPACE, LAYERS, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { type Design, FIRST_MIGRATIONS, HoneydueReleases, migration, tagOf } from '../honeydue-releases';
import { condition } from '../objects';
import { apiPods, firstMade, migrated, migrationJob, started } from '../releases';
import { expect } from '../waiting';

/** Seconds that a migration takes, beside what it costs to start it. */
const MIGRATION_SECONDS = 2;

/** What one release took. */
interface Times {
  /** Seconds from the commit until the new release answered for the first time. */
  readonly answered: number;
  /** Where the time after the migration went, in words; empty without a gate. */
  readonly afterMigration: string;
}

async function run(context: Context): Promise<Figures> {
  const releases = new HoneydueReleases(context);
  const visitors = await BothVisitors.start(context.kubectl, CONTROLLER_NAMESPACE, `http://${API}.${NAMESPACE}/`);
  try {
    const figures: Record<string, string> = {};
    let migrations: Record<string, string> = FIRST_MIGRATIONS;
    let release = 10;
    for (const design of ['no gate', 'app layer', 'own layer', 'no gate', 'app layer', 'own layer'] as const) {
      release += 1;
      if (design !== 'no gate') {
        const sql = `SELECT pg_sleep(${MIGRATION_SECONDS}); CREATE TABLE release_${release} (id bigint);`;
        migrations = { ...migrations, [`000${release}_table.sql`]: migration(sql) };
      }
      const { answered, afterMigration } = await roll(context, releases, visitors, release, migrations, design);
      const words = `${answered.toFixed(1)} s${afterMigration}`;
      figures[design] = figures[design] === undefined ? words : `${figures[design]}, ${words}`;
      context.say(`  ${design}: ${words}`);
    }
    const failed = visitors.failed();
    expect('no visit failed in six releases', failed.length === 0, failed);
    return { ...figures, ...visitors.figures() };
  } finally {
    await visitors.leave();
  }
}

/** Publishes a release and waits until every pod is of it. */
async function roll(
  context: Context,
  releases: HoneydueReleases,
  visitors: BothVisitors,
  release: number,
  migrations: Readonly<Record<string, string>>,
  design: Design,
): Promise<Times> {
  const tag = tagOf(release);
  await releases.prepare({ tag, migrations, design });
  const commit = await context.repository.publish(`release ${tag}, ${design}`);
  const begun = performance.now();
  await context.flux.fetch();
  const answered = ((await visitors.fresh.firstAnswerOf(tag, 120)) - begun) / 1000;
  await context.flux.applied(commit, [LAYERS.app], 180);
  return { answered, afterMigration: design === 'no gate' ? '' : await waited(context, tag) };
}

/**
 * Checks that no container of the new release was started before its migrations were applied.
 *
 * @returns how long after that the first was, and how much of it Flux took until it made the pod
 */
async function waited(context: Context, tag: string): Promise<string> {
  const job = await migrationJob(context, tag);
  expect('the Job is complete', condition(job?.status?.conditions, 'Complete')?.status === 'True', job);
  const { finished } = await migrated(context, job as NonNullable<typeof job>);
  const pods = await apiPods(context, tag);
  const starts = started(pods);
  expect('three pods of the new release run', starts.length === 3, starts);
  const first = Math.min(...starts);
  expect('none of them was started before the migration was done', first >= finished, { first, finished });
  const polled = Math.max(0, firstMade(pods) - finished);
  return ` (started ${first - finished} s after the migration, ${polled} s of it Flux' polls)`;
}

/** Releases under load, with each design of the gate and without one, in one run. */
export const honeydueRelease: Scenario = {
  name: 'a release with a migration starts no new pod before the Job is done, and not one visit fails meanwhile',
  platform: honeydue,
  run,
};
