import { shortenAppDeadlines } from '../changes';
import { APP, type Context, type Figures, LAYERS, NAMESPACE, type Scenario } from '../context';
import { query } from '../database';
import { publishDist } from '../deployment';
import { condition, isReady, type Pod } from '../objects';
import { ProjectCopy } from '../project-copy';
import { Visitor } from '../visitor';
import { expect, secondsSince, waitFor } from '../waiting';
import { controllerPod } from './controller';

/** Parses and may be repeated, so synth accepts it; the server does not, for the table has rows. */
const BROKEN = 'ALTER TABLE "Subject" ADD COLUMN IF NOT EXISTS "hours" INTEGER NOT NULL;\n';

const CORRECTED = 'ALTER TABLE "Subject" ADD COLUMN IF NOT EXISTS "hours" INTEGER NOT NULL DEFAULT 0;\n';

const BROKEN_TAG = 'prod-20261115.48300';
const CORRECTED_TAG = 'prod-20261115.48301';

async function run(context: Context): Promise<Figures> {
  const { kubectl, repository, flux, project, workFolder, say } = context;
  const old = await kubectl.readyPod(NAMESPACE, APP);
  const copy = new ProjectCopy(project, workFolder, kubectl.commands);
  const visitor = new Visitor(kubectl, await controllerPod(context), `http://${APP}.${NAMESPACE}/api/health`);
  try {
    await visitor.more(5);
    copy.extendSchema(BROKEN);
    copy.setAppTag(BROKEN_TAG);
    await copy.synth();
    repository.write(copy.dist);
    say(`further change: ${shortenAppDeadlines(repository.folder)}`);
    const broken = await repository.publish('a release with a broken schema file');
    const begun = performance.now();
    await flux.fetch();
    const message = await verdict(context, broken);
    const seconds = secondsSince(begun);
    await saysWhy(context, old, message);
    await visitor.more(10);
    expect(
      'only the old pod has answered',
      everyVisit(visitor, ({ host }) => host === old.metadata.name),
      failures(visitor),
    );

    copy.extendSchema(CORRECTED);
    copy.setAppTag(CORRECTED_TAG);
    await copy.synth();
    repository.write(copy.dist);
    const corrected = await repository.publish('the corrected release');
    const fixing = performance.now();
    await flux.applied(corrected, Object.values(LAYERS), 240);
    const fixed = secondsSince(fixing);
    await visitor.more(10);
    expect(
      'the corrected release answers',
      visitor.visits().at(-1)?.version === CORRECTED_TAG,
      visitor.visits().at(-1),
    );
    const columns = await query(context, 'SELECT count(*) FROM "Subject" WHERE "hours" = 0');
    expect('the corrected statement is in force', columns[0]?.[0] === '8', columns);
    await visitor.leave();
    const failed = failures(visitor);
    expect(
      'no visit failed, from before the broken release until after the corrected one',
      failed.length === 0,
      failed,
    );
    return {
      'broken commit → Flux says why': `${seconds} s`,
      'correcting commit → ready': `${fixed} s`,
      'visits, failed': `${visitor.visits().length}, ${failed.length}`,
    };
  } finally {
    await visitor.leave();
    await query(context, 'ALTER TABLE "Subject" DROP COLUMN IF EXISTS "hours"');
    await flux.applied(await publishDist(context), Object.values(LAYERS), 300);
  }
}

/** What Flux says of the release, once it has given it up. */
function verdict({ flux, kubectl }: Context, commit: string): Promise<string> {
  return waitFor(
    'Flux gives the broken release up',
    async () => {
      const { status } = await flux.get(LAYERS.app);
      const ready = condition(status?.conditions, 'Ready');
      const failed = ready?.status === 'False' && status?.lastAttemptedRevision?.endsWith(commit) === true;
      return failed ? ready.message : undefined;
    },
    kubectl.limits(240),
  );
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

function everyVisit(visitor: Visitor, holds: (visit: ReturnType<Visitor['visits']>[number]) => boolean): boolean {
  const visits = visitor.visits();
  return visits.length > 0 && visits.every(holds);
}

function failures(visitor: Visitor): ReturnType<Visitor['visits']> {
  return visitor.visits().filter(({ status }) => status !== '200');
}

/** A release that cannot be does no harm. */
export const brokenRelease: Scenario = {
  name: 'a release with a broken schema file leaves the old app serving without one failed request, and is fixed forward',
  needsPlatform: true,
  run,
};
