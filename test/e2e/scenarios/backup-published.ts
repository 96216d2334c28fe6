import { backupPath, firstLine, forgetBackups, makeBackup, prepareBackups, type Sidecar, sidecars } from '../backups';
import { backUpEveryMinute } from '../changes';
import type { Context, Figures, Scenario } from '../context';
import { query, rows, TABLE_CONTENTS } from '../database';
import { publishDist, school } from '../deployment';
import { type Job, verdict } from '../jobs';
import { APP, BACKUP, LAYERS, NAMESPACE } from '../school';
import { ScratchServer } from '../scratch-server';
import { expect, secondsSince, waitFor } from '../waiting';
import { Webhook } from '../webhook';
import { expectWholeBackups } from '../whole-backups';

/** Lines that every message of a good backup has. */
const LINES = ['Size', 'Duration', 'Tables', 'File', 'Time'];

async function run(context: Context): Promise<Figures> {
  const webhook = await prepareBackups(context);
  const begun = performance.now();
  const byHand = await makeBackup(context, 'by-hand');
  const seconds = secondsSince(begun);
  expect('the sidecar says that it was made by hand', byHand.kind === 'manual', byHand);
  await told(webhook, '[Manual] School Platform -- Backup completed', [byHand]);
  await webhook.forget();
  const log = await context.kubectl.output(['logs', 'job/by-hand', '-n', NAMESPACE, '--all-containers']);
  expect('no log names the webhook', log.includes('Backup completed') && !log.includes(Webhook.URL), log);

  const scheduled = await bySchedule(context);
  await told(webhook, '[Cron] School Platform -- Backup completed', scheduled);
  const all = [byHand, ...scheduled];
  expectWholeBackups(context, all);
  await appReadsIt(context, byHand.file);
  const begunLoading = performance.now();
  await loadsEqually(context, byHand.file);
  return {
    'Job by hand → complete': `${seconds} s`,
    'bytes of the archive': String(byHand.bytes),
    'scheduled runs': String(scheduled.length),
    'scratch server, loaded and compared': `${secondsSince(begunLoading)} s`,
  };
}

async function restore(context: Context): Promise<void> {
  await context.flux.applied(await publishDist(context), Object.values(LAYERS), 300);
  await forgetBackups(context);
}

/** Waits for a run that nobody asks for. @returns sidecars of what was made until the schedule is as before */
async function bySchedule(context: Context): Promise<Sidecar[]> {
  const { kubectl, flux, repository, say } = context;
  say(`  further change: ${backUpEveryMinute(repository.folder)}`);
  await flux.applied(await repository.publish('a backup every minute'), [LAYERS.backup], 120);
  await waitFor(
    'a scheduled backup is complete',
    async () => ((await scheduledJobs(context)).some(verdict) ? true : undefined),
    kubectl.limits(150),
  );
  await flux.applied(await publishDist(context), [LAYERS.backup], 120);
  const jobs = await waitFor(
    'no scheduled backup runs',
    async () => {
      const all = await scheduledJobs(context);
      return all.every((job) => verdict(job) !== undefined) ? all : undefined;
    },
    kubectl.limits(120),
  );
  const made = sidecars(context).filter(({ kind }) => kind === 'scheduled');
  expect('each scheduled Job is complete and made a backup', made.length === jobs.length && jobs.every(verdict), jobs);
  return made;
}

async function scheduledJobs({ kubectl }: Context): Promise<Job[]> {
  const jobs = await kubectl.list<Job>('jobs', NAMESPACE);
  return jobs.filter(({ metadata }) => /^\d{8}$/.test(metadata.name.slice(`${BACKUP}-`.length)));
}

/** One message a run, each with that first line and all that people want to know. */
async function told(webhook: Webhook, line: string, made: readonly Sidecar[]): Promise<void> {
  const messages = await webhook.messages();
  const files = made.map(({ file }) => file);
  const right = messages.filter(
    (message, index) =>
      firstLine(message) === line &&
      LINES.every((key) => new RegExp(`^${key}: \\S`, 'm').test(message)) &&
      message.includes(`File: ${files[index]}\n`),
  );
  expect(`${files.length} messages say "${line}"`, right.length === files.length && messages.length === right.length, {
    messages,
    files,
  });
}

/** The Admin page's pod can list and read the file. */
async function appReadsIt({ kubectl }: Context, name: string): Promise<void> {
  const pod = await kubectl.readyPod(NAMESPACE, APP);
  const { code, stderr } = await kubectl.exec(pod, 'app', ['bash', '-c', `gzip -t "/backups/$1"`, 'bash', name]);
  expect('the app can read the backup in full', code === 0, stderr);
}

/** Every table has the same rows on a server that nothing but the dump came to. */
async function loadsEqually(context: Context, name: string): Promise<void> {
  const live = await query(context, TABLE_CONTENTS);
  const scratch = await ScratchServer.start(context.kubectl);
  try {
    await scratch.load(backupPath(context, name));
    const loaded = rows(await scratch.psql(TABLE_CONTENTS));
    expect('every table has the same rows', JSON.stringify(loaded) === JSON.stringify(live), { live, loaded });
    const people = live.find(([table]) => table === '"User"')?.[1];
    expect('the comparison saw rows', Number(people) > 0, live);
  } finally {
    await scratch.stop();
  }
}

/** A backup by schedule and one by hand are whole, told, and all that lies in the folder. */
export const backupPublished: Scenario = {
  name: 'a backup by schedule and one by hand are told as [Cron] and [Manual], are described right, and load row for row',
  platform: school,
  run,
  restore,
};
