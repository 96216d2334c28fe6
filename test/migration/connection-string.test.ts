import { join } from 'node:path';
import fc from 'fast-check';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { run } from '../support/process';
import { alembicImage, gooseImage, type MakeImage } from './images';
import { MigrationRuns } from './migration-runs';

const SCRIPT = join(__dirname, '../../lib/migration/scripts/connection-string.sh');

/** Every kind of character that means something to a URL, a shell, psql or a connection string. */
const PASSWORD = `p@:/?#[]%25&= '"\\$(id)\`*~;zoë😀`;

const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;

describe.each(['busybox sh', 'dash', 'bash --norc'])('under %s', (shell) => {
  const [program = '', ...args] = shell.split(' ');
  let path: string;

  beforeAll(async () => {
    path = (await run('sh', ['-c', `command -v ${program}`])).stdout.trim();
  });

  /** What becomes of a string: libpq's variables, or the reason why it is refused. No program can be found. */
  async function taken(text: string, env: Record<string, string> = {}) {
    const script = `. "$1"
      if use_connection_string; then
        for name in PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSSLMODE PGOPTIONS CONNECTION_STRING; do
          eval "value=\\\${$name-}"
          [ -z "$value" ] || printf '%s=%s\\0' "$name" "$value"
        done
      else
        printf 'problem=%s\\0' "$problem"
      fi`;
    const { stdout, stderr } = await run(path, [...args, '-c', script, 'sh', SCRIPT], {
      env: { ...env, PATH: '/none', CONNECTION_STRING: text },
    });
    expect(stderr).toBe('');
    return Object.fromEntries(
      stdout
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  test.each([
    [
      'postgres://u:p@db.example.com/shop',
      { PGHOST: 'db.example.com', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'shop' },
    ],
    ['postgresql://u@db:5433', { PGHOST: 'db', PGPORT: '5433', PGUSER: 'u', PGDATABASE: 'u' }],
    ['postgresql+psycopg://u:a:b@db/shop', { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'a:b', PGDATABASE: 'shop' }],
    ['postgres://u:a@b@db/s', { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'a@b', PGDATABASE: 's' }],
    [
      'postgres://u:%41%0a@[::1]:5432/s',
      { PGHOST: '::1', PGPORT: '5432', PGUSER: 'u', PGPASSWORD: 'A\n', PGDATABASE: 's' },
    ],
    [
      'postgres://u:p@db/s?sslmode=verify-full&options=-c%20geqo%3Doff&search_path=a, b&pool_max_conns=9',
      {
        PGHOST: 'db',
        PGUSER: 'u',
        PGPASSWORD: 'p',
        PGDATABASE: 's',
        PGSSLMODE: 'verify-full',
        PGOPTIONS: '-c search_path=a,\\ b -c geqo=off',
      },
    ],
    ['postgres:///s?host=db&user=u&password=p', { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 's' }],
    [
      "host=db user=u password='postgres://a=b' dbname=s",
      { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'postgres://a=b', PGDATABASE: 's' },
    ],
    ['host=db user=u dbname=s', { PGHOST: 'db', PGUSER: 'u', PGDATABASE: 's' }],
    [
      "  host = db\tport=5433 user='u' password='a \\'b\\\\ ' dbname=s\\ t sslmode=disable\n",
      { PGHOST: 'db', PGPORT: '5433', PGUSER: 'u', PGPASSWORD: "a 'b\\ ", PGDATABASE: 's t', PGSSLMODE: 'disable' },
    ],
  ])('%j is taken apart', async (text, variables) => {
    expect(await taken(text)).toEqual(variables);
  });

  test('the settings of the script and the server behind a pooler hold', async () => {
    const env = { PGHOST: 'direct', PGPORT: '5432', PGOPTIONS: '-c x=1', PGSSLMODE: 'require' };
    expect(await taken('postgres://u@pooler:6432/s?options=-c%20x%3D2', env)).toEqual({
      ...env,
      PGUSER: 'u',
      PGDATABASE: 's',
      PGOPTIONS: '-c x=2 -c x=1',
    });
  });

  test.each([
    ['', 'is neither a URL nor'],
    ['s3cret', 'is neither a URL nor of the form host=… user=… password=…'],
    ['mysql://u:s3cret@db/s', 'is a URL of another database; it must begin with postgres://'],
    ['postgres://u:s3cret@/s', 'names no host or no user'],
    ['postgres://db/s3cret', 'names no host or no user'],
    ['postgres://u:s3cret@a,b/s', 'names several hosts, of which one migrates; name it as the direct one'],
    ['postgres://u:s3cret@a:5432,b:5432/s', 'names several hosts, of which one migrates; name it as the direct one'],
    ['postgres://u:s3cret@[::1]:5432,[::2]/s', 'names several hosts, of which one migrates; name it as the direct one'],
    ['host=a,b port=5432,5433 user=u password=s3cret', 'names several hosts, of which one migrates'],
    ['my-sql://u:s3cret@db/s?a=b', 'is a URL of another database'],
    ['postgres://u:s3cret%@db/s', 'has a % that is not followed by two digits; write %25 for the sign itself'],
    ['postgres://u:s3cret%0@db/s', 'has a % that is not followed by two digits'],
    ['postgres://u:s3cret%00@db/s', 'has a %00, which stands for no character'],
    ["host=db user=u password='s3cret", 'has a quote that is not closed'],
    ['host=db user=u password=a s3cret', 'has a word without a value; a value with blanks is written in single quotes'],
  ])('%j is refused without showing it', async (text, reason) => {
    const { problem, ...rest } = await taken(text);
    expect([problem, rest]).toEqual([expect.stringContaining(reason), {}]);
    expect(problem).not.toContain('s3cret');
  });

  test('whatever a password consists of, both forms hold it', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((each) => !each.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, async (password) => {
        expect((await taken(`postgres://u:${encodeURIComponent(password)}@db/s`)).PGPASSWORD).toBe(password);
        expect((await taken(`host=db user=u password=${quoted(password)}`)).PGPASSWORD).toBe(password);
      }),
      { numRuns: 10 },
    );
  });
});

