import type { Context, Figures, Scenario } from '../context';
import { API, CLUSTER, MIGRATION, NAMESPACE } from '../honeydue';
import { honeydue, publishFirstRelease } from '../honeydue-deployment';
import { FIRST_MIGRATIONS } from '../honeydue-releases';
import type { Job } from '../jobs';
import { Neon } from '../neon';
import { condition } from '../objects';
import { expect } from '../waiting';

async function run(context: Context): Promise<Figures> {
  const { kubectl, flux, repository } = context;
  const commit = await publishFirstRelease(context);
  const seconds = await flux.applied(commit, repository.kustomizations(CLUSTER), 300);
  const jobs = await kubectl.list<Job>('jobs', NAMESPACE, `app.kubernetes.io/name=${MIGRATION}`);
  const complete = jobs.map(({ status }) => condition(status?.conditions, 'Complete')?.status);
  expect('one Job has migrated', complete.length === 1 && complete[0] === 'True', jobs);
  const applied = await Neon.of(kubectl).query(
    'SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY 1',
  );
  expect('every migration is applied once', applied.flat().join() === '1,2', applied);
  const pods = await kubectl.pods(NAMESPACE, API);
  expect('three pods of the api run', pods.length === 3, pods.length);
  return {
    migrations: String(Object.keys(FIRST_MIGRATIONS).length),
    ...Object.fromEntries([...seconds].map(([name, each]) => [`commit → ${name}`, `${each} s`])),
  };
}

/** A fresh cluster and an empty database: no step by hand. */
export const honeydueDeployment: Scenario = {
  name: 'Flux deploys honeyDue on an empty database: the Job migrates through the direct host, then the pods start',
  deploys: honeydue,
  run,
};
