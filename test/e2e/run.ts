import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CHANGES } from './changes';
import { bringUp, type Cluster, refuseUnsuitable, takeDown } from './cluster';
import { Commands } from './commands';
import { ConfigRepository } from './config-repository';
import type { Context } from './context';
import { Flux } from './flux';
import { GitFolder } from './git';
import { Kubectl } from './kubectl';
import { Progress } from './progress';
import { runScenarios } from './run-scenarios';
import { chosenScenarios } from './scenarios';
import { Sops } from './sops';
import { StandIns } from './stand-ins';
import { tidyUp } from './tidy-up';
import { Volumes } from './volumes';

const PROJECT = resolve(__dirname, '../..');

/** Where the config repository is published when `MOORING_E2E_GIT` names no other place. */
const GIT_URL = 'http://127.0.0.1:9080/flux-config.git';

/** Images of the school platform that no public registry has, and the stand-in that answers for them. */
const APP_IMAGE = 'registry.gitlab.example.com/school/platform:*';

/** The whole run ends after this time, whatever it waits for. */
const DEADLINE_MINUTES = 75;

const USAGE = `usage: make e2e, or node -r ts-node/register/transpile-only test/e2e/run.ts [--only TEXT]

Deploys the committed dist to a real cluster and tries what must hold there. Needs root: directories of this machine
with several owners stand in for the file server.

  --only TEXT   only scenarios whose name contains TEXT (and what they need)

  KUBECONFIG               the cluster; without it, ../shared/cluster brings one up for the run and down after it
  MOORING_E2E_GIT          repository to publish to [${GIT_URL}]
  MOORING_E2E_TOOLS_IMAGE  image with bash, curl, psql and python3 [devcluster.local/tools:1]
  MOORING_E2E_WEBHOOK_IMAGE  image that records what is posted to it [devcluster.local/webhook:1]

exit status: 0 all passed, 1 a scenario failed or there is no cluster, 2 the command line is wrong, 130 interrupted
`;

async function main(args: readonly string[]): Promise<number> {
  const scenarios = chosenScenarios(args);
  if (scenarios === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('make e2e needs root: it makes directories with the owners that a file server has\n');
    return 1;
  }
  const stop = new AbortController();
  const interrupted = () => stop.abort(new Error('interrupted'));
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted).on('SIGHUP', interrupted);
  // Only a limit, so that a run stops by itself.
  const deadline = setTimeout(
    () => stop.abort(new Error(`not done after ${DEADLINE_MINUTES} minutes`)),
    DEADLINE_MINUTES * 60_000,
  );
  const progress = new Progress();
  try {
    return await onCluster(stop.signal, progress, (context) => runScenarios(context, scenarios, progress));
  } catch (error) {
    progress.fail(error);
    return stop.signal.aborted && stop.signal.reason.message === 'interrupted' ? 130 : 1;
  } finally {
    clearTimeout(deadline);
  }
}

/** Brings a cluster up, prepares what every scenario needs, and leaves nothing behind. */
async function onCluster(
  signal: AbortSignal,
  progress: Progress,
  use: (context: Context) => Promise<number>,
): Promise<number> {
  const commands = new Commands(signal);
  let cluster: Cluster | undefined;
  let context: Context | undefined;
  const workFolder = mkdtempSync('/var/tmp/mooring-e2e-');
  chmodSync(workFolder, 0o755);
  try {
    progress.say('looking for a cluster');
    cluster = await bringUp(PROJECT, commands);
    progress.say(`${cluster.description}${cluster.own ? ', brought up for this run' : ''}`);
    // The stand-in for flux, which pages use.
    const onIt = commands.with({ ...cluster.env, PATH: `${join(__dirname, 'bin')}:${cluster.env.PATH}` });
    const kubectl = new Kubectl(onIt);
    await refuseUnsuitable(kubectl);
    const standIns = new StandIns(PROJECT, workFolder, onIt);
    await standIns.alias(APP_IMAGE, 'app');
    const sops = await Sops.prepare(PROJECT, onIt, (text) => progress.say(text));
    const git = new GitFolder(join(workFolder, 'config'), process.env.MOORING_E2E_GIT ?? GIT_URL, onIt);
    await git.open();
    const volumes = new Volumes(join(workFolder, 'nas'), PROJECT, onIt);
    const repository = new ConfigRepository(git, volumes, sops);
    context = {
      project: PROJECT,
      workFolder,
      kubectl,
      flux: new Flux(kubectl),
      repository,
      volumes,
      standIns,
      say: (text) => progress.say(text),
    };
    progress.changes([
      ...CHANGES,
      sops ? 'Secrets: encrypted with SOPS and age' : 'Secrets: not encrypted, for want of SOPS and Go',
    ]);
    return await use(context);
  } finally {
    progress.say('tidying up');
    if (cluster === undefined ? !process.env.KUBECONFIG : cluster.own) {
      await takeDown(PROJECT);
    } else if (cluster !== undefined && context !== undefined) {
      await tidyUp(new Kubectl(new Commands(new AbortController().signal, context.kubectl.commands.env)));
    }
    rmSync(workFolder, { recursive: true, force: true });
  }
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
