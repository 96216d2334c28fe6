import { join } from 'node:path';
import type { Context, Figures, Scenario } from '../context';
import { CONTROLLER_NAMESPACE, LAYERS, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { FIRST_MIGRATIONS, HoneydueReleases, migration, tagOf } from '../honeydue-releases';
import { pageCommands, runPage, runScript } from '../page-commands';
import { apiPods, appliedOnce, migrationJob } from '../releases';
import { Visitors } from '../visitors';
import { expect, waitFor } from '../waiting';

const OLD = { tag: tagOf(71), migrations: FIRST_MIGRATIONS };
const NEW = {
  tag: tagOf(72),
  migrations: { ...FIRST_MIGRATIONS, '00072_notes.sql': migration('CREATE TABLE notes (id bigint);') },
};

function pageOf({ project }: Context): string {
  return join(project, 'docs/honeydue.md');
}

async function run(context: Context): Promise<Figures> {
  const { flux } = context;
  const releases = new HoneydueReleases(context);
  await flux.applied(await releases.publish(OLD), [LAYERS.app], 240);
  await flux.applied(await releases.publish(NEW), [LAYERS.app], 240);
  await runAgain(context);
  const seen = await runPage(context.kubectl.commands, pageOf(context), 'How do I see what runs?', 60);
  expect('the page shows the pods and the Kustomizations', /api-.*Running[\s\S]*honeydue-prod/.test(seen), seen);
  await goBack(context, releases);
  return {};
}

/** The Job is made again by the page's commands, and applies nothing twice. */
async function runAgain(context: Context): Promise<void> {
  const before = await migrationJob(context, NEW.tag);
  await runPage(context.kubectl.commands, pageOf(context), 'How do I run the migrations by hand?', 400);
  const after = await migrationJob(context, NEW.tag);
  expect('the Job is another one', after !== undefined && after.metadata.uid !== before?.metadata.uid, after);
  await appliedOnce(context, 1, 2, 72);
}

/** The release is undone at once and stays undone; the reverted commit then is what Flux goes on with. */
async function goBack(context: Context, releases: HoneydueReleases): Promise<void> {
  const { kubectl, flux } = context;
  const commands = pageCommands(pageOf(context), 'How do I go back to the version before?');
  const [undo = '', resume = ''] = commands.split(/^(?=flux resume)/m);
  const visitors = await Visitors.start(kubectl, CONTROLLER_NAMESPACE, `http://api.${NAMESPACE}/`, false);
  try {
    await runScript(kubectl.commands, undo, 240);
    await waitFor(
      'every pod of the api is of the old release',
      async () => ((await apiPods(context, NEW.tag)).length === 0 ? true : undefined),
      kubectl.limits(120),
    );
    await flux.reconcile(LAYERS.app);
    await visitors.more(50);
    const last = visitors.visits.at(-1)?.answer;
    expect('the old release answers, and Flux leaves it alone', last?.startsWith(OLD.tag) === true, last);
    const commit = await releases.publish(OLD);
    await runScript(kubectl.commands, resume, 60);
    await flux.applied(commit, [LAYERS.app], 240);
    expect('the old release runs', (await apiPods(context, OLD.tag)).length === 3, OLD.tag);
    const { failed } = visitors.count();
    expect('no visit failed', failed.length === 0, failed);
  } finally {
    await visitors.leave();
    await flux.suspend(LAYERS.app, false);
  }
}

/** What the runbook says is done as it says. */
export const honeydueRunbook: Scenario = {
  name: "honeyDue's runbook: migrations by hand, what runs, and back to the version before while Flux stands still",
  platform: honeydue,
  run,
};
