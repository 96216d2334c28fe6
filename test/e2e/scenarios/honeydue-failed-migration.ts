import { join } from 'node:path';
import { BothVisitors } from '../both-visitors';
import type { Context, Figures, Scenario } from '../context';
import { API, CLUSTER, CONTROLLER_NAMESPACE, LAYERS, MIGRATION, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { type Design, FIRST_MIGRATIONS, HoneydueReleases, migration, type Release, tagOf } from '../honeydue-releases';
import { Neon } from '../neon';
import { isReady, type KubeObject } from '../objects';
import { runPage } from '../page-commands';
import { apiPods, appliedOnce, migrationJob, terminationMessage } from '../releases';
import { expect, secondsSince, waitFor } from '../waiting';

const BAD = 'ALTER TABLE tasks ADD COLUMN due date NOT NULL;';
const GOOD = "ALTER TABLE tasks ADD COLUMN due date NOT NULL DEFAULT '2030-01-01';";

/** A setting and two pages that come with the release that fails. */
const VARIABLE = 'TIMEZONE=Europe/Berlin';

interface ConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

async function run(context: Context): Promise<Figures> {
  await Neon.of(context.kubectl).query(
    `INSERT INTO residences VALUES (1, 'home') ON CONFLICT DO NOTHING;
     INSERT INTO tasks (id, residence_id, title) VALUES (1, 1, 'sweep') ON CONFLICT DO NOTHING;`,
  );
  const url = `http://${API}.${NAMESPACE}/`;
  const visitors = await BothVisitors.start(context.kubectl, CONTROLLER_NAMESPACE, url);
  try {
    const own = await failAndFix(context, visitors, 'own layer', 20);
    const app = await failAndFix(context, visitors, 'app layer', 30);
    const failed = visitors.failed();
    expect('no visit failed, over both failures, both corrections and both ways back', failed.length === 0, failed);
    const both = Object.keys(app).map((what) => [what, `${app[what]} (in a layer of its own: ${own[what]})`]);
    return { ...Object.fromEntries(both), ...visitors.figures() };
  } finally {
    await visitors.leave();
  }
}

/** From a good release to one whose migration fails, to its correction, and back by a revert. */
async function failAndFix(
  context: Context,
  visitors: BothVisitors,
  design: Design,
  number: number,
): Promise<Record<string, string>> {
  const { flux, repository } = context;
  const releases = new HoneydueReleases(context);
  const good: Release = { tag: tagOf(number), migrations: FIRST_MIGRATIONS, design, pages: true };
  await flux.applied(await releases.publish(good), repository.kustomizations(CLUSTER), 240);

  const file = `000${number + 1}_due.sql`;
  const withColumn = (sql: string, n: number): Release => ({
    tag: tagOf(n),
    migrations: { ...FIRST_MIGRATIONS, [file]: migration(sql) },
    design,
    variable: VARIABLE,
    pages: true,
  });
  const broken = withColumn(BAD, number + 1);
  await releases.prepare(broken);
  const commit = await repository.publish(`release ${broken.tag}, whose migration fails`);
  const begun = performance.now();
  await flux.fetch();
  const said = await flux.verdict(design === 'own layer' ? LAYERS.migrate : LAYERS.app, commit, 240);
  const verdict = secondsSince(begun);
  await saysWhy(context, broken.tag, said);
  await oldVersionServes(context, visitors, good.tag);
  const left = await leftBehind(context, broken.tag);

  const fixing = performance.now();
  await flux.applied(await releases.publish(withColumn(GOOD, number + 2)), repository.kustomizations(CLUSTER), 240);
  const fixed = secondsSince(fixing);
  await appliedOnce(context, 1, 2, number + 1);

  const reverting = performance.now();
  await flux.applied(await releases.publish(good), repository.kustomizations(CLUSTER), 240);
  const back = secondsSince(reverting);
  await visitors.fresh.firstAnswerOf(good.tag, 30);
  await appliedOnce(context, 1, 2, number + 1);
  await Neon.of(context.kubectl).query(
    `ALTER TABLE tasks DROP COLUMN due; DELETE FROM goose_db_version WHERE version_id = ${number + 1}`,
  );
  return {
    'commit → Flux says why': `${verdict} s`,
    ...left,
    'corrected → all ready': `${fixed} s`,
    'reverted → all ready': `${back} s`,
  };
}

/** Flux names the Job, and the Job's pod has the server's own words. */
async function saysWhy(context: Context, tag: string, said: string): Promise<void> {
  expect('Flux names the Job', new RegExp(`Job/${NAMESPACE}/${MIGRATION}-[0-9a-f]+`).test(said), said);
  const job = await migrationJob(context, tag);
  const message = job === undefined ? 'no Job' : await terminationMessage(context, job);
  const reason = 'column "due" of relation "tasks" contains null values';
  expect("the pod's status has the server's reason", message.includes(reason), message);
  const page = join(context.project, 'docs/honeydue.md');
  const shown = await runPage(context.kubectl.commands, page, 'How do I recover from a failed migration?', 60);
  expect('the commands of the page show it', shown.includes(reason), shown);
}

/** The old release has all its pods, answers everybody, and gets a new pod for one that is lost. */
async function oldVersionServes(context: Context, visitors: BothVisitors, tag: string): Promise<void> {
  const { kubectl } = context;
  const ready = async () => (await apiPods(context, tag)).filter(isReady);
  const before = await ready();
  expect('three pods of the old release are ready', before.length === 3, before.length);
  const lost = before[0]?.metadata;
  await kubectl.output(['delete', 'pod', lost?.name ?? '', '-n', NAMESPACE, '--wait=false']);
  await waitFor(
    'a lost pod of the old release is replaced by one of the old release',
    async () => {
      const pods = await ready();
      return pods.length === 3 && pods.every(({ metadata }) => metadata.uid !== lost?.uid) ? true : undefined;
    },
    kubectl.limits(120),
  );
  const since = performance.now();
  await visitors.fresh.more(50);
  const answers = visitors.fresh.visits.filter(({ at }) => at > since).map(({ answer }) => answer.split(' ')[0]);
  expect(
    'only the old release answers',
    answers.every((release) => release === tag),
    [...new Set(answers)],
  );
}

/** What of the failed release is in the cluster, and whether Flux still puts right what somebody else changes. */
async function leftBehind(context: Context, tag: string): Promise<Record<string, string>> {
  const { kubectl, flux } = context;
  const { data } = await kubectl.get<ConfigMap>('configmap', 'honeydue-config', NAMESPACE);
  const admin = await kubectl.pods(NAMESPACE, 'admin');
  const waiting = await apiPods(context, tag);
  await kubectl.output(['delete', 'service', 'web', '-n', NAMESPACE]);
  await flux.reconcile(LAYERS.app);
  const corrected = await waitFor(
    'Flux has made the service again',
    () => kubectl.find('service', 'web', NAMESPACE),
    kubectl.limits(20),
  ).catch(() => undefined);
  return {
    'its setting is in the ConfigMap': VARIABLE.endsWith(data.TIMEZONE ?? '?') ? 'yes' : 'no',
    'its admin page runs': admin.some(({ spec }) => spec.containers[0]?.image.endsWith(tag)) ? 'yes' : 'no',
    'pods that wait': String(waiting.length),
    'a deleted Service comes back': corrected === undefined ? 'no' : 'yes',
  };
}

async function restore(context: Context): Promise<void> {
  const releases = new HoneydueReleases(context);
  await context.flux.applied(
    await releases.publish({ tag: tagOf(39), migrations: FIRST_MIGRATIONS, pages: true }),
    [LAYERS.app],
    240,
  );
}

/** A migration that fails, in both designs of the gate. */
export const honeydueFailedMigration: Scenario = {
  name: 'a migration that fails leaves the old release running and replaceable, is corrected forward, and taken back by a revert',
  platform: honeydue,
  run,
  restore,
};
