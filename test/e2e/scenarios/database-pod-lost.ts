import type { Context, Figures, Scenario } from '../context';
import { fillDatabase, PEOPLE, query, TABLE_CONTENTS } from '../database';
import { school } from '../deployment';
import { Follower } from '../follower';
import { hostProcess } from '../host-process';
import { isReady, type Pod } from '../objects';
import { DATABASE, NAMESPACE } from '../school';
import { expect, secondsSince, waitFor } from '../waiting';

/** Rows that must be acknowledged before the server is killed. */
const ACKNOWLEDGED = 200;

async function run(context: Context): Promise<Figures> {
  await fillDatabase(context);
  const deleted = await afterDeletion(context);
  const killed = await afterKill(context);
  return { ...deleted, ...killed };
}

/** `kubectl delete pod`: a fast shutdown, another pod, the same content. */
async function afterDeletion(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const before = await query(context, TABLE_CONTENTS);
  const pod = await kubectl.readyPod(NAMESPACE, DATABASE);
  const begun = performance.now();
  await kubectl.remove('pod', pod.metadata.name, NAMESPACE, 150);
  const gone = secondsSince(begun);
  const next = await kubectl.readyPod(NAMESPACE, DATABASE);
  const ready = secondsSince(begun);
  expect('it is another pod', next.metadata.uid !== pod.metadata.uid, next.metadata.name);
  const after = await query(context, TABLE_CONTENTS);
  expect('every table has the rows it had', JSON.stringify(after) === JSON.stringify(before), { before, after });
  return { 'delete → pod gone': `${gone} s`, 'delete → ready': `${ready} s` };
}

/** SIGKILL of the server while it commits rows: every row whose commit was acknowledged is there. */
async function afterKill(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const pod = await kubectl.readyPod(NAMESPACE, DATABASE);
  const restarts = restartsOf(pod);
  const writer = startWriter(context, pod);
  await waitFor(
    `${ACKNOWLEDGED} rows are acknowledged`,
    async () => (writer.lines().length >= ACKNOWLEDGED ? true : undefined),
    { ...kubectl.limits(60), every: 20 },
  );
  const begun = performance.now();
  process.kill(hostProcess(pod, 'postgres'), 'SIGKILL');
  await writer.leave();
  await waitFor(
    'the kubelet has started the server again and it is ready',
    async () => {
      const again = (await kubectl.pods(NAMESPACE, DATABASE)).find(isReady);
      return again !== undefined && (again.metadata.uid !== pod.metadata.uid || restartsOf(again) > restarts)
        ? true
        : undefined;
    },
    kubectl.limits(120),
  );
  const ready = secondsSince(begun);
  const acknowledged = writer.lines();
  const last = acknowledged.at(-1) ?? '0';
  const found = await query(
    context,
    `SELECT count(*) FROM "AuditLog" WHERE "action" = 'kill' AND "entityId"::int <= ${last}`,
  );
  expect('every acknowledged row survived', Number(found[0]?.[0]) === Number(last), { found, acknowledged: last });
  const people = await query(context, 'SELECT count(*) FROM "User"');
  expect('the rows from before are there', people[0]?.[0] === String(PEOPLE), people);
  await query(context, `DELETE FROM "AuditLog" WHERE "action" = 'kill'`);
  return { 'SIGKILL → ready': `${ready} s`, 'rows acknowledged before SIGKILL': last };
}

/** Commits one numbered row after the other and prints each that the server acknowledged. */
function startWriter({ kubectl }: Context, pod: Pod): Follower {
  const insert = String.raw`for ((n = 1; n < 100000; n++)); do echo "INSERT INTO \"AuditLog\" (\"action\", \"entity\", \"entityId\") VALUES ('kill', 'Test', '$n') RETURNING \"entityId\";"; done`;
  const psql = `${insert} | psql -XAtq -U "$POSTGRES_USER" -d "$POSTGRES_DB"`;
  const target = ['exec', '-n', NAMESPACE, pod.metadata.name, '-c', 'postgres'];
  return new Follower(kubectl.commands, 'kubectl', [...target, '--', 'bash', '-c', psql]);
}

function restartsOf(pod: Pod): number {
  return pod.status.containerStatuses?.find(({ name }) => name === 'postgres')?.restartCount ?? 0;
}

/** The data outlives its pod. */
export const databasePodLost: Scenario = {
  name: 'the database pod is deleted, then its server is killed while it commits: all data and every acknowledged row are there',
  platform: school,
  run,
};
