import { forgetBackups, makeBackup, prepareBackups, publishedFiles } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { startHolding } from '../database';
import { school } from '../deployment';
import { type FailedBackup, failedBackup } from '../failed-backup';
import { hostProcess, hostProcesses } from '../host-process';
import type { Pod } from '../objects';
import { NAMESPACE } from '../school';
import { expect, waitFor } from '../waiting';
import type { Webhook } from '../webhook';

/** Nothing but pg_dump reads this table, so a run goes on until then and no further. */
const READ_BY_PG_DUMP = 'pg_catalog.pg_transform';

/** Too little for pg_dump beside bash and psql. */
const TOO_LITTLE_MEMORY = '10Mi';

async function run(context: Context): Promise<Figures> {
  const { kubectl } = context;
  const webhook = await prepareBackups(context);
  await makeBackup(context, 'good');
  const before = publishedFiles(context);
  const container = await whileDumping(context, webhook, 'kill-container', async (pod) => {
    process.kill(hostProcess(pod, 'bash'), 'SIGKILL');
  });
  const dump = await whileDumping(context, webhook, 'kill-pg-dump', async (_, pgDump) => {
    process.kill(pgDump, 'SIGKILL');
  });
  const stopped = await whileDumping(context, webhook, 'stop-pod', async ({ metadata }) => {
    await kubectl.output(['delete', 'pod', metadata.name, '-n', NAMESPACE, '--wait=false']);
  });
  // The kubelet sends the image's own stop signal: of the official postgres image it is SIGINT.
  expect(
    'the message says that the pod was stopped',
    /stopped by SIG(INT|TERM)/.test(stopped.message),
    stopped.message,
  );
  const memory = await failedBackup(context, webhook, 'no-memory', {
    change: (worker) => {
      worker.resources = { limits: { memory: TOO_LITTLE_MEMORY } };
    },
  });
  const after = publishedFiles(context);
  expect('the backup from before is all there is', after.join() === before.join(), { before, after });
  return {
    'SIGKILL of the container → told': `${container.told} s`,
    'SIGKILL of pg_dump → told': `${dump.told} s`,
    'pod deleted → told': `${stopped.told} s`,
    [`limit of ${TOO_LITTLE_MEMORY} → told`]: `${memory.told} s`,
    reason: memory.message.split('\n').at(-1) ?? '',
  };
}

/** Does harm to a backup while its pg_dump works. */
async function whileDumping(
  context: Context,
  webhook: Webhook,
  job: string,
  harm: (pod: Pod, pgDump: number) => Promise<void>,
): Promise<FailedBackup> {
  const holder = await startHolding(context, `LOCK TABLE ${READ_BY_PG_DUMP}`);
  try {
    return await failedBackup(context, webhook, job, {
      harm: async (pod) => {
        const pgDump = await waitFor(
          'pg_dump works',
          async () => hostProcesses(pod, 'pg_dump')[0],
          context.kubectl.limits(60),
        );
        await harm(pod, pgDump);
      },
    });
  } finally {
    await holder.release();
  }
}

/** Whoever is killed cannot say so; the container beside it does. */
export const backupKilled: Scenario = {
  name: 'a backup that is killed (container, pg_dump alone, pod, out of memory) is told as FAILED once, and its Job fails',
  platform: school,
  run,
  restore: forgetBackups,
};
