import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finished } from '../support/process';
import { type BackupRuns, daily } from './backup-runs';
import { type Fault, FaultRuns, LEVEL } from './fault-runs';

let faults: FaultRuns;
let runs: BackupRuns;

beforeAll(async () => {
  faults = await FaultRuns.begin();
  runs = faults.runs;
});

afterAll(() => faults.end());

/** A run whose compressor's output is changed on its way to the disk. */
function damaged(folder: string, filter: string, FORMAT = 'plain', script = 'backup.sh'): Promise<Finished> {
  return runs.run({ folder, script, programs: faults.compressor(`zstd "$@" | ${filter}`), env: { ...LEVEL, FORMAT } });
}

/** A run whose pg_dump is this text; `pg_dump --version` is the real one. */
function otherDump(folder: string, text: string, FORMAT = 'plain'): Promise<Finished> {
  const programs = runs.program('pg_dump', `[[ $1 != --version ]] || exec pg_dump "$@"; ${text}`);
  return runs.run({ folder, programs, env: { FORMAT } });
}

const FLIP = `{ head -c 300; head -c 1 | tr '\\000-\\377' '\\001-\\377\\000'; cat; }`;

const FAULTS: readonly Fault[] = [
  [
    'the archive loses its end',
    7,
    /^the archive cannot be read back: gzip -dc ended with status 1: .*end of file/,
    (folder) => damaged(folder, 'head -c 400'),
  ],
  [
    'a custom archive loses its end',
    7,
    /^the archive cannot be read back: zstd -dc ended with status 1: .*premature end/,
    (folder) => damaged(folder, 'head -c 400', 'custom'),
  ],
  [
    'a bit of the archive flips',
    7,
    /^the archive cannot be read back: gzip -dc ended with status 1: /,
    (folder) => damaged(folder, FLIP),
  ],
  [
    'a bit of a custom archive flips',
    7,
    /^the archive cannot be read back: (zstd -dc|pg_restore) ended with status 1: /,
    (folder) => damaged(folder, FLIP, 'custom'),
  ],
  [
    'something is written behind the archive',
    7,
    /^the archive cannot be read back: gzip -dc ended with status 2: .*trailing garbage/,
    (folder) => damaged(folder, '{ cat; echo more; }'),
  ],
  [
    'the disk gives back other bytes than it got',
    7,
    'the archive cannot be read back: the disk has other bytes than were written',
    (folder) => {
      // The time in the header of gzip: no checksum covers it.
      const text = 'case "$*" in *.archive.*) for each; do path=$' + '{each#if=}; [[ $each != if=* ]] || break; done';
      const change = `printf x | dd of="$path" bs=1 seek=5 conv=notrunc status=none ;; esac; exec dd "$@"`;
      return runs.run({ folder, programs: runs.program('dd', `${text}; ${change}`) });
    },
  ],
  [
    'pg_dump ends early and says it did well',
    7,
    'the archive cannot be read back: the dump has no end marker, so a part of it is missing',
    (folder) => otherDump(folder, 'pg_dump "$@" | head -n 20'),
  ],
  [
    'pg_dump ends early in a custom archive and says it did well',
    7,
    /^the archive cannot be read back: pg_restore ended with status 1: /,
    (folder) => otherDump(folder, 'pg_dump "$@" | head -c 1000', 'custom'),
  ],
  [
    'pg_dump writes nothing and says it did well',
    7,
    /the dump has no end marker/,
    (folder) => otherDump(folder, 'exit 0'),
  ],
  [
    'pg_dump writes nothing for a custom archive and says it did well',
    7,
    /^the archive cannot be read back: pg_restore ended with status 1: .*input file is too short/,
    (folder) => otherDump(folder, 'exit 0', 'custom'),
  ],
  [
    'the end marker stands in the last row, and nothing follows',
    7,
    /the dump has no end marker/,
    (folder) => otherDump(folder, 'echo "-- PostgreSQL database dump complete"'),
  ],
  [
    'the archive cannot be written out',
    7,
    'sync: Input/output error',
    (folder) => runs.run({ folder, programs: runs.program('sync', 'echo "sync: Input/output error" >&2; exit 1') }),
  ],
  [
    'the archive cannot get its name',
    8,
    /cannot be given its name: mv: Input\/output error$/,
    (folder) => {
      const programs = runs.program('ln', 'exit 1');
      writeFileSync(
        join(programs, 'mv'),
        '#!/bin/sh\n[ "$1" != -nT ] || { echo "mv: Input/output error" >&2; exit 1; }\nexec /bin/mv "$@"\n',
        { mode: 0o755 },
      );
      return runs.run({ folder, programs });
    },
  ],
];

test.each(FAULTS)('when %s, the exit code is %d, the reason is told, and no file is touched', (...fault) =>
  faults.expectRefusal(fault),
);

test('a script that removes old backups before it has a new one is caught by such faults', async () => {
  const script = runs.pruningFirst();
  for (const filter of ['head -c 400', FLIP]) {
    const old = daily(40, 1, Date.now());
    const folder = runs.folder(...old);
    const finished = await damaged(folder, filter, 'plain', script);
    faults.table.count('pruning before the dump', folder, { kept: old, expired: [] }, finished.code === 0);
  }
  expect(faults.table.of('pruning before the dump').lost).toBeGreaterThan(0);
});
