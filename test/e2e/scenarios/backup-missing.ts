import { renameSync } from 'node:fs';
import { backupPath, firstLine, forgetBackups, makeBackup, prepareBackups, publishedFiles } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { runJob } from '../jobs';
import { expect } from '../waiting';

const WATCHDOG = 'school-platform-db-backup-watchdog';

/** Older than twice the time between two backups, in milliseconds. */
const TOO_OLD = 49 * 3_600_000;

async function run(context: Context): Promise<Figures> {
  const webhook = await prepareBackups(context);
  const { name } = await makeBackup(context, 'good');
  await webhook.forget();
  const content = await runJob(context, WATCHDOG, 'watch-new');
  const said = await webhook.messages();
  expect('a new backup is no news', content.complete && said.length === 0, { content, said });

  const before = `school_platform_${stamp(new Date(Date.now() - TOO_OLD))}`;
  for (const file of publishedFiles(context).filter((each) => each.startsWith(`${name}.`))) {
    renameSync(backupPath(context, file), backupPath(context, file.replace(name, before)));
  }
  const alarmed = await runJob(context, WATCHDOG, 'watch-old');
  const messages = await webhook.messages();
  const line = '[Watchdog] School Platform -- Backup MISSING';
  const told = messages.length === 1 && firstLine(messages[0]) === line && messages[0]?.includes(before) === true;
  expect(`one message says "${line}" and which one is the newest`, told && !alarmed.complete, { alarmed, messages });
  return { 'watchdog → told and failed': `${alarmed.seconds} s` };
}

function stamp(time: Date): string {
  return time
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .replace('T', '_');
}

/** Backups that stop are noticed though nothing fails. */
export const backupMissing: Scenario = {
  name: 'the watchdog is silent about a new backup and says MISSING when the newest is older than two days',
  platform: school,
  run,
  restore: forgetBackups,
};
