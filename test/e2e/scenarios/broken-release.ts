import { shortenDeadlines } from '../changes';
import type { Context, Figures, Scenario } from '../context';
import { query } from '../database';
import { publishDist, school } from '../deployment';
import { isReady, type Pod } from '../objects';
import { ProjectCopy } from '../project-copy';
import { APP, LAYERS, NAMESPACE } from '../school';
import { Visitor } from '../visitor';
import { expect, secondsSince } from '../waiting';
import { controllerPod } from './controller';

/** Parses and may be repeated, so synth accepts it; the server does not, for the table has rows. */
const BROKEN = 'ALTER TABLE "Subject" ADD COLUMN IF NOT EXISTS "hours" INTEGER NOT NULL;\n';

const CORRECTED = 'ALTER TABLE "Subject" ADD COLUMN IF NOT EXISTS "hours" INTEGER NOT NULL DEFAULT 0;\n';

const BROKEN_TAG = 'prod-20261115.48300';
const CORRECTED_TAG = 'prod-20261115.48301';

async function run(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const visitor = new Visitor(kubectl, await controllerPod(context), `http://${APP}.${NAMESPACE}/api/health`);
  try {
    await visitor.more(5);
    const figures = await bothReleases(context, visitor);
    const failed = visitor.visits().filter(({ status }) => status !== '200');
    expect('no visit failed, from before the broken release until after the corrected', failed.length === 0, failed);
    return { ...figures, 'visits, failed': `${visitor.visits().length}, ${failed.length}` };
  } finally {
    await visitor.leave();
  }
}

async function bothReleases(context: Context, visitor: Visitor): Promise<Figures> {
  const { kubectl, flux, project, workFolder } = context;
  const old = await kubectl.readyPod(NAMESPACE, APP);
  const copy = new ProjectCopy(project, workFolder, kubectl.commands);
  const broken = await release(context, copy, BROKEN, BROKEN_TAG);
  const begun = performance.now();
  await flux.fetch();
  const message = await flux.verdict(LAYERS.app, broken, 240);
  const seconds = secondsSince(begun);
  await saysWhy(context, old, message);
  await visitor.more(10);
  const others = visitor.visits().filter(({ host }) => host !== old.metadata.name);
  expect('only the old pod has answered', others.length === 0, others);

  const corrected = await release(context, copy, CORRECTED, CORRECTED_TAG);
  const fixing = performance.now();
  await flux.applied(corrected, Object.values(LAYERS), 240);
  const fixed = secondsSince(fixing);
  await visitor.more(10);
  const { version } = visitor.visits().at(-1) ?? {};
  expect('the corrected release answers', version === CORRECTED_TAG, version);
  const columns = await query(context, 'SELECT count(*) FROM "Subject" WHERE "hours" = 0');
  expect('the corrected statement is in force', columns[0]?.[0] === '8', columns);
  return { 'broken commit → Flux says why': `${seconds} s`, 'correcting commit → ready': `${fixed} s` };
}

/** Renders and publishes a release whose schema ends with these statements. @returns the commit */
async function release({ repository, say }: Context, copy: ProjectCopy, sql: string, tag: string): Promise<string> {
  copy.edit('platforms/school-platform/schema.sql', (text) => `${text}${sql}`);
  // As Flux' image automation does.
  copy.edit('platforms/school-platform/images.yaml', (text) =>
    text.replace(/^(\s+app: .*:)(prod-\d{8}\.\d+)/m, `$1${tag}`),
  );
  await copy.synth();
  repository.write(copy.dist);
  say(`  published ${tag}; further change: ${shortenDeadlines(repository.folder, APP, LAYERS.app)}`);
  return repository.publish(`release ${tag}`);
}

async function restore(context: Context): Promise<void> {
  await query(context, 'ALTER TABLE "Subject" DROP COLUMN IF EXISTS "hours"');
  await context.flux.applied(await publishDist(context), Object.values(LAYERS), 300);
}

/** From Flux' message the way leads to the statement: the Deployment, its new pod, the log of its schema-sync. */
async function saysWhy({ kubectl }: Context, old: Pod, message: string): Promise<void> {
  expect('Flux names the Deployment', message.includes(`Deployment/${NAMESPACE}/${APP}`), message);
  const pods = await kubectl.pods(NAMESPACE, APP);
  const kept = pods.find(({ metadata }) => metadata.uid === old.metadata.uid);
  expect('the old pod is ready', kept !== undefined && isReady(kept), kept?.status ?? 'gone');
  const held = pods.find(({ metadata }) => metadata.uid !== old.metadata.uid);
  const sync = held?.status.initContainerStatuses?.find(({ name }) => name === 'schema-sync');
  const reason = sync?.state.terminated?.message ?? sync?.lastState.terminated?.message ?? '';
  const named = /schema\.sql:\d+: ERROR: +column "hours".* contains null values/s.test(reason);
  expect("the new pod's status names the line and what is wrong", named, reason);
}

/** A release that cannot be does no harm. */
export const brokenRelease: Scenario = {
  name: 'a release with a broken schema file leaves the old app serving without one failed request, and is fixed forward',
  platform: school,
  run,
  restore,
};
