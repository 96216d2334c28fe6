import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlGrammar, SchemaFile } from '../../lib/workload/schema/schema-file';
import { freePort, type PostgresServer, startPostgres } from '../support/postgres';
import {
  type Finished,
  killGroup,
  type Running,
  removeFolder,
  run,
  scratchFolder,
  start,
  until,
} from '../support/process';

const SCHOOL = join(__dirname, '../../platforms/school-platform/schema.sql');

let server: PostgresServer;
let folder: string;
let count = 0;
const started: Running[] = [];

beforeAll(async () => {
  await loadSqlGrammar();
  server = await startPostgres();
  folder = await scratchFolder();
  mkdirSync(join(folder, 'tmp'), { mode: 0o777 });
  await run('chmod', ['777', join(folder, 'tmp')]);
});

afterAll(async () => {
  // A test that failed can have left its script waiting.
  for (const running of started) {
    killGroup(running.process, 'SIGKILL');
  }
  await server.stop();
  removeFolder(folder);
});

function school(): SchemaFile {
  return SchemaFile.fromFile(SCHOOL);
}

/** A new, empty database. */
async function database(): Promise<string> {
  const name = `db${++count}`;
  await server.query(`CREATE DATABASE ${name}`);
  return name;
}

/** Starts the script as a pod does: an unprivileged user that may write below one folder only. */
function startSync(db: string, schema: SchemaFile | string, env: Record<string, string> = {}): Running {
  const file = typeof schema === 'string' ? SchemaFile.fromText(schema, 'schema.sql') : schema;
  const mounted = join(folder, `mounted${++count}`);
  mkdirSync(mounted);
  for (const [name, text] of Object.entries(file.configMapData())) {
    writeFileSync(join(mounted, name), text);
  }
  const running = start('bash', [join(mounted, 'schema-sync.sh')], {
    unprivileged: true,
    cwd: '/',
    env: { ...server.env, PGDATABASE: db, TMPDIR: join(folder, 'tmp'), WAIT_SECONDS: '60', HOME: '/none', ...env },
  });
  started.push(running);
  return running;
}

function sync(db: string, schema: SchemaFile | string, env: Record<string, string> = {}): Promise<Finished> {
  return startSync(db, schema, env).finished;
}

/** Awaits a text in what a running command prints. */
async function printed(running: Running, text: string): Promise<void> {
  let seen = '';
  running.process.stdout?.on('data', (part: string) => {
    seen += part;
  });
  await until(`the script prints "${text}"`, () => seen.includes(text));
}

/** A session that holds what its statements take, until it is released. */
async function holding(db: string, sql: string): Promise<{ release(): Promise<void> }> {
  const name = `holder${++count}`;
  const session = start(
    'psql',
    ['-XAtq', '-c', sql, '-c', "COMMENT ON DATABASE postgres IS ''; SELECT pg_sleep(600)"],
    {
      env: { ...server.env, PGDATABASE: db, PGAPPNAME: name },
    },
  );
  const its = `FROM pg_stat_activity WHERE application_name = '${name}'`;
  await until(`${name} holds its locks`, async () => {
    return (await server.query(`SELECT 1 ${its} AND query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'`)).length > 0;
  });
  return {
    release: async () => {
      await server.query(`SELECT pg_terminate_backend(pid) ${its}`);
      await session.finished;
    },
  };
}

/** What a dump holds while it runs. */
function dumping(db: string, tables: string): Promise<{ release(): Promise<void> }> {
  return holding(db, `BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE ${tables} IN ACCESS SHARE MODE`);
}

/** Tables, columns, indexes, constraints and labels of a database, as text. */
function structure(db: string): Promise<string[][]> {
  return server.query(
    `SELECT 'column', attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
       WHERE relnamespace >= 2200 AND attnum > 0 AND NOT attisdropped
     UNION ALL SELECT 'constraint', conrelid::regclass, conname FROM pg_constraint
     UNION ALL SELECT 'label', enumtypid::regtype::oid::regclass, enumlabel FROM pg_enum
     ORDER BY 1, 2, 3`,
    db,
  );
}

