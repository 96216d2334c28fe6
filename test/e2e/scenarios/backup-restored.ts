import { readFileSync, writeFileSync } from 'node:fs';
import { backupPath, firstLine, forgetBackups, makeBackup, prepareBackups, type Sidecar } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { query, TABLE_CONTENTS } from '../database';
import { DatabaseClients } from '../database-clients';
import { school } from '../deployment';
import { mooringBackups } from '../mooring-backups';
import { APP, NAMESPACE } from '../school';
import { DATABASE as OWNER } from '../school-secrets';
import { Visitor } from '../visitor';
import { expect } from '../waiting';
import type { Webhook } from '../webhook';
import { controllerPod } from './controller';

const STARTED = '[Restore] School Platform -- Started';
const COMPLETED = '[Restore] School Platform -- Completed successfully';
const FAILED = '[Restore] School Platform -- FAILED';

/** Longest time without connections in a swap. */
const REFUSED_SECONDS = 2;

/** Rows that are younger than the backup. */
const LATER = 500;

async function run(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const webhook = await prepareBackups(context);
  const backup = await makeBackup(context, 'good');
  const asBackedUp = await query(context, TABLE_CONTENTS);
  await query(
    context,
    `INSERT INTO "AuditLog" ("action", "entity") SELECT 'later', 'Test' FROM generate_series(1, ${LATER})`,
  );
  const later = await query(context, TABLE_CONTENTS);
  const visitor = new Visitor(kubectl, await controllerPod(context), `http://${APP}.${NAMESPACE}/api/health`);
  const clients = await DatabaseClients.start(context);
  try {
    const restored = await swapped(context, webhook, clients, ['restore', backup.name], [STARTED, COMPLETED]);
    await contains(context, 'as it was backed up', asBackedUp);
    await databases(context, 1, 0);
    const undone = await swapped(context, webhook, clients, ['rollback'], [COMPLETED]);
    await contains(context, 'as it was before the restore, later rows too', later);
    await databases(context, 0, 1);
    await refusesDamaged(context, webhook, backup);
    await contains(context, 'as it was before the restore of a damaged backup', later);
    await databases(context, 0, 1);
    await visitor.more(10);
    const failed = visitor.visits().filter(({ status }) => status !== '200');
    expect('the app answered all the time', failed.length === 0, failed);
    return {
      ...named('restore', restored),
      ...named('rollback', undone),
      'attempts of the clients': String(clients.attempts().length),
      'visits of the app, failed': `${visitor.visits().length}, 0`,
    };
  } finally {
    await clients.leave();
    await visitor.leave();
  }
}

async function restore(context: Context): Promise<void> {
  await query(
    context,
    `SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname LIKE '${OWNER.name}\\_%' \\gexec
     DELETE FROM "AuditLog" WHERE "action" = 'later';`,
  );
  await forgetBackups(context);
}

interface Swap {
  readonly seconds: string;
  /** Seconds without connections, as the clients saw it. */
  readonly refused: number;
  /** The same, as the script says. */
  readonly stated: string;
}

/** Runs a command that swaps databases under the clients' eyes; each message has its first line, and there is no other. */
async function swapped(
  context: Context,
  webhook: Webhook,
  clients: DatabaseClients,
  command: readonly string[],
  lines: readonly string[],
): Promise<Swap> {
  await webhook.forget();
  await clients.more(20);
  const before = clients.attempts().length;
  const end = await mooringBackups(context, [...command, '--yes-i-mean', OWNER.name]);
  expect(`"${command[0]}" is done`, end.code === 0, end);
  await clients.more(20);
  const said = (await webhook.messages()).map(firstLine);
  expect(`it is told as ${lines.join(', then ')}`, said.join() === lines.join(), said);
  const refused = clients.refused(before);
  expect(`connections were refused for less than ${REFUSED_SECONDS} s`, refused < REFUSED_SECONDS, refused);
  const stated = /connections were refused for (\S+) s/.exec(end.stdout)?.[1];
  expect('the script says for how long connections were refused', stated !== undefined, end.stdout);
  return { seconds: (end.milliseconds / 1000).toFixed(1), refused, stated: stated ?? '' };
}

/** One bit of the archive is another. */
async function refusesDamaged(context: Context, webhook: Webhook, { name, file }: Sidecar): Promise<void> {
  const archive = backupPath(context, file);
  const bytes = readFileSync(archive);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(archive, bytes);
  await webhook.forget();
  const end = await mooringBackups(context, ['restore', name, '--yes-i-mean', OWNER.name]);
  const messages = await webhook.messages();
  const told = messages.length === 1 && firstLine(messages[0]) === FAILED && messages[0]?.includes(file) === true;
  expect('a damaged backup is refused, and one message names it', end.code === 1 && told, { end, messages });
}

async function contains(context: Context, what: string, expected: readonly string[][]): Promise<void> {
  const seen = await query(context, TABLE_CONTENTS);
  expect(`the database is ${what}`, JSON.stringify(seen) === JSON.stringify(expected), { seen, expected });
}

/** What swaps have left beside the live database. */
async function databases(context: Context, old: number, undone: number): Promise<void> {
  const names = (await query(context, `SELECT datname FROM pg_database WHERE datname LIKE '${OWNER.name}%'`)).flat();
  const count = (kind: string) => names.filter((name) => name.startsWith(`${OWNER.name}_${kind}_`)).length;
  const right = names.length === 1 + old + undone && count('old') === old && count('undone') === undone;
  expect(`beside the live database there are ${old} old and ${undone} undone`, right, names);
}

function named(command: string, { seconds, refused, stated }: Swap): Figures {
  return { [command]: `${seconds} s`, [`${command}: connections refused`]: `${refused} s, by the script ${stated} s` };
}

/** A restore replaces the database under a running app, and can be taken back. */
export const backupRestored: Scenario = {
  name: 'a restore under a running app brings the data of the backup, a rollback the later rows; a damaged one is refused',
  platform: school,
  run,
  restore,
};
