import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import {
  alembicBranches,
  alembicImage,
  artisanImage,
  commandImage,
  gooseImage,
  type MakeImage,
  nameOf,
  prismaImage,
} from './images';
import { type Image, MigrationRuns } from './migration-runs';

describeWithGoProgram(GOOSE, 'states of the table', () => {
  let runs: MigrationRuns;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
  }, 120_000);

  afterAll(async () => {
    await runs.end();
  });

  /** Everything that a gate could have changed. */
  function contents(db: string): Promise<string[][]> {
    return runs.server.query('SELECT oid, relname, relkind FROM pg_class ORDER BY oid', db);
  }

  /** What the gate of an image says is missing, comma-separated; `open` when it lets the pod start. */
  async function missing(image: Image, db: string): Promise<string> {
    const before = await contents(db);
    const { code, message } = await runs.gate(image, db);
    expect(await contents(db)).toEqual(before);
    if (code === 0) {
      return 'open';
    }
    expect(code).toBe(1);
    return /not applied: (.*); waited 0 s; why: kubectl -n market describe pod -l app\.kubernetes\.io\/name=shop-migrate$/m.exec(
      message,
    )?.[1] as string;
  }

  /** Brings a database to a state, as the tool itself does. */
  type Prepare = (db: string, make: MakeImage, table: string) => Promise<void>;

  async function migrate(image: Image, db: string, code = 0): Promise<void> {
    const { message, ...outcome } = await runs.job(image, db);
    expect([outcome.code, message]).toEqual([code, code === 0 ? '' : expect.stringMatching('division by zero')]);
  }

  const STATES: Readonly<Record<string, Prepare>> = {
    'no table': async () => undefined,
    empty: async (db, make, table) => {
      await migrate(make(runs, [1]), db);
      await runs.server.query(`DELETE FROM ${table}; DROP TABLE t1`, db);
    },
    older: (db, make) => migrate(make(runs, [1]), db),
    gap: (db, make) => migrate(make(runs, [1, 3]), db),
    equal: (db, make) => migrate(make(runs, [1, 2, 3]), db),
    newer: (db, make) => migrate(make(runs, [1, 2, 3, 4]), db),
    'failed half way': async (db, make) => {
      await migrate(make(runs, [1, 2]), db);
      await migrate(make(runs, [1, 2, { number: 3, sql: 'CREATE TABLE t3 (id int); SELECT 1 / 0;' }]), db, 1);
    },
  };

  const sql = (number: number) => `${nameOf(number)}.sql`;

  describe.each<[string, MakeImage, string, Readonly<Record<string, string>>]>([
    [
      'goose',
      gooseImage,
      'goose_db_version',
      {
        'no table': [sql(1), sql(2), sql(3)].join(', '),
        empty: [sql(1), sql(2), sql(3)].join(', '),
        older: [sql(2), sql(3)].join(', '),
        gap: sql(2),
        equal: 'open',
        newer: 'open',
        'failed half way': sql(3),
      },
    ],
    [
      'prisma',
      prismaImage,
      '_prisma_migrations',
      {
        'no table': [nameOf(1), nameOf(2), nameOf(3)].join(', '),
        empty: [nameOf(1), nameOf(2), nameOf(3)].join(', '),
        older: [nameOf(2), nameOf(3)].join(', '),
        gap: nameOf(2),
        equal: 'open',
        newer: 'open',
        'failed half way': `${nameOf(3)} (failed half way)`,
      },
    ],
    [
      'alembic',
      alembicImage,
      'alembic_version',
      {
        'no table': 'rev3 (head), rev2, rev1',
        empty: 'rev3',
        older: 'rev3',
        equal: 'open',
        newer: 'open',
        'failed half way': 'rev3',
      },
    ],
  ])('the gate of an image with three migrations of %s', (_, make, table, expected) => {
    test.each(Object.entries(expected))('%s: %s', async (state, what) => {
      const db = await runs.database();
      await STATES[state]?.(db, make, table);
      expect(await missing(make(runs, [1, 2, 3]), db)).toBe(what);
    });
  });

  // PHP and Laravel are not here: the table is made as Laravel's DatabaseMigrationRepository makes it.
  const LARAVEL =
    'CREATE TABLE migrations (id serial PRIMARY KEY, migration varchar(255) NOT NULL, batch int NOT NULL);';
  const OWN = 'CREATE TABLE done (name text, state text);';

  function rows(table: string, columns: string, more: string, numbers: readonly number[]): string {
    return numbers
      .map((number) => `INSERT INTO ${table} (${columns}) VALUES ('${nameOf(number)}', ${more});`)
      .join(' ');
  }
  const laravel = (...numbers: number[]) => LARAVEL + rows('migrations', 'migration, batch', '1', numbers);
  const own = (...numbers: number[]) => OWN + rows('done', 'name, state', "'good'", numbers);
  const all = [nameOf(1), nameOf(2), nameOf(3)].join(', ');

  describe.each<[string, MakeImage, Readonly<Record<string, readonly [sql: string, what: string]>>]>([
    [
      'artisan',
      artisanImage,
      {
        'no table': ['SELECT 1', all],
        empty: [laravel(), all],
        older: [laravel(1), [nameOf(2), nameOf(3)].join(', ')],
        gap: [laravel(1, 3), nameOf(2)],
        equal: [laravel(1, 2, 3), 'open'],
        newer: [laravel(1, 2, 3, 4), 'open'],
        // On PostgreSQL Laravel runs a migration in a transaction, and adds its row after it.
        'failed half way': [laravel(1, 2), nameOf(3)],
      },
    ],
    [
      'command',
      commandImage,
      {
        'no table': ['SELECT 1', all],
        empty: [own(), all],
        older: [own(1), [nameOf(2), nameOf(3)].join(', ')],
        gap: [own(1, 3), nameOf(2)],
        equal: [own(1, 2, 3), 'open'],
        newer: [own(1, 2, 3, 4), 'open'],
        'failed half way': [`${own(1, 2)} INSERT INTO done VALUES ('${nameOf(3)}', 'bad')`, nameOf(3)],
        'a nameless row': [`${own(1, 2)} INSERT INTO done VALUES (NULL, 'good')`, nameOf(3)],
      },
    ],
  ])('the gate of an image with three migrations of %s, its table made with SQL', (_, make, states) => {
    test.each(Object.entries(states))('%s', async (_state, [statements, what]) => {
      const db = await runs.database();
      await runs.server.query(statements, db);
      expect(await missing(make(runs, [1, 2, 3]), db)).toBe(what);
    });
  });

  describe('Alembic with two branches', () => {
    const both = () =>
      alembicBranches(runs, [
        [1, 2],
        [3, 4],
      ]);

    test('waits for the second one', async () => {
      const db = await runs.database();
      await migrate(alembicBranches(runs, [[1, 2]]), db);
      expect(await missing(both(), db)).toBe('rev4');
    });

    test('takes a revision that it does not know for a newer one', async () => {
      const db = await runs.database();
      await migrate(
        alembicBranches(runs, [
          [1, 2, 5],
          [3, 4],
        ]),
        db,
      );
      expect(await missing(both(), db)).toBe('open');
    });

    test('still waits when one branch is newer and the other one older', async () => {
      const db = await runs.database();
      await migrate(alembicBranches(runs, [[1, 2, 5], [3]]), db);
      // Alembic knows no order between branches.
      expect((await missing(both(), db)).split(', ').sort()).toEqual(['rev2', 'rev4']);
    });
  });

  test('a version that goose took back is not applied, as new and old versions of goose record it', async () => {
    const db = await runs.database();
    const image = gooseImage(runs, [1, 2]);
    await migrate(image, db);
    await runs.server.query('INSERT INTO goose_db_version (version_id, is_applied) VALUES (20260102, false)', db);
    expect(await missing(image, db)).toBe(sql(2));
  });

  test('a migration that Prisma was told to take back is not applied', async () => {
    const db = await runs.database();
    const image = prismaImage(runs, [1, 2]);
    await migrate(image, db);
    await runs.server.query(
      `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${nameOf(2)}'`,
      db,
    );
    expect(await missing(image, db)).toBe(nameOf(2));
  });
});
