import { readdirSync } from 'node:fs';
import { killGroup } from '../support/process';
import { archives, BackupRuns, daily, incomplete, unfounded } from './backup-runs';
import { type FaultCount, FaultTable } from './fault-table';

const MOMENTS = 20;

let runs: BackupRuns;
const table = new FaultTable();

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(async () => {
  table.print();
  await runs.end();
});

/** Kills a script with all it started, at moments spread over the time that it takes when it is left alone. */
async function killAtMoments(label: string, script: string, FORMAT: string): Promise<FaultCount> {
  const env = { FORMAT };
  const unharmed = await runs.run({ folder: runs.folder(), database: 'school', env });
  let partials = 0;
  for (let i = 1; i <= MOMENTS; i += 1) {
    const before = { kept: daily(30, 1, Date.now()), expired: daily(40, 31, Date.now()) };
    const folder = runs.folder(...before.expired, ...before.kept);
    const running = runs.start({ folder, database: 'school', script, env });
    // The moment is what is tried: it must not depend on what the script shows of itself.
    await new Promise((resolve) => setTimeout(resolve, (unharmed.milliseconds * (i - Math.random())) / MOMENTS));
    killGroup(running.process, 'SIGKILL');
    await running.finished;
    table.count(label, folder, before, false);
    partials += readdirSync(folder).filter((name) => name.endsWith('.partial')).length;
  }
  // Runs were really killed half-way.
  expect(partials).toBeGreaterThan(0);
  return table.of(label);
}

test.each(['plain', 'custom'])(
  `SIGKILL at ${MOMENTS} random moments never loses a backup nor leaves a half one, format %s`,
  async (format) => {
    expect(await killAtMoments(`as shipped, ${format}`, 'backup.sh', format)).toMatchObject({ lost: 0, wrong: 0 });
  },
  120_000,
);

test('a script that writes under the final name from byte 0 is caught by the same moments', async () => {
  const count = await killAtMoments('final name from byte 0', runs.withoutPartial(), 'plain');
  expect(count.wrong).toBeGreaterThan(0);
}, 120_000);

test('a script that removes old backups before it has a new one is caught by the same moments', async () => {
  const count = await killAtMoments('pruning before the dump', runs.pruningFirst(), 'plain');
  expect(count.lost).toBeGreaterThan(0);
}, 120_000);

/** Points at which a run is killed for certain: each program that it calls, just before and just after. */
const POINTS = [
  'psql',
  'pg_dump',
  'pg_dumpall',
  'zstd',
  'tee',
  'sha256sum',
  'sync',
  'dd',
  'gzip',
  'tail',
  'df',
  'sed',
  'ln',
  'rm',
  'sort',
].flatMap((name) => [
  [name, 'before', `kill -KILL 0`] as const,
  [name, 'after', `${name} "$@"; kill -KILL 0`] as const,
]);

test.each(POINTS)('SIGKILL when %s is called, %s its work, leaves only complete archives', async (name, when, text) => {
  const before = { kept: daily(30, 1, Date.now()), expired: daily(40, 31, Date.now()) };
  const folder = runs.folder(...before.expired, ...before.kept);
  const spared = name === 'pg_dump' ? '[[ $1 == --version ]] && exec pg_dump "$@"; ' : '';
  const finished = await runs.run({ folder, programs: runs.program(name, spared + text) });
  expect(finished.signal).toBe('SIGKILL');
  expect(table.count('as shipped, at each program', folder, before, false)).toEqual({ tried: 1, lost: 0, wrong: 0 });
  const left = readdirSync(folder).filter((file) => ![...before.expired, ...before.kept].includes(file));
  const hasName = name === 'sort' || (name === 'ln' && when === 'after');
  expect(left.filter((file) => archives(folder).includes(file))).toHaveLength(hasName ? 1 : 0);
  const rest = left.filter((file) => !/^school_platform_\d{8}_\d{6}\.(sql\.gz|roles\.sql\.gz|meta\.json)$/.test(file));
  expect(rest.filter((file) => !/^\.school_platform_\d{8}_\d{6}\.[a-z]+\.[A-Za-z0-9-]+\.partial$/.test(file))).toEqual(
    [],
  );
});

test.each([1, 2, 3])(
  'SIGKILL right after name %d of the three is given leaves a backup that counts only when whole',
  async (n) => {
    const folder = runs.folder();
    const counter = runs.path('names');
    const text = `ln "$@"; echo >>'${counter}'; [[ $(wc -l <'${counter}') -lt ${n} ]] || kill -KILL 0`;
    expect((await runs.run({ folder, programs: runs.program('ln', text) })).signal).toBe('SIGKILL');
    const named = readdirSync(folder).filter((name) => !name.endsWith('.partial'));
    expect(named.map((name) => name.replace(/^.*?\./, ''))).toEqual(
      [['sql.gz'], ['roles.sql.gz', 'sql.gz'], ['meta.json', 'roles.sql.gz', 'sql.gz']][n - 1],
    );
    expect([...incomplete(folder), ...unfounded(folder)]).toEqual([]);
  },
);
