import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finished } from '../../support/process';
import { forgetBackups, makeBackup, prepareBackups, publishedFiles } from '../backups';
import type { Context, Figures, Scenario } from '../context';
import { school } from '../deployment';
import { mooringBackups } from '../mooring-backups';
import { BACKUP, LAYERS, NAMESPACE } from '../school';
import { DATABASE as OWNER } from '../school-secrets';
import { expect } from '../waiting';

/** The label by which a cluster's CronJobs are told from those of another environment. */
const FLUX_LABEL = 'kustomize.toolkit.fluxcd.io/name';

interface Listed {
  readonly name: string;
  readonly verification: string;
  readonly compatibility: string;
  readonly rows: number;
}

async function run(context: Context): Promise<Figures> {
  await prepareBackups(context);
  const first = await makeBackup(context, 'first');
  const created = await mooringBackups(context, ['create']);
  expect('"create" makes a backup', created.code === 0 && created.stdout.includes('backup complete'), created);

  const listing = await mooringBackups(context, ['list', '--json']);
  const [newest, oldest] = listed(listing);
  const names = publishedFiles(context).filter((name) => name.endsWith('.meta.json'));
  expect('"list --json" names both, the newest first', names.length === 2 && oldest?.name === first.name, listing);
  const rows = Object.values(first.rowsOfTable).reduce((sum, each) => sum + each, 0);
  const known = oldest?.verification === 'verified' && oldest.compatibility === 'compatible' && oldest.rows === rows;
  expect('it knows that they are verified and fit the app, and how many rows they have', known, listing.stdout);

  const verified = await mooringBackups(context, ['verify', '--all']);
  expect('"verify --all" reads both and finds them whole', verified.code === 0, verified);

  const meant = ['--yes-i-mean', OWNER.name];
  const other = await mooringBackups(context, ['delete', first.name, '--yes-i-mean', 'another']);
  expect('another database name is refused', other.code === 2 && publishedFiles(context).length === 6, other);
  const deleted = await mooringBackups(context, ['delete', first.name, ...meant]);
  const left = publishedFiles(context);
  const right = deleted.code === 0 && left.length === 3 && left.every((file) => file.startsWith(newest?.name ?? '?'));
  expect('"delete" removes the three files of that one', right, { deleted, left });
  const last = await mooringBackups(context, ['delete', newest?.name ?? '', ...meant]);
  expect('the last verified one stays', last.code === 1 && publishedFiles(context).length === 3, last);
  await refusesOtherClusters(context);
  return {
    '"create"': seconds(created),
    '"list"': seconds(listing),
    '"verify --all" of 2': seconds(verified),
    '"delete"': seconds(deleted),
  };
}

async function restore(context: Context): Promise<void> {
  await label(context, LAYERS.backup);
  await forgetBackups(context);
}

/** A cluster that does not answer, and one that is of another environment: nothing is done there. */
async function refusesOtherClusters(context: Context): Promise<void> {
  const kubeconfig = join(context.workFolder, 'nobody.kubeconfig');
  const cluster = { server: 'https://127.0.0.1:9', 'insecure-skip-tls-verify': true };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'nobody', cluster }],
    contexts: [{ name: 'nobody', context: { cluster: 'nobody', user: 'nobody' } }],
    users: [{ name: 'nobody', user: { token: 'none' } }],
    'current-context': 'nobody',
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const unreachable = await mooringBackups(context, ['create'], { KUBECONFIG: kubeconfig });
  const saysSo = unreachable.code === 3 && unreachable.stderr.includes('context "nobody"');
  expect('a cluster that does not answer ends it with 3', saysSo, unreachable);

  await label(context, 'school-platform-staging-backup');
  const foreign = await mooringBackups(context, ['create']);
  const named = foreign.code === 3 && foreign.stderr.includes('school-platform-staging-backup');
  expect('the cluster of another environment ends it with 3', named, foreign);
  await label(context, LAYERS.backup);
  expect('nothing was made', publishedFiles(context).length === 3, publishedFiles(context));
}

async function label({ kubectl }: Context, kustomization: string): Promise<void> {
  const value = `${FLUX_LABEL}=${kustomization}`;
  await kubectl.output(['label', '--overwrite', 'cronjob', BACKUP, '-n', NAMESPACE, value]);
}

function listed({ stdout }: Finished): readonly Listed[] {
  return (JSON.parse(stdout) as { readonly backups: readonly Listed[] }).backups;
}

function seconds({ milliseconds }: Finished): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** What a person does with backups from a terminal. */
export const backupsManaged: Scenario = {
  name: '"mooring backups" creates, lists, verifies and deletes, keeps the last verified one, and refuses another cluster',
  platform: school,
  run,
  restore,
};
