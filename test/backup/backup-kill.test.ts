import { readdirSync } from 'node:fs';
import { killGroup } from '../support/process';
import { archives, BackupRuns, incomplete } from './backup-runs';

const MOMENTS = 12;

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

/** How a series of killed runs went. */
interface Killed {
  /** Archives that were there afterwards, under a final name. */
  readonly published: number;
  /** Those of them that are not complete. */
  readonly incomplete: number;
  /** Temporary files that were left. */
  readonly partials: number;
}

/** Kills a script with all it started, at moments spread over the time that it takes when it is left alone. */
async function killAtMoments(script: string): Promise<Killed> {
  const unharmed = await runs.run({ folder: runs.folder(), database: 'school', script: 'backup.sh' });
  const totals = { published: 0, incomplete: 0, partials: 0 };
  for (let i = 1; i <= MOMENTS; i += 1) {
    const folder = runs.folder();
    const running = runs.start({ folder, database: 'school', script });
    await new Promise((resolve) => setTimeout(resolve, (unharmed.milliseconds * i) / (MOMENTS + 1)));
    killGroup(running.process, 'SIGKILL');
    await running.finished;
    const files = readdirSync(folder);
    totals.published += archives(folder).length;
    totals.incomplete += incomplete(folder).length;
    totals.partials += files.filter((name) => name.endsWith('.partial')).length;
    expect(files.length).toBeLessThanOrEqual(1);
  }
  return totals;
}

test(`SIGKILL at ${MOMENTS} moments never leaves a final name that is not a complete archive`, async () => {
  const killed = await killAtMoments('backup.sh');
  expect(killed.incomplete).toBe(0);
  // Runs were really killed half-way.
  expect(killed.partials).toBeGreaterThan(0);
});

test('a script that writes under the final name from byte 0 is caught by the same moments', async () => {
  const script = runs.sabotaged(
    '-$$.partial\n',
    '-$$.partial\n  partial_name=$BACKUP_DIR/$FILE_PREFIX"_"$stamp.sql.gz\n',
  );
  expect((await killAtMoments(script)).incomplete).toBeGreaterThan(0);
});

/** Points at which a run is killed for certain: each program that it calls, just before and just after. */
const POINTS = ['psql', 'pg_dump', 'zstd', 'sync', 'dd', 'gzip', 'tail', 'ln', 'rm', 'sort'].flatMap((name) => [
  [name, 'before', `kill -KILL 0`] as const,
  [name, 'after', `${name} "$@"; kill -KILL 0`] as const,
]);

test.each(POINTS)('SIGKILL when %s is called, %s its work, leaves only complete archives', async (name, _, text) => {
  const folder = runs.folder();
  const spared = name === 'pg_dump' ? '[[ $1 == --version ]] && exec pg_dump "$@"; ' : '';
  const finished = await runs.run({ folder, programs: runs.program(name, spared + text) });
  expect(finished.signal).toBe('SIGKILL');
  expect(incomplete(folder)).toEqual([]);
  expect(archives(folder)).toHaveLength(
    name === 'rm' || name === 'sort' || (name === 'ln' && text !== 'kill -KILL 0') ? 1 : 0,
  );
  const left = readdirSync(folder).filter((file) => !archives(folder).includes(file));
  expect(left.every((file) => /^\.school_platform_\d{8}_\d{6}\.sql\.gz\.[A-Za-z0-9-]+\.partial$/.test(file))).toBe(
    true,
  );
});