describeWithGoProgram(GOOSE, 'a database that one connection string tells of', () => {
  let runs: MigrationRuns;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
    await runs.server.query(`CREATE ROLE "m@n" LOGIN SUPERUSER PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
  }, 120_000);

  afterAll(async () => {
    await runs.end();
  });

  const forms: Readonly<Record<string, (db: string, host?: string) => string>> = {
    URL: (db, host = '127.0.0.1') =>
      `postgres://m%40n:${encodeURIComponent(PASSWORD)}@${host}:${runs.server.port}/${db}?sslmode=disable`,
    'key-value': (db, host = '127.0.0.1') =>
      `host=${host} port=${runs.server.port} user=m@n password=${quoted(PASSWORD)} dbname=${db} sslmode=disable`,
  };

  test.each<[string, string, MakeImage]>([
    ['goose', 'URL', gooseImage],
    ['goose', 'key-value', gooseImage],
    ['alembic', 'URL', alembicImage],
  ])('%s migrates it by its %s, past a pooler of Neon’s kind, and the gate opens', async (_, form, make) => {
    const db = await runs.database();
    const env = { CONNECTION_STRING: forms[form]?.(db, '127-pooler.0.0.1') ?? '' };
    const image = make(runs, [1, 2]);
    const outcome = await runs.job(image, db, env);
    expect([outcome.code, outcome.message]).toEqual([0, '']);
    expect(await runs.gate(image, db, undefined, env)).toMatchObject({ code: 0 });
    expect(await runs.server.query("SELECT tableowner FROM pg_tables WHERE tablename = 't2'", db)).toEqual([['m@n']]);
  });

  test.each<[string, MakeImage]>([
    ['goose', gooseImage],
    ['alembic', alembicImage],
  ])('%s migrates the schema that its search_path names, and the gate looks there', async (_, make) => {
    const db = await runs.database();
    await runs.server.query('CREATE SCHEMA "my app"', db);
    const env = { CONNECTION_STRING: `${forms.URL?.(db)}&search_path=${encodeURIComponent('"my app"')}` };
    const image = make(runs, [1]);
    expect(await runs.job(image, db, env)).toMatchObject({ code: 0, message: '' });
    expect(await runs.server.query("SELECT schemaname FROM pg_tables WHERE tablename = 't1'", db)).toEqual([
      ['my app'],
    ]);
    expect(await runs.gate(image, db, undefined, env)).toMatchObject({ code: 0 });
  });

  test('one that cannot be read stops Job and gate with a reason that holds no password', async () => {
    const db = await runs.database();
    const env = { CONNECTION_STRING: 'mysql://u:s3cret@db/s' };
    const image = gooseImage(runs, [1]);
    const reason = 'the connection string is a URL of another database; it must begin with postgres://\n';
    for (const outcome of [await runs.job(image, db, env), await runs.gate(image, db, undefined, env)]) {
      expect([outcome.code, outcome.message]).toEqual([2, reason]);
      expect(outcome.stdout + outcome.stderr).not.toContain('s3cret');
    }
  });
});
