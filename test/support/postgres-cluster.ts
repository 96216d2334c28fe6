import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Flavour } from './postgres-programs';
import { removeFolder, run, scratchFolder } from './process';

/** A cluster to be made. */
export interface ClusterOptions {
  readonly flavour: Flavour;
  /** Folder of `initdb`. */
  readonly binFolder: string;
  /** The data folder, which must not exist. */
  readonly folder: string;
  /** Of the superuser `postgres`. */
  readonly password: string;
}

/** Makes a cluster. In a run of jest `initdb` runs once for each PostgreSQL; every cluster is a copy of its result. */
export async function makeCluster(options: ClusterOptions): Promise<void> {
  const { flavour, folder } = options;
  // jest's `globalSetup` names a folder of the run.
  const templates = process.env.CLUSTER_TEMPLATES;
  if (templates === undefined) {
    return initdb(options);
  }
  const template = join(templates, flavour);
  if (!existsSync(template)) {
    await makeTemplate(template, options);
  }
  const copied = await run('cp', ['-a', template, folder]);
  if (copied.code !== 0) {
    throw new Error(`the cluster cannot be copied: ${copied.stderr}`);
  }
}

async function makeTemplate(template: string, options: ClusterOptions): Promise<void> {
  const scratch = await scratchFolder();
  const folder = join(scratch, 'data');
  await initdb({ ...options, folder });
  try {
    renameSync(folder, template);
  } catch (error) {
    // Another worker may have made it meanwhile.
    if (!existsSync(template)) {
      throw error;
    }
  }
  removeFolder(scratch);
}

async function initdb({ binFolder, folder, password }: ClusterOptions): Promise<void> {
  const made = await run(
    'sh',
    [
      '-c',
      'printf %s "$1" | "$2" -D "$3" -U postgres --pwfile=/dev/stdin -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync',
      'sh',
      password,
      join(binFolder, 'initdb'),
      folder,
    ],
    { unprivileged: true },
  );
  if (made.code !== 0) {
    throw new Error(`initdb failed: ${made.stderr}${made.stdout}`);
  }
}
