import type { Context, Figures, Scenario } from '../context';
import { query } from '../database';
import { deploy, school } from '../deployment';
import { APP, CLUSTER, LAYERS, NAMESPACE } from '../school';
import { expect, secondsSince } from '../waiting';

/** Deploys the platform for the scenarios that need it. */
async function run(context: Context): Promise<Figures> {
  const { kubectl, flux } = context;
  const begun = performance.now();
  const seconds = await deploy(context);
  await kubectl.readyPod(NAMESPACE, APP);
  const ready = secondsSince(begun);

  const before = (first: string, second: string) => (seconds.get(first) ?? 0) <= (seconds.get(second) ?? 0);
  const { base, secrets, database, backup, app } = LAYERS;
  const ordered =
    before(base, secrets) && before(secrets, database) && before(database, app) && before(database, backup);
  expect('the layers become ready in order', ordered, [...seconds]);
  const rendered = context.repository.kustomizations(CLUSTER).sort();
  const there = (await flux.list()).map(({ metadata }) => metadata.name).filter((name) => rendered.includes(name));
  expect('every rendered Kustomization is there', there.length === rendered.length, { there, rendered });

  const tables = await query(context, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`);
  expect('the schema is there', Number(tables[0]?.[0]) >= 13, tables);
  const subjects = await query(context, 'SELECT count(*) FROM "Subject"');
  expect('the rows of the schema file are there', subjects[0]?.[0] === '8', subjects);
  return {
    ...Object.fromEntries([...seconds].map(([name, each]) => [`commit → ${name}`, `${each} s`])),
    'commit → app ready': `${ready} s`,
  };
}

/** Directories owned as the documentation says: all layers become ready, in order. */
export const firstDeployment: Scenario = {
  name: 'Flux deploys the school platform from a commit, layer by layer, until the app is ready and the schema is there',
  deploys: school,
  run,
};
