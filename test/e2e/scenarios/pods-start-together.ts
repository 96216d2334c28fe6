import type { Context, Figures, Scenario } from '../context';
import { query, startHolding } from '../database';
import { school } from '../deployment';
import { isReady, type Pod } from '../objects';
import { APP, LAYERS, NAMESPACE } from '../school';
import { expect, secondsSince, waitFor } from '../waiting';

const PODS = 3;

async function run(context: Context): Promise<Figures> {
  const { kubectl, flux } = context;
  await flux.suspend(LAYERS.app, true);
  await scale(context, 0);
  await waitFor(
    'the app has no pod',
    async () => ((await kubectl.pods(NAMESPACE, APP)).length === 0 ? true : undefined),
    kubectl.limits(120),
  );
  await query(context, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public;');
  const begun = performance.now();
  await atTheSameMoment(context, () => scale(context, PODS));
  const pods = await waitFor(
    `${PODS} pods are ready`,
    async () => {
      const ready = (await kubectl.pods(NAMESPACE, APP)).filter(isReady);
      return ready.length === PODS ? ready : undefined;
    },
    kubectl.limits(180),
  );
  const seconds = secondsSince(begun);
  const outcomes = await Promise.all(pods.map((pod) => outcome(context, pod)));
  const applied = outcomes.filter((text) => text.includes('was applied')).length;
  const found = outcomes.filter((text) => text.includes('is in force')).length;
  expect('one pod applied the schema and the others found it', applied === 1 && found === PODS - 1, outcomes);
  const restarts = pods.map(({ status }) => status.initContainerStatuses?.[0]?.restartCount);
  expect(
    'no schema-sync had to be repeated',
    restarts.every((count) => count === 0),
    restarts,
  );
  const subjects = await query(context, 'SELECT count(*) FROM "Subject"');
  expect('the rows of the schema file are there once', subjects[0]?.[0] === '8', subjects);
  return { 'scale → 3 pods ready': `${seconds} s` };
}

async function restore({ kubectl, flux }: Context): Promise<void> {
  await flux.suspend(LAYERS.app, false);
  await waitFor(
    'Flux has brought the app back to one pod',
    async () => ((await kubectl.pods(NAMESPACE, APP)).length === 1 ? true : undefined),
    kubectl.limits(120),
  );
}

/**
 * Holds every pod back at the first object that the schema file makes until all are there: another session makes it too
 * and does not commit. Pods that start "at once" would else come one after the other, and nothing could go wrong.
 */
async function atTheSameMoment(context: Context, start: () => Promise<void>): Promise<void> {
  const barrier = await startHolding(context, 'CREATE TYPE public."Role" AS ENUM ()');
  await start();
  const waiting = `FROM pg_stat_activity WHERE application_name = 'schema-sync' AND wait_event_type = 'Lock'`;
  await waitFor(
    `${PODS} pods wait for their turn`,
    async () => ((await query(context, `SELECT pid ${waiting}`)).length === PODS ? true : undefined),
    context.kubectl.limits(90),
  );
  await barrier.release();
}

async function scale({ kubectl }: Context, replicas: number): Promise<void> {
  await kubectl.output(['scale', `deployment/${APP}`, '-n', NAMESPACE, `--replicas=${replicas}`]);
}

function outcome({ kubectl }: Context, pod: Pod): Promise<string> {
  return kubectl.output(['logs', '-n', NAMESPACE, pod.metadata.name, '-c', 'schema-sync']);
}

/** Several pods may find a database without a schema at the same moment. */
export const podsStartTogether: Scenario = {
  name: `${PODS} app pods that start at once on an empty database do not race: one applies the schema`,
  platform: school,
  run,
  restore,
};
