import { forgetBackups, makeBackup, prepareBackups, publishedFiles } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { failedBackup } from '../failed-backup';
import { runJob } from '../jobs';
import { BACKUP, DATABASE, LAYERS, NAMESPACE } from '../school';
import { expect, waitFor } from '../waiting';
import type { Webhook } from '../webhook';

async function run(context: Context): Promise<Figures> {
  const webhook = await prepareBackups(context);
  await makeBackup(context, 'good');
  const before = publishedFiles(context);
  const image = await failedBackup(context, webhook, 'no-image', {
    change: (dump) => {
      dump.image = 'registry.example.invalid/no/such:image';
    },
  });
  expect('the message says that it never started', image.message.includes('never started'), image.message);
  await scaleDatabase(context, 0);
  const server = await failedBackup(context, webhook, 'no-server', {});
  expect('the message says that nobody answers', /cannot connect to database/.test(server.message), server.message);
  await scaleDatabase(context, 1);
  await school.healthy(context);
  const after = publishedFiles(context);
  expect('the backup from before is all there is', after.join() === before.join(), { before, after });
  const silent = await nobodyListens(context, webhook);
  return {
    'image missing → told': `${image.told} s`,
    'image missing → Job failed': `${image.failed} s`,
    'database stopped → told': `${server.told} s`,
    'webhook down: Job complete after': `${silent} s`,
  };
}

async function restore(context: Context): Promise<void> {
  await scaleDatabase(context, 1);
  await school.healthy(context);
  await forgetBackups(context);
}

/** A dead webhook neither fails nor hides a backup. @returns seconds of the Job */
async function nobodyListens(context: Context, webhook: Webhook): Promise<number> {
  const before = publishedFiles(context);
  await webhook.down();
  const { complete, seconds } = await runJob(context, BACKUP, 'unheard');
  await webhook.up();
  expect('the Job is complete though nobody could be told', complete, complete);
  const added = publishedFiles(context).filter((name) => !before.includes(name));
  expect('the backup is published', added.length === 3, added);
  return seconds;
}

/** Stops the server, which Flux would start again, or lets both go on. */
async function scaleDatabase({ kubectl, flux }: Context, replicas: 0 | 1): Promise<void> {
  await flux.suspend(LAYERS.database, replicas === 0);
  await kubectl.output(['scale', `deployment/${DATABASE}`, '-n', NAMESPACE, `--replicas=${replicas}`]);
  if (replicas === 0) {
    await waitFor(
      'the database has no pod',
      async () => ((await kubectl.pods(NAMESPACE, DATABASE)).length === 0 ? true : undefined),
      kubectl.limits(120),
    );
  }
}

/** What keeps a backup from being made is told; that nobody can be told keeps none from being made. */
export const backupFailed: Scenario = {
  name: 'a backup without image or without database is told as FAILED once; one that nobody hears of is made all the same',
  platform: school,
  run,
  restore,
};