const TABLE = 'CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY);\n';

test('ten pods that start at once make one schema, and one of them applies it', async () => {
  const db = await database();
  const first = await Promise.all(Array.from({ length: 10 }, () => sync(db, school())));
  expect(first.map(({ code, stderr }) => [code, stderr])).toEqual(Array(10).fill([0, '']));
  expect(first.filter(({ stdout }) => stdout.includes('was applied'))).toHaveLength(1);
  const before = await structure(db);
  expect(before.length).toBeGreaterThan(150);

  const second = await Promise.all(Array.from({ length: 10 }, () => sync(db, school())));
  expect(second.map(({ code }) => code)).toEqual(Array(10).fill(0));
  expect(second.filter(({ stdout }) => stdout.includes('is in force'))).toHaveLength(10);
  expect(await structure(db)).toEqual(before);
  expect(await server.query('SELECT name, sha256 FROM mooring.schema_sync', db)).toEqual([
    ['schema.sql', school().sha256],
  ]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('a second start takes no lock: it ends while every table is locked', async () => {
  const db = await database();
  await sync(db, school());
  const tables = (
    await server.query("SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200", db)
  )
    .flat()
    .join(', ');
  const holder = await holding(db, `BEGIN; LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`);
  try {
    const again = await sync(db, school(), { LOCK_TIMEOUT: '5min' });
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.milliseconds).toBeLessThan(10_000);
    // A changed comment changes the file, but none of its statements has anything to do.
    const commented = SchemaFile.fromText(`${school().text.replace(/INSERT INTO[^;]*;/, '')}-- later\n`, 'schema.sql');
    expect(await sync(db, commented, { LOCK_TIMEOUT: '5min' })).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await holder.release();
  }
});

test('during a dump an unchanged file passes, a changed function too, a new column gives way', async () => {
  const db = await database();
  const base = `${TABLE}ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;\n`;
  const version = (n: number) => `CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ${n}';\n`;
  expect((await sync(db, base + version(1))).code).toBe(0);
  const dump = await dumping(db, 't');
  const grown = `${base}${version(2)}ALTER TABLE t ADD COLUMN IF NOT EXISTS b int;\n`;
  try {
    expect(await sync(db, base + version(1), { LOCK_TIMEOUT: '5min' })).toMatchObject({ code: 0, stderr: '' });
    expect(await sync(db, base + version(2), { LOCK_TIMEOUT: '5min' })).toMatchObject({ code: 0, stderr: '' });
    expect(await server.query('SELECT f()', db)).toEqual([['2']]);

    const refused = await sync(db, grown, { LOCK_TIMEOUT: '100ms', LOCK_ATTEMPTS: '2' });
    expect(refused.code).toBe(6);
    expect(refused.stdout).toMatch(
      /attempt 1 of 2 waited 100ms in vain; open transactions: pid \d+ holder\d+ of postgres/,
    );
    expect(refused.stderr).toMatch(
      /in use at each of 2 attempts, e\.g\. by a dump; nothing was changed: psql:schema\.sql:4: ERROR: {2}canceling/,
    );
  } finally {
    await dump.release();
  }
  expect(await sync(db, grown)).toMatchObject({ code: 0, stderr: '' });
});

test('readers never wait longer than the lock timeout for a change that cannot be made', async () => {
  const db = await database();
  await sync(db, TABLE);
  const dump = await dumping(db, 't');
  const reading = `SELECT clock_timestamp() AS began \\gset
    SELECT count(*) FROM t \\g /dev/null
    SELECT extract(epoch FROM clock_timestamp() - :'began'::timestamptz) * 1000; SELECT pg_sleep(0.01) \\g /dev/null\n`;
  const reader = start('psql', ['-XAtq'], {
    env: { ...server.env, PGDATABASE: db, PGAPPNAME: 'reader' },
    input: reading.repeat(3000),
  });
  const readers = "FROM pg_stat_activity WHERE application_name = 'reader'";
  try {
    await until('the reader reads', async () => (await server.query(`SELECT 1 ${readers}`)).length > 0);
    const changed = await sync(db, `${TABLE}ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;`, {
      LOCK_TIMEOUT: '1s',
      LOCK_ATTEMPTS: '1',
    });
    expect(changed.code).toBe(6);
  } finally {
    await server.query(`SELECT pg_terminate_backend(pid) ${readers}`);
    await dump.release();
  }
  const longest = Math.max(...(await reader.finished).stdout.trim().split('\n').map(Number));
  expect(longest).toBeGreaterThan(500);
  expect(longest).toBeLessThan(5000);
});

test('a failing statement leaves the schema untouched and is named with its line', async () => {
  const db = await database();
  const failed = await sync(
    db,
    `${TABLE}\nCREATE INDEX IF NOT EXISTS i\n  ON t (nope);\nCREATE TABLE IF NOT EXISTS u ();`,
  );
  expect(failed.code).toBe(5);
  expect(failed.stderr).toBe(
    'schema-sync: a statement failed; nothing was changed: psql:schema.sql:4: ERROR:  column "nope" does not exist\n',
  );
  expect(await server.query("SELECT 1 FROM pg_class WHERE relname IN ('t', 'u', 'schema_sync')", db)).toEqual([]);
});

test('a column that an existing table lacks is named with the statement to add, and nothing is kept', async () => {
  const db = await database();
  const log = join(folder, 'termination-log');
  writeFileSync(log, '');
  await run('chmod', ['666', log]);
  await server.query('CREATE TABLE "Student" (id int)', db);
  const file = `CREATE TABLE IF NOT EXISTS "Student" (
    id int,
    "House of x" text DEFAULT 'a''b' NOT NULL,
    CONSTRAINT positive CHECK (id > 0)
  );
  CREATE TABLE IF NOT EXISTS other ();`;
  const missing = await sync(db, file, { TERMINATION_LOG: log });
  const expected = `still missing after schema.sql ran; nothing was changed:
column "House of x" of table public."Student" (schema.sql:3) is missing; add to schema.sql: ALTER TABLE "public"."Student" ADD COLUMN IF NOT EXISTS "House of x" text DEFAULT 'a''b' NOT NULL;
constraint positive of table public."Student" (schema.sql:4) is missing; add to schema.sql: DO $$ BEGIN ALTER TABLE "public"."Student" ADD CONSTRAINT positive CHECK (id > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
`;
  expect(missing).toMatchObject({ code: 1, stderr: `schema-sync: ${expected}` });
  expect(readFileSync(log, 'utf8')).toBe(expected);
  expect(await server.query("SELECT 1 FROM pg_class WHERE relname IN ('other', 'schema_sync')", db)).toEqual([]);

  const mended = `${file}
    ALTER TABLE "public"."Student" ADD COLUMN IF NOT EXISTS "House of x" text DEFAULT 'a''b' NOT NULL;
    DO $$ BEGIN ALTER TABLE "public"."Student" ADD CONSTRAINT positive CHECK (id > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$;`;
  expect(await sync(db, mended)).toMatchObject({ code: 0, stderr: '' });
});

test('a statement that fails for want of a column says how to add that column', async () => {
  const db = await database();
  await server.query('CREATE TABLE t (id int)', db);
  const failed = await sync(
    db,
    'CREATE TABLE IF NOT EXISTS t (id int, house text);\nCREATE INDEX IF NOT EXISTS i ON t (house);',
  );
  expect(failed).toMatchObject({
    code: 5,
    stderr: `schema-sync: a statement failed; nothing was changed: psql:schema.sql:2: ERROR:  column "house" does not exist
CREATE … IF NOT EXISTS does not change what exists:
column house of table public.t (schema.sql:1) is missing; add to schema.sql: ALTER TABLE "public"."t" ADD COLUMN IF NOT EXISTS house text;
`,
  });
});

test.each([
  [
    'a label of an enum',
    "CREATE TYPE mood AS ENUM ('happy')",
    "DO $$ BEGIN CREATE TYPE mood AS ENUM ('happy', 'it''s'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
    "label 'it''s' of type public.mood (schema.sql:1) is missing; add to schema.sql: ALTER TYPE \"public\".\"mood\" ADD VALUE IF NOT EXISTS 'it''s';",
  ],
  [
    'a table whose name a view has',
    'CREATE VIEW t AS SELECT 1 AS id',
    TABLE,
    'table public.t (schema.sql:1) is not there although its statement ran; something else has its name, or the condition around it looks elsewhere',
  ],
  [
    'an index whose name another table took',
    'CREATE TABLE other (id int); CREATE INDEX i ON other (id)',
    `${TABLE}CREATE INDEX IF NOT EXISTS i ON t (id);`,
    'index i of table public.t (schema.sql:2) is not there although its statement ran',
  ],
  [
    'an index that is not valid',
    "CREATE TABLE t (id int); CREATE INDEX i ON t (id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
    'CREATE TABLE IF NOT EXISTS t (id int);\nCREATE INDEX IF NOT EXISTS i ON t (id);',
    'index i of table public.t (schema.sql:2) is not valid, a CREATE INDEX CONCURRENTLY broke off; run by hand: REINDEX INDEX public.i;',
  ],
  [
    'a type that a guard found in another schema',
    "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('happy')",
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('happy'); END IF; END $$;",
    'type public.mood (schema.sql:1) is not there although its statement ran',
  ],
])('is not content with %s', async (_, existing, file, message) => {
  const db = await database();
  await server.query(existing, db);
  const result = await sync(db, file);
  expect(result.code).toBe(1);
  expect(result.stderr).toContain(message);
});

test('hostile names work', async () => {
  const db = await database();
  const name = `a'b"c $x$ é𝒳 \\ ; :USER \` $(id) %s`;
  const q = `"${name.replaceAll('"', '""')}"`;
  const file = `CREATE SCHEMA IF NOT EXISTS ${q};
    CREATE TABLE IF NOT EXISTS ${q}.${q} (id int, ${q} text CONSTRAINT ${q} CHECK (${q} <> 'a'));
    CREATE INDEX IF NOT EXISTS "i${q.slice(1)} ON ${q}.${q} (id);
    DO $y$ BEGIN CREATE TYPE ${q}."e${q.slice(1)} AS ENUM ('${name.replaceAll("'", "''")}'); EXCEPTION WHEN duplicate_object THEN NULL; END $y$;`;
  expect(await sync(db, file)).toMatchObject({ code: 0, stderr: '' });
  expect((await sync(db, file)).stdout).toContain('is in force');

  await server.query(`ALTER TABLE ${q}.${q} DROP COLUMN ${q}`, db);
  const missing = await sync(db, file);
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain(`ALTER TABLE ${q}.${q} ADD COLUMN IF NOT EXISTS ${q} text`);
});

test('the file of an older version passes on a newer schema', async () => {
  const db = await database();
  const newer = `${TABLE}ALTER TABLE t ADD COLUMN IF NOT EXISTS later int;\nCREATE TABLE IF NOT EXISTS u (id int);`;
  await sync(db, TABLE);
  await sync(db, newer);
  expect(await sync(db, TABLE)).toMatchObject({ code: 0, stderr: '' });
  expect(await structure(db)).toContainEqual(['column', 't', 'later']);
  expect(await server.query('SELECT count(*) FROM mooring.schema_sync', db)).toEqual([['3']]);
});

test('two apps with a schema file each share a database', async () => {
  const db = await database();
  const other = 'CREATE TABLE IF NOT EXISTS u (id int);';
  await sync(db, TABLE, { SYNC_NAME: 'api' });
  await sync(db, other, { SYNC_NAME: "o'worker" });
  expect((await sync(db, TABLE, { SYNC_NAME: 'api' })).stdout).toContain('api is in force');
  expect((await sync(db, other, { SYNC_NAME: "o'worker" })).stdout).toContain("o'worker is in force");
});

test('a pod that is killed half-way leaves nothing behind', async () => {
  const db = await database();
  await server.query('CREATE TABLE busy (id int)', db);
  const holder = await holding(db, 'BEGIN; LOCK TABLE busy');
  const file = `${TABLE}ALTER TABLE busy ADD COLUMN IF NOT EXISTS a int;`;
  const waits = `FROM pg_stat_activity WHERE application_name = 'schema-sync' AND datname = '${db}'`;
  try {
    const killed = startSync(db, file, { LOCK_TIMEOUT: '10min' });
    await until(
      'the ALTER waits',
      async () => (await server.query(`SELECT 1 ${waits} AND wait_event_type = 'Lock'`)).length > 0,
    );
    killGroup(killed.process, 'SIGKILL');
    await until(
      'the server sees that its client is gone',
      async () => (await server.query(`SELECT 1 ${waits}`)).length === 0,
    );
  } finally {
    await holder.release();
  }
  expect(await server.query("SELECT 1 FROM pg_class WHERE relname IN ('t', 'schema_sync')", db)).toEqual([]);
  expect(await server.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'", db)).toEqual([]);
  expect(await sync(db, file)).toMatchObject({ code: 0, stderr: '' });
});

test('a pod that is deleted ends at once, also while it waits for a lock', async () => {
  const db = await database();
  await server.query('CREATE TABLE busy (id int)', db);
  const holder = await holding(db, 'BEGIN; LOCK TABLE busy');
  try {
    const deleted = startSync(db, `${TABLE}ALTER TABLE busy ADD COLUMN IF NOT EXISTS a int;`, {
      LOCK_TIMEOUT: '10min',
    });
    const waits = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'schema-sync' AND wait_event_type = 'Lock'";
    await until('the ALTER waits', async () => (await server.query(waits)).length > 0);
    deleted.process.kill('SIGTERM');
    expect(await deleted.finished).toMatchObject({ code: 143 });
    expect(await server.query(waits)).toEqual([]);
  } finally {
    await holder.release();
  }
  expect(await server.query("SELECT 1 FROM pg_class WHERE relname = 't'", db)).toEqual([]);
});

test('a pod that waited for another one finds the work done', async () => {
  const db = await database();
  const other = await holding(db, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('mooring.schema_sync', 0))");
  const waiting = startSync(db, TABLE);
  const waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await until('the second pod waits for its turn', async () => (await server.query(waits)).length > 0);
  await server.query(
    `${TABLE} CREATE SCHEMA mooring; CREATE TABLE mooring.schema_sync (id int, name text, sha256 text);
     INSERT INTO mooring.schema_sync VALUES (1, 'schema.sql', '${SchemaFile.fromText(TABLE, 'schema.sql').sha256}')`,
    db,
  );
  await other.release();
  expect((await waiting.finished).stdout).toContain('is in force');
});

test('a pod that waits while its ConfigMap is changed applies the file that it records', async () => {
  const db = await database();
  const version = (number: number) =>
    `CREATE OR REPLACE FUNCTION version() RETURNS int LANGUAGE sql RETURN ${number};\n`;
  await sync(db, version(1));
  const other = await holding(db, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('mooring.schema_sync', 0))");
  const waiting = startSync(db, version(2));
  const waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await until('the pod waits for its turn', async () => (await server.query(waits)).length > 0);
  const mounted = join(folder, `mounted${count}`);
  for (const [name, text] of Object.entries(SchemaFile.fromText(version(1), 'schema.sql').configMapData())) {
    writeFileSync(join(mounted, name), text);
  }
  await other.release();
  expect((await waiting.finished).stdout).toContain('was applied');
  expect(await sync(db, version(2))).toMatchObject({ code: 0, stdout: expect.stringContaining('is in force') });
  expect(await server.query('SELECT public.version()', db)).toEqual([['2']]);
});

test('an unchanged file does not wait for a pod that applies another version', async () => {
  const db = await database();
  await sync(db, TABLE);
  const other = await holding(db, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('mooring.schema_sync', 0))");
  try {
    expect(await sync(db, TABLE, { PEER_TIMEOUT: '100ms' })).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await other.release();
  }
});

test('a pod waits only so long for another one that applies the file', async () => {
  const db = await database();
  const other = await holding(db, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('mooring.schema_sync', 0))");
  try {
    expect(await sync(db, TABLE, { PEER_TIMEOUT: '100ms' })).toMatchObject({
      code: 6,
      stderr: 'schema-sync: another pod is still applying schema.sql after 100ms; nothing was changed\n',
    });
  } finally {
    await other.release();
  }
});

test.each([
  ['a wrong password', { PGPASSWORD: 'horse-battery' }, 'password authentication failed for user "postgres"'],
  ['an unknown user', { PGUSER: 'nobody' }, 'user "nobody"'],
  ['a missing database', { PGDATABASE: 'none' }, 'database "none" does not exist'],
])('%s is told at once, not waited for', async (_, env, message) => {
  const log = join(folder, `termination-log${++count}`);
  writeFileSync(log, '');
  await run('chmod', ['666', log]);
  const result = await sync('postgres', TABLE, { TERMINATION_LOG: log, ...env });
  expect(result.code).toBe(4);
  expect(result.stderr).toContain(message);
  expect(readFileSync(log, 'utf8')).toContain(message);
  expect(result.milliseconds).toBeLessThan(10_000);
  expect(result.stdout + result.stderr + readFileSync(log, 'utf8')).not.toMatch(/horse-battery|correct-horse/);
});

test('a server that takes no more connections is waited for, and the owner of a database may be anyone', async () => {
  await server.query("CREATE ROLE app LOGIN PASSWORD 'it''s' CONNECTION LIMIT 0");
  await server.query('CREATE DATABASE owned OWNER app');
  const waiting = startSync('owned', TABLE, { PGUSER: 'app', PGPASSWORD: "it's" });
  await printed(waiting, 'too many connections for role "app"');
  await server.query('ALTER ROLE app CONNECTION LIMIT -1');
  expect(await waiting.finished).toMatchObject({ code: 0, stderr: '' });
});

test('a server that starts late is waited for', async () => {
  const db = await database();
  await server.kill();
  const waiting = startSync(db, TABLE);
  await printed(waiting, `waiting: 127.0.0.1:${server.port} does not answer, `);
  await server.restart();
  expect(await waiting.finished).toMatchObject({ code: 0, stderr: '' });
});

test('a server that is recovering is waited for, but not for ever', async () => {
  const db = await database();
  await server.query('ALTER SYSTEM SET hot_standby = off');
  await server.kill();
  writeFileSync(join(server.dataFolder, 'standby.signal'), '');
  const back = server.restart();
  await until(
    'the server rejects connections',
    async () => (await run('pg_isready', [], { env: server.env })).code === 1,
  );

  expect(await sync(db, TABLE, { WAIT_SECONDS: '1' })).toMatchObject({
    code: 3,
    stderr: `schema-sync: 127.0.0.1:${server.port} is starting up or recovering; waited 1 s\n`,
  });
  const waiting = startSync(db, TABLE);
  await printed(waiting, 'is starting up or recovering');
  await run(join(server.binFolder, 'pg_ctl'), ['promote', '-D', server.dataFolder], { unprivileged: true });
  await back;
  expect(await waiting.finished).toMatchObject({ code: 0, stderr: '' });
});

test('a server that never answers ends the wait', async () => {
  const port = String(await freePort());
  expect(await sync('postgres', TABLE, { PGPORT: port, WAIT_SECONDS: '0' })).toMatchObject({
    code: 3,
    stderr: `schema-sync: 127.0.0.1:${port} does not answer; waited 0 s\n`,
  });
});

test('wrong settings are told together', async () => {
  const result = await sync('', TABLE, { WAIT_SECONDS: 'long', LOCK_TIMEOUT: '3', PGHOST: '' });
  expect(result).toMatchObject({
    code: 2,
    stderr:
      'schema-sync: PGHOST is not set\nPGDATABASE is not set\nWAIT_SECONDS is "long", write a whole number\n' +
      'LOCK_TIMEOUT is "3", write a number with ms, s or min\n',
  });
});

test('the newest server takes the schema of the school platform too', async () => {
  const newest = await startPostgres({ flavour: '18' });
  try {
    expect((await sync('postgres', school(), newest.env)).stdout).toContain('was applied');
    expect((await sync('postgres', school(), newest.env)).stdout).toContain('is in force');
  } finally {
    await newest.stop();
  }
});
