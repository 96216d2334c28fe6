import { readdirSync, writeFileSync } from 'node:fs';
import { run, start, until } from '../support/process';
import { BackupRuns, halfWritten, newestMetadata, unfounded } from './backup-runs';

const PRISMA = {
  MIGRATION_TOOL: 'prisma',
  MIGRATION_TABLE: 'public._prisma_migrations',
  MIGRATION_QUERY: 'SELECT name AS id FROM public._prisma_migrations ORDER BY name',
};

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

describe('migrations that were applied', () => {
  async function noted(env: Record<string, string>): Promise<{ stderr: string; known: unknown }> {
    const folder = runs.folder();
    const { code, stderr } = await runs.run({ folder, env });
    expect(code).toBe(0);
    const { migrationTool, migrationId, migrationCount } = newestMetadata(folder);
    return { stderr, known: [migrationTool, migrationId, migrationCount] };
  }

  test('are unknown when nobody says how they are noted', async () => {
    expect(await noted({})).toEqual({ stderr: '', known: [null, null, null] });
  });

  test('are none while their table is missing', async () => {
    expect(await noted(PRISMA)).toEqual({ stderr: '', known: ['prisma', null, 0] });
  });

  test('are counted, and the newest is noted', async () => {
    await runs.server.query(
      `CREATE TABLE _prisma_migrations (name text); INSERT INTO _prisma_migrations VALUES ('2_b'), ('3_"c"'), ('1_a')`,
      'tiny',
    );
    expect(await noted(PRISMA)).toEqual({ stderr: '', known: ['prisma', '3_"c"', 3] });
  });

  test.each(['', ';', '; -- all'])(
    'that cannot be read are unknown, and no reason to have no backup, behind the query "%s"',
    async (end) => {
      const MIGRATION_QUERY = `SELECT nothing FROM public._prisma_migrations${end}`;
      expect(await noted({ ...PRISMA, MIGRATION_QUERY })).toEqual({
        stderr: expect.stringMatching(/^the migrations are unknown: ERROR: {2}column "nothing" does not exist/),
        known: [null, null, null],
      });
    },
  );
});

/** Reads the large table again and again; the answer is the longest wait in milliseconds. */
function readers(): { stop(): Promise<number> } {
  let isOver = false;
  let longest = 0;
  const reading = (async () => {
    while (!isOver) {
      const begun = performance.now();
      await runs.server.query('SELECT 1 FROM evidence LIMIT 1', 'school');
      longest = Math.max(longest, performance.now() - begun);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await reading;
      return longest;
    },
  };
}

const WAITING = `SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`;

/** A pg_dump that waits for the file `gate` before it begins, or after the first bytes. */
function gated(gate: string, when: 'before' | 'in the middle'): string {
  const wait = `until [[ -e '${gate}' ]]; do sleep 0.02; done`;
  const dump = when === 'before' ? `${wait}; exec pg_dump "$@"` : `pg_dump "$@" | { head -c 9000000; ${wait}; cat; }`;
  return runs.program('pg_dump', `[[ $1 != --version ]] || exec pg_dump "$@"; ${dump}`);
}

test('a migration that tries again with a lock_timeout stops no reader for long while a dump goes on', async () => {
  const [folder, gate] = [runs.folder(), runs.path('gate')];
  const script = runs.start({ folder, database: 'school', programs: gated(gate, 'in the middle') });
  await halfWritten(folder);
  const reading = readers();
  const alter = `SET lock_timeout = '1s'; ALTER TABLE evidence ADD COLUMN more int`;
  const tries: (number | null)[] = [];
  for (let i = 0; i < 3; i += 1) {
    tries.push(
      (await run('psql', ['-Xqd', 'school', '-v', 'ON_ERROR_STOP=1', '-c', alter], { env: runs.server.env })).code,
    );
  }
  writeFileSync(gate, '');
  expect(await script.finished).toMatchObject({ code: 0, stderr: '' });
  await runs.server.query(alter, 'school');
  expect(tries).toEqual([1, 1, 1]);
  expect(await reading.stop()).toBeLessThan(5_000);
  expect(unfounded(folder)).toEqual([]);
});

test('a migration that waits in front of pg_dump is let go first, and no reader waits 5 s', async () => {
  const [folder, gate] = [runs.folder(), runs.path('gate')];
  const script = runs.start({ folder, database: 'school', programs: gated(gate, 'before') });
  const locks = `SELECT 1 FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = 'evidence'::regclass`;
  await until('the backup has its snapshot', async () => (await runs.server.query(locks, 'school')).length > 0);
  const reading = readers();
  const migration = start('psql', ['-Xqd', 'school', '-c', 'ALTER TABLE evidence ADD COLUMN again int'], {
    env: runs.server.env,
  });
  await until('the migration waits', async () => (await runs.server.query(WAITING, 'school')).length > 0);
  writeFileSync(gate, '');
  expect(await migration.finished).toMatchObject({ code: 0 });
  const finished = await script.finished;
  expect([finished.code, finished.stderr]).toEqual([0, expect.stringMatching(/^trying again: /)]);
  expect(await reading.stop()).toBeLessThan(5_000);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(unfounded(folder)).toEqual([]);
});

test('rows that are added, and tables that are emptied, while the dump runs are not counted', async () => {
  const [folder, gate] = [runs.folder(), runs.path('gate')];
  const script = runs.start({ folder, programs: gated(gate, 'before') });
  const locks = `SELECT 1 FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = 'student'::regclass`;
  await until('the backup has its snapshot', async () => (await runs.server.query(locks, 'tiny')).length > 0);
  await runs.server.query('INSERT INTO student SELECT 2 FROM generate_series(1, 9)', 'tiny');
  await expect(runs.server.query(`SET lock_timeout = '100ms'; TRUNCATE student`, 'tiny')).rejects.toThrow(
    'lock timeout',
  );
  writeFileSync(gate, '');
  expect(await script.finished).toMatchObject({ code: 0 });
  expect(newestMetadata(folder)).toMatchObject({ rowsOfTable: { 'public.student': 1 } });
});
