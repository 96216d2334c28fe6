import { join } from 'node:path';
import type { Context, Figures, Scenario } from '../context';
import { Follower } from '../follower';
import { API, LAYERS, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { FIRST_MIGRATIONS, HoneydueReleases, tagOf } from '../honeydue-releases';
import type { KubeObject } from '../objects';
import { pageCommands } from '../page-commands';
import { expect, waitFor } from '../waiting';

const PAGE = 'docs/autoscaling.md';
const HEADING = 'How do I hand a fixed number of pods over to an autoscaler?';

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status: { readonly readyReplicas?: number };
}

async function run(context: Context): Promise<Figures> {
  const { kubectl, project } = context;
  const releases = new HoneydueReleases(context);
  await publish(context, releases, 'Replicas.fixed(3)');
  const naive = await fewestReady(context, () => publish(context, releases, undefined));
  expect('without the page Ready falls below 3', naive < 3, naive);

  await publish(context, releases, 'Replicas.fixed(3)');
  const commands = pageCommands(join(project, PAGE), HEADING);
  const followed = await fewestReady(context, async () => {
    await kubectl.commands.output('bash', ['-eu', '-c', commands]);
    await publish(context, releases, undefined);
  });
  expect('with the page Ready never falls below 3', followed >= 3, followed);
  return { 'fewest ready pods without the page': String(naive), 'with it': String(followed) };
}

/** Publishes the api with these replicas instead of the committed ones, and waits until three pods are ready. */
async function publish(context: Context, releases: HoneydueReleases, replicas: string | undefined): Promise<void> {
  const { flux, kubectl } = context;
  const commit = await releases.publish({ tag: tagOf(61), migrations: FIRST_MIGRATIONS, replicas });
  await flux.applied(commit, [LAYERS.app], 240);
  await waitFor(
    'three pods are ready',
    async () => {
      const { spec, status } = await kubectl.get<Deployment>('deployment', API, NAMESPACE);
      return spec.replicas === 3 && status.readyReplicas === 3 ? true : undefined;
    },
    kubectl.limits(120),
  );
}

/** The fewest ready pods that were seen while something was done. */
async function fewestReady({ kubectl }: Context, action: () => Promise<void>): Promise<number> {
  const ready = 'jsonpath={.status.readyReplicas}{"\\n"}';
  const get = ['get', 'deployment', API, '-n', NAMESPACE, '--watch', '-o', ready];
  const watch = new Follower(kubectl.commands, 'kubectl', get);
  try {
    await action();
  } finally {
    await watch.leave();
  }
  // No number at all is what an API server writes for none.
  return Math.min(...watch.lines().map(Number));
}

/** The number of pods changes hands, naively and as the page says. */
export const honeydueAutoscaler: Scenario = {
  name: 'an autoscaler takes the number of pods over by the page without one ready pod less, and not without it',
  platform: honeydue,
  run,
};
