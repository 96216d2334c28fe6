import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RestoreRuns } from './restore-runs';

let runs: RestoreRuns;
let name: string;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
  await runs.makeSchool(10);
  name = await runs.backup('custom');
});

afterEach(() => runs.tidy());

afterAll(() => runs.end());

/** A PATH with a `psql` that is refused so often, from the one on that would describe the schema. */
function refused(times: number): string {
  const folder = join(runs.scratch, `refused-${times}`);
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const refuse = `#!/usr/bin/env bash
PATH=\${PATH#*:}
folder=$(dirname "$0")
if [[ $* == *'-d school_restore_'* && $* != *' -f '* ]]; then
  cat >"$folder/statements"
  exec <"$folder/statements"
  ! grep -q 'WITH plain' "$folder/statements" || touch "$folder/full"
fi
if [[ -e $folder/full && $* != *'-v name='* ]]; then
  echo >>"$folder/count"
  if (($(wc -l <"$folder/count") <= ${times})); then
    echo 'psql: error: FATAL:  sorry, too many clients already' >&2
    exit 2
  fi
fi
exec psql "$@"
`;
  writeFileSync(join(folder, 'psql'), refuse);
  chmodSync(join(folder, 'psql'), 0o755);
  return [folder, runs.server.binFolder, process.env.PATH].join(':');
}

// What was not read must not pass for a schema that a server of another major only writes differently.
test.each([1, 2])('a restore whose schema cannot be read is refused, when %d sessions find no room', async (times) => {
  const before = await runs.contents();
  const finished = await runs.run(['restore', name], { PATH: refused(times) });
  expect([finished.code, finished.stderr]).toEqual([
    11,
    'restore failed: the schema that was restored cannot be read: psql: error: FATAL:  sorry, too many clients already\n',
  ]);
  expect([await runs.contents(), await runs.databases()]).toEqual([before, ['school']]);
});
