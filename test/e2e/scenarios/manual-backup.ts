import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { APP, BACKUP, type Context, type Figures, NAMESPACE, type Scenario } from '../context';
import { fillDatabase, query, rows, TABLE_CONTENTS } from '../database';
import { ScratchServer } from '../scratch-server';
import { expect, secondsSince } from '../waiting';

/** The command of the runbook. */
const COMMAND = `create job --from=cronjob/${BACKUP} manual-backup -n ${NAMESPACE}`;

const FILE_NAME = /^school_platform_\d{8}_\d{6}\.sql\.gz$/;

async function run(context: Context): Promise<Figures> {
  const { kubectl, volumes } = context;
  await fillDatabase(context);
  const folder = volumes.path('/school/backups');
  const begun = performance.now();
  await kubectl.output(COMMAND.split(' '));
  await kubectl.output(['wait', '-n', NAMESPACE, '--for=condition=Complete', 'job/manual-backup', '--timeout=120s']);
  const seconds = secondsSince(begun);
  const files = readdirSync(folder);
  const [name = ''] = files;
  expect('there is one file, named as the document says', files.length === 1 && FILE_NAME.test(name), files);
  const { uid, gid, mode, size } = statSync(join(folder, name));
  const access = `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
  expect('the file belongs to the backup group and only that may read it', access === '999:999 640', access);
  await appReadsIt(context, name);
  const begunLoading = performance.now();
  await loadsEqually(context, join(folder, name));
  return {
    'job → complete': `${seconds} s`,
    'bytes of the dump': String(size),
    'scratch server, loaded and compared': `${secondsSince(begunLoading)} s`,
  };
}

async function restore({ kubectl }: Context): Promise<void> {
  await kubectl.remove('job', 'manual-backup', NAMESPACE);
}

/** The Admin page's pod can list and read the file. */
async function appReadsIt({ kubectl }: Context, name: string): Promise<void> {
  const pod = await kubectl.readyPod(NAMESPACE, APP);
  const { code, stderr } = await kubectl.exec(pod, 'app', ['bash', '-c', `gzip -t "/backups/$1"`, 'bash', name]);
  expect('the app can read the backup in full', code === 0, stderr);
}

/** Every table has the same rows on a server that nothing but the dump came to. */
async function loadsEqually(context: Context, file: string): Promise<void> {
  const live = await query(context, TABLE_CONTENTS);
  const scratch = await ScratchServer.start(context.kubectl);
  try {
    await scratch.load(file);
    const loaded = rows(await scratch.psql(TABLE_CONTENTS));
    expect('every table has the same rows', JSON.stringify(loaded) === JSON.stringify(live), { live, loaded });
    const people = live.find(([table]) => table === '"User"')?.[1];
    expect('the comparison saw rows', Number(people) > 0, live);
  } finally {
    await scratch.stop();
  }
}

/** A backup made by hand is a whole one. */
export const manualBackup: Scenario = {
  name: `kubectl ${COMMAND} writes a dump that another server loads, row for row`,
  needsPlatform: true,
  run,
  restore,
};
