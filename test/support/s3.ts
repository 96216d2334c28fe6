import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith } from './go-program';
import { VERSITYGW } from './go-tools';
import { freePort } from './postgres';
import { killGroup, removeFolder, scratchFolder, start, until } from './process';

/** A real S3 server of the test's own, on loopback. */
export interface S3Server {
  readonly port: number;
  /** `S3_ENDPOINT`, `S3_BUCKET`, `S3_ACCESS_KEY_ID`, `S3_SECRET_ACCESS_KEY` as the scripts read them. */
  readonly env: Record<'S3_ENDPOINT' | 'S3_BUCKET' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY', string>;
  /** Folder with the bucket's objects: files by their keys, in which a test reads the truth. */
  readonly bucketFolder: string;
  /** Stops the server and removes what it stored. */
  stop(): Promise<void>;
}

/** How the server differs from one that takes everything. */
export interface S3Options {
  /** Refuses every change. @default false */
  readonly readOnly?: boolean;
  /** Bytes that a file of the server may have: beyond that writing fails, as on a full disk. @default - no limit */
  readonly largestFile?: number;
}

const ACCESS_KEY = 'AKIAMOORINGTEST';
/** No test may find it in what a script prints. */
const SECRET_KEY = 'quite/secret+key';
const BUCKET = 'backups';

/** Starts an S3 server with one empty bucket. */
export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const folder = await scratchFolder();
  const bucketFolder = join(folder, 'objects', BUCKET);
  const attributes = join(folder, 'attributes');
  mkdirSync(bucketFolder, { recursive: true });
  mkdirSync(attributes);
  const port = await freePort();
  const limit = options.largestFile === undefined ? 'unlimited' : String(options.largestFile);
  const server = start(
    'prlimit',
    [
      `--fsize=${limit}`,
      join(folderWith(VERSITYGW), 'versitygw'),
      `--port=127.0.0.1:${port}`,
      '--health=/health',
      '--quiet',
      ...(options.readOnly ? ['--readonly'] : []),
      'posix',
      // Extended attributes do not exist on every file system.
      `--sidecar=${attributes}`,
      join(folder, 'objects'),
    ],
    { env: { ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY } },
  );
  await until(`the S3 server answers on port ${port}`, async () => {
    if (server.process.exitCode !== null || server.process.signalCode !== null) {
      const { stdout, stderr } = await server.finished;
      throw new Error(`versitygw ended: ${stdout}${stderr}`);
    }
    return (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok ?? false;
  });
  return {
    port,
    env: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY_ID: ACCESS_KEY,
      S3_SECRET_ACCESS_KEY: SECRET_KEY,
    },
    bucketFolder,
    stop: async () => {
      killGroup(server.process, 'SIGKILL');
      await server.finished;
      removeFolder(folder);
    },
  };
}
