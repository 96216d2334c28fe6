import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/process';
import { PREFIX, RestoreRuns } from './restore-runs';

let runs: RestoreRuns;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
  await runs.makeSchool(10);
});

afterAll(() => runs.end());

test('an adopted backup brings its roles along, to a server that has none of them', async () => {
  const name = await runs.backup('custom');
  const contents = await runs.contents();
  // As a run leaves it that is killed before the metadata have their name.
  rmSync(join(runs.folder, `${name}.meta.json`));
  const verify = await run('bash', [join(runs.scratch, 'scripts/catalogue.sh'), 'verify', '--all'], {
    unprivileged: true,
    env: {
      ...runs.server.env,
      PGDATABASE: 'school',
      FILE_PREFIX: PREFIX,
      BACKUP_DIR: runs.folder,
      TMPDIR: runs.scratch,
    },
  });
  expect([verify.code, verify.stderr]).toEqual([0, `adopted: ${name}\nverify complete: 1 backups, all whole\n`]);
  const other = await RestoreRuns.begin();
  try {
    const finished = await other.run(['restore', name], { BACKUP_DIR: runs.folder, SAFETY_BACKUP: 'no' });
    expect([finished.code, other.left('restore.result')]).toEqual([0, expect.stringMatching(/^ok\n/)]);
    expect(await other.contents()).toEqual(contents);
  } finally {
    await other.end();
  }
});
