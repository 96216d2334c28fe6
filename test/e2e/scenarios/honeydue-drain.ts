import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { BothVisitors } from '../both-visitors';
import type { Context, Figures, Scenario } from '../context';
import { API, CONTROLLER_NAMESPACE, LAYERS, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { FIRST_MIGRATIONS, HoneydueReleases, tagOf } from '../honeydue-releases';
import { expect } from '../waiting';

/** Visits a second of each kind: many, for the moment that counts is short. */
const RATE = 100;

interface Deployment {
  spec: { template: { spec: { containers: { lifecycle?: object }[] } } };
}

async function run(context: Context): Promise<Figures> {
  const releases = new HoneydueReleases(context);
  // What drains is the old release, so the change must be in that one.
  await roll(context, releases, 51, false);
  const url = `http://${API}.${NAMESPACE}/`;
  const visitors = await BothVisitors.start(context.kubectl, CONTROLLER_NAMESPACE, url, RATE);
  try {
    await roll(context, releases, 52, true);
    await visitors.fresh.more(RATE);
    const without = visitors.failed();
    expect('visits fail in a release without preStop', without.length > 0, visitors.figures());
    const since = performance.now();
    await roll(context, releases, 53, true);
    await visitors.fresh.more(RATE);
    const withIt = visitors.failed(since);
    expect('no visit fails in the same release with it', withIt.length === 0, withIt);
    return {
      'failed without preStop': `${without.length}, e.g. ${without[0]?.answer.split(': ').at(-1)}`,
      'failed with preStop': '0',
      ...visitors.figures(since),
    };
  } finally {
    await visitors.leave();
  }
}

/** Publishes a release whose api drains before it stops, or does not, and waits until every pod is of it. */
async function roll(context: Context, releases: HoneydueReleases, number: number, drains: boolean): Promise<void> {
  const { repository, flux, say } = context;
  await releases.prepare({ tag: tagOf(number), migrations: FIRST_MIGRATIONS });
  if (!drains) {
    removePreStop(join(repository.folder, 'platforms/honeydue/prod/app/deployment-api.yaml'));
    say(`  release ${number}; further change: the api has no preStop`);
  }
  await flux.applied(await repository.publish(`release ${number}`), [LAYERS.app], 240);
}

function removePreStop(file: string): void {
  const deployment = load(readFileSync(file, 'utf8')) as Deployment;
  for (const container of deployment.spec.template.spec.containers) {
    delete container.lifecycle;
  }
  writeFileSync(file, dump(deployment));
}

/** The drain is what keeps a release from failing visits: without it they do. */
export const honeydueDrain: Scenario = {
  name: 'visits fail in a release of pods that do not drain before they stop, and none in the same release of pods that do',
  platform: honeydue,
  run,
  // Pods that do not drain would cost the next scenario its visits.
  restore: (context) => roll(context, new HoneydueReleases(context), 54, true),
};
