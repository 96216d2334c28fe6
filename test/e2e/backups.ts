import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './context';
import { fillDatabase } from './database';
import { removeJobs, runJob } from './jobs';
import { BACKUP } from './school';
import { expect } from './waiting';
import { Webhook } from './webhook';

/** Where the backups lie on the file server. */
const FOLDER = '/school/backups';

/** What the scenarios read of a sidecar. */
export interface Sidecar {
  readonly name: string;
  readonly kind: string;
  readonly file: string;
  readonly rolesFile: string;
  readonly bytes: number;
  readonly rowsOfTable: Readonly<Record<string, number>>;
}

/** Path of a file of the backups on this machine. */
export function backupPath({ volumes }: Context, name: string): string {
  return join(volumes.path(FOLDER), name);
}

/** Names of all that lies among the backups. */
export function backupFiles(context: Context): string[] {
  return readdirSync(backupPath(context, '')).sort();
}

/** Those that count: a run that was killed leaves hidden ones, which a later run sweeps. */
export function publishedFiles(context: Context): string[] {
  return backupFiles(context).filter((name) => !name.startsWith('.'));
}

/** What the sidecars say, oldest first. */
export function sidecars(context: Context): Sidecar[] {
  return backupFiles(context)
    .filter((name) => name.endsWith('.meta.json'))
    .map((name) => JSON.parse(readFileSync(backupPath(context, name), 'utf8')) as Sidecar);
}

/** A database with rows, an empty folder of backups, and a channel that has said nothing yet. */
export async function prepareBackups(context: Context): Promise<Webhook> {
  await fillDatabase(context);
  removeBackups(context);
  return Webhook.start(context.kubectl);
}

/** Makes a backup by hand. @returns its sidecar */
export async function makeBackup(context: Context, job: string): Promise<Sidecar> {
  const { complete } = await runJob(context, BACKUP, job);
  expect(`Job ${job} is complete`, complete, complete);
  const made = sidecars(context).at(-1);
  if (made === undefined) {
    throw new Error(`Job ${job} is complete, but there is no sidecar`);
  }
  return made;
}

/** Leaves no Jobs, no backups and no webhook. */
export async function forgetBackups(context: Context): Promise<void> {
  await removeJobs(context);
  removeBackups(context);
  await Webhook.remove(context.kubectl);
}

function removeBackups(context: Context): void {
  for (const name of backupFiles(context)) {
    rmSync(backupPath(context, name), { recursive: true });
  }
}

/** The first line of a message, which people know it by. */
export function firstLine(message: string | undefined): string {
  return message?.split('\n')[0] ?? 'no message';
}
