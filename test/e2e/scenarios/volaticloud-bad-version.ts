import { join } from 'node:path';
import { BothVisitors } from '../both-visitors';
import type { Context, Figures, Scenario } from '../context';
import { isReady } from '../objects';
import { pageCommands, runScript } from '../page-commands';
import { APP_LAYER, BACKEND, MONITORING, NAMESPACE } from '../volaticloud';
import { FIRST_RELEASE, publish, volaticloud } from '../volaticloud-deployment';
import { expect, secondsSince } from '../waiting';

const BAD = 'main-0000bad';

async function run(context: Context): Promise<Figures> {
  const { kubectl, flux } = context;
  await runSection(context, 'What do I check before a deployment?');
  const url = `http://${BACKEND}.${NAMESPACE}:8080/`;
  const visitors = await BothVisitors.start(kubectl, MONITORING, url);
  try {
    const bad = await publish(context, { tag: BAD, sick: true });
    const begun = performance.now();
    await flux.fetch();
    const said = await flux.verdict(APP_LAYER, bad, 240);
    const verdict = secondsSince(begun);
    expect('Flux names the Deployment', said.includes(`Deployment/${NAMESPACE}/${BACKEND}`), said);
    const pods = await kubectl.pods(NAMESPACE, BACKEND);
    const old = pods.filter(({ spec }) => spec.containers[0]?.image.endsWith(FIRST_RELEASE.tag));
    expect('both old pods are ready', old.filter(isReady).length === 2, old);
    expect('one pod of the bad version is there', pods.length === 3, pods.length);
    await visitors.fresh.more(25);
    const answers = new Set(visitors.fresh.visits.map(({ answer }) => answer.split(' ')[0]));
    expect('only the old version has answered', [...answers].join() === FIRST_RELEASE.tag, [...answers]);
    await runSection(context, 'What did `helm --atomic` give, and what gives it now?');

    const reverting = performance.now();
    await flux.applied(await publish(context, FIRST_RELEASE), [APP_LAYER], 180);
    const back = secondsSince(reverting);
    await runSection(context, 'What do I check after it?');
    const failed = visitors.failed();
    expect('no visit failed', failed.length === 0, failed);
    return { 'commit → Flux says why': `${verdict} s`, 'reverted → ready': `${back} s`, ...visitors.figures() };
  } finally {
    await visitors.leave();
  }
}

/** Runs the commands of a section of the page; they are prod's there, and staging runs here. */
async function runSection({ kubectl, project }: Context, heading: string): Promise<void> {
  const commands = pageCommands(join(project, 'docs/volaticloud.md'), heading);
  await runScript(kubectl.commands, commands.replaceAll('volaticloud-prod', 'volaticloud-staging'), 120);
}

/** What `helm --atomic` gave: a version that is not healthy never serves, and the old one goes on. */
export const volaticloudBadVersion: Scenario = {
  name: 'a version that never becomes healthy gets no traffic while the old one serves, and a revert takes it away',
  platform: volaticloud,
  run,
  async restore(context) {
    await context.flux.applied(await publish(context, FIRST_RELEASE), [APP_LAYER], 180);
  },
};
