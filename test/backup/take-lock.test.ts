import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { removeFolder, run, scratchFolder } from '../support/process';

const SCRIPTS = resolve(__dirname, '../../lib/backup/scripts');

const TAKE_LOCK = `
  set -Eeuo pipefail
  TASK=test RUN_DIR=
  . "$1/common.sh"
  . "$1/server.sh"
  begin_run test
  make_scratch
  take_lock restore postgres a b || printf 'status %d: %s\\n' "$?" "$(said "$scratch/psql")"`;

let folder: string;

beforeEach(async () => {
  folder = await scratchFolder();
});

afterEach(() => removeFolder(folder));

test('a psql that is gone before it is told to let the lock go does not stop the script', async () => {
  const psql = join(folder, 'psql');
  writeFileSync(psql, '#!/bin/bash\nexec 0<&-\necho "no entry" >&2\nexit 2\n');
  chmodSync(psql, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, PGDATABASE: 'school' };
  const finished = await run('bash', ['-c', TAKE_LOCK, 'bash', SCRIPTS], { env });
  expect([finished.code, finished.stdout]).toEqual([0, 'status 2: no entry\n']);
});
