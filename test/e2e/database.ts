import type { Context } from './context';
import { DATABASE, NAMESPACE } from './school';
import { waitFor } from './waiting';

/** Rows that `fillDatabase` adds. */
export const PEOPLE = 5_000;
const LOG_ENTRIES = 20_000;

/** What a query in the database's own pod gives back: rows of text. @throws when a statement fails */
export async function query(context: Context, sql: string): Promise<string[][]> {
  const pod = await context.kubectl.readyPod(NAMESPACE, DATABASE);
  const psql = `exec psql -XAtq -F '\t' -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"`;
  const { code, stdout, stderr } = await context.kubectl.exec(pod, 'postgres', ['bash', '-c', psql], sql);
  if (code !== 0) {
    throw new Error(`query failed: ${stderr.trim()}`);
  }
  return rows(stdout);
}

/** Lines and columns of `psql -At -F '\t'`. */
export function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** Puts people and log entries into a database that has none. */
export async function fillDatabase(context: Context): Promise<void> {
  await query(
    context,
    `INSERT INTO "User" ("id", "email", "name", "updatedAt")
       SELECT 'user-' || n, 'user' || n || '@school.example.com', 'Ünï "quoted" ''name'' ' || n, now()
       FROM generate_series(1, ${PEOPLE}) n ON CONFLICT DO NOTHING;
     INSERT INTO "Student" ("id", "userId", "givenName", "familyName", "birthDate", "yearLevel", "notes", "updatedAt")
       SELECT 'student-' || n, 'user-' || n, 'Given', 'Family', date '2010-01-01' + n % 2000, n % 13, E'tab\\t, back\\\\slash', now()
       FROM generate_series(1, ${PEOPLE}) n ON CONFLICT DO NOTHING;
     INSERT INTO "AuditLog" ("actorId", "action", "entity", "after")
       SELECT 'user-' || 1 + n % ${PEOPLE}, 'update', 'Student', jsonb_build_object('n', n)
       FROM generate_series(1, ${LOG_ENTRIES}) n WHERE NOT EXISTS (SELECT FROM "AuditLog" WHERE "action" = 'update');`,
  );
}

/** SQL whose one row a table is: its name, its row count and a checksum over all its rows. */
export const TABLE_CONTENTS = `
  SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(md5(t::text), '''' ORDER BY md5(t::text)), '''')) FROM %s t;',
                c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  ORDER BY c.oid::regclass::text
  \\gexec
`;

/** A session that holds what a statement locks until `release`, at most five minutes. */
export async function startHolding(context: Context, statement: string): Promise<{ release(): Promise<void> }> {
  const { kubectl } = context;
  const pod = await kubectl.readyPod(NAMESPACE, DATABASE);
  const hold = `BEGIN; SET application_name = 'holder'; ${statement}; SELECT pg_sleep(300);`;
  const psql = ['bash', '-c', 'exec psql -XAtq -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "$1"', 'bash', hold];
  const target = ['exec', '-n', NAMESPACE, pod.metadata.name, '-c', 'postgres'];
  const held = kubectl.commands.start('kubectl', [...target, '--', ...psql]);
  const holders = `FROM pg_stat_activity WHERE application_name = 'holder'`;
  await waitFor(
    `${statement} is done`,
    async () =>
      (await query(context, `SELECT pid ${holders} AND query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'`))[0],
    kubectl.limits(30),
  );
  return {
    release: async () => {
      await query(context, `SELECT pg_terminate_backend(pid) ${holders}`);
      await held.finished;
    },
  };
}
