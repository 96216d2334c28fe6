import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { killGroup, start, until } from '../support/process';
import { FLAVOURS, TestPod, usePods } from './support/pod';

const newPod = usePods();

/** One cluster for all tests that leave it as they found it. */
let shared: TestPod;

beforeAll(async () => {
  shared = await TestPod.create();
  await shared.prepare();
});

afterAll(() => shared.remove());

/** A pod with its own copy of a cluster. */
async function preparedPod(): Promise<TestPod> {
  const pod = await newPod();
  await pod.putCluster(shared.pgdata, 'postgres');
  return pod;
}

/** A pod with what only looks like a cluster, for tests that never get to its content. */
async function podWithSomeCluster(): Promise<TestPod> {
  const pod = await newPod();
  await pod.inVolume('mkdir -m 0700 postgres && echo 15 > postgres/PG_VERSION');
  return pod;
}

/** Whether the password of the pod's Secret, and that one only, opens the database. */
async function canLogIn(pod: TestPod, password: string): Promise<boolean> {
  const result = await pod.sql('SELECT 1', { PGPASSWORD: password });
  if (result.code !== 0 && !result.stderr.includes('password authentication failed')) {
    throw new Error(result.stderr);
  }
  return result.code === 0;
}

const HOSTILE = [
  `it's "quoted" \\ and \\' $HOME \`id\` $$ %s & ; -- */`,
  "'); DROP ROLE app; --",
  "\\'; DROP TABLE t; --\\",
  'pässwörd — пароль 🔑',
  'line one\nline two',
  ';\n\n',
  ' blanks at both ends ',
  '-c',
  'x'.repeat(900),
];

test('every password of the Secret is the one that opens the database, whatever letters it has', async () => {
  const pod = await preparedPod();
  const printed: string[] = [];
  let before = 'correct-horse';
  for (const password of HOSTILE) {
    pod.secret.POSTGRES_PASSWORD = password;
    const result = await pod.run('apply-password.sh');
    expect(result).toMatchObject({ code: 0 });
    printed.push(result.stdout, result.stderr);
    const server = await pod.startServer();
    expect([password, await canLogIn(pod, password)]).toEqual([password, true]);
    expect([password, await canLogIn(pod, before)]).toEqual([password, false]);
    killGroup(server.process, 'SIGINT');
    await server.finished;
    before = password;
  }
  for (const password of HOSTILE) {
    expect(printed.join('')).not.toContain(password);
  }
});

test.each(FLAVOURS)(
  'on $major a password is applied after a crash, and what was committed is there',
  async ({ flavour }) => {
    const pod = await newPod({}, flavour);
    await pod.prepare();
    const server = await pod.startServer();
    await pod.sql('CREATE TABLE kept AS SELECT generate_series(1, 50000) AS n');
    killGroup(server.process, 'SIGKILL');
    await server.finished;
    pod.secret.POSTGRES_PASSWORD = 'new';
    const applied = await pod.run('apply-password.sh', [], { LOCK_WAIT_SECONDS: '10' });
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringMatching(/applied the password of "app" in \d+ s/) });
    expect(applied.stderr).toContain('not properly shut down');
    await pod.startServer();
    expect(await pod.sql('SELECT count(*) FROM kept')).toMatchObject({ stdout: '50000\n' });
    expect(await canLogIn(pod, 'correct-horse')).toBe(false);
  },
);

test('the password is in no log, file, argument or environment, although the server logs and counts every statement', async () => {
  const pod = await preparedPod();
  const password = "SECRET-swordfish-'ö";
  const secret = 'swordfish';
  await pod.inVolume(
    `printf '%s\n' "log_statement = 'all'" 'log_min_duration_statement = 0' 'log_duration = on' 'log_min_error_statement = debug5' \
      'debug_print_parse = on' 'log_min_messages = debug2' "shared_preload_libraries = 'pg_stat_statements,auto_explain'" \
      'auto_explain.log_min_duration = 0' "log_destination = 'csvlog,stderr'" 'logging_collector = on' >> postgres/postgresql.conf`,
  );
  pod.secret.POSTGRES_PASSWORD = password;
  const postgres = join(pod.postgresFolder, 'postgres');
  await pod.inVolume('mkdir seen');
  await pod.replaceProgram(
    'postgres',
    `{ printf '%s\\n' "$@"; env; } > "${pod.volume}/seen/postgres"; exec "${postgres}" "$@"`,
  );
  const result = await pod.run('apply-password.sh');
  expect(result.code).toBe(0);
  expect(`${result.stdout}${result.stderr}`).not.toContain(secret);
  expect(await pod.inVolume('grep -c ^PGDATA= seen/postgres')).toBe('1\n');
  expect(await pod.inVolume(`grep -rla '${secret}' . || true`)).toBe('');
  const server = await pod.startServer([], { POSTGRES_PASSWORD: '' });
  expect(await canLogIn(pod, password)).toBe(true);
  killGroup(server.process, 'SIGINT');
  await server.finished;
  expect(await pod.inVolume(`grep -rla '${secret}' . || true`)).toBe('');

  // A role that is absent makes the statement fail, which PostgreSQL would log with its text.
  pod.secret.POSTGRES_USER = 'nobody';
  const refused = await pod.run('apply-password.sh');
  expect(refused.code).toBe(1);
  expect(`${refused.stdout}${refused.stderr}`).not.toContain(secret);
  expect(await pod.inVolume(`grep -rla '${secret}' . || true`)).toBe('');
});

test('a user that the cluster does not have is refused with the reason', async () => {
  const pod = await preparedPod();
  pod.secret.POSTGRES_USER = 'renamed';
  const refused = await pod.run('apply-password.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('has no role "renamed": POSTGRES_USER was changed in the Secret');
  expect(refused.stderr).toContain('CREATE ROLE "renamed" SUPERUSER LOGIN');
});

test('a database that the cluster does not have is a warning, for in the middle of a restore the server must start', async () => {
  const pod = await preparedPod();
  pod.secret.POSTGRES_DB = 'renamed';
  expect(await pod.run('apply-password.sh')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('warning: no database "renamed" in this cluster'),
  });
});

test('PostgreSQL that ends well without having done it is an error', async () => {
  const pod = await podWithSomeCluster();
  await pod.replaceProgram('postgres', 'exit 0');
  expect(await pod.run('apply-password.sh')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('could not apply the password of "app" (exit code 0)'),
  });
});

test('a password that the cluster itself refuses is an error', async () => {
  const pod = await preparedPod();
  await pod.inVolume(`echo "shared_preload_libraries = 'passwordcheck'" >> postgres/postgresql.conf`);
  pod.secret.POSTGRES_PASSWORD = 'short';
  const refused = await pod.run('apply-password.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('password is too short');
  expect(refused.stderr).toContain('could not apply the password of "app"');
});

test("a damaged cluster is an error, with PostgreSQL's own words", async () => {
  const pod = await podWithSomeCluster();
  const refused = await pod.run('apply-password.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('postgresql.conf');
  expect(refused.stderr).toContain('could not apply the password');
});

test('a setting that the server was given is given to the recovery too', async () => {
  const pod = await preparedPod();
  const server = await pod.startServer(['-c', 'max_prepared_transactions=5']);
  await pod.sql("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'open'");
  killGroup(server.process, 'SIGKILL');
  await server.finished;
  const env = { LOCK_WAIT_SECONDS: '10' };
  expect(await pod.run('apply-password.sh', [], env)).toMatchObject({ code: 1 });
  expect(await pod.run('apply-password.sh', ['-c', 'max_prepared_transactions=5'], env)).toMatchObject({ code: 0 });
});

test('a long recovery says that it goes on', async () => {
  const pod = await preparedPod();
  const postgres = join(pod.postgresFolder, 'postgres');
  const go = join(pod.volume, 'go');
  await pod.replaceProgram('postgres', `until [[ -e "${go}" ]]; do sleep 0.1; done; exec "${postgres}" "$@"`);
  const running = pod.begin('apply-password.sh', [], { PROGRESS_SECONDS: '0.2' });
  let printed = '';
  running.process.stdout?.on('data', (text: string) => {
    printed += text;
  });
  await until('progress is printed twice', () => printed.split('still recovering').length > 2);
  await pod.inVolume('touch go');
  expect(await running.finished).toMatchObject({ code: 0 });
});

test('a process number that a killed run left does not stop the next, whoever has it now', async () => {
  const pod = await preparedPod();
  const other = start('sleep', ['60'], { unprivileged: true });
  try {
    await pod.inVolume(
      `printf '%s\n' -${other.process.pid} '${pod.pgdata}' 0 5432 '' '' > postgres/postmaster.pid && chmod 0600 postgres/postmaster.pid`,
    );
    expect(await pod.run('apply-password.sh')).toMatchObject({ code: 0 });
    expect(existsSync(join(pod.pgdata, 'postmaster.pid'))).toBe(false);
  } finally {
    killGroup(other.process, 'SIGKILL');
  }
});

test('it is refused while a server runs on the data', async () => {
  const pod = await preparedPod();
  await pod.startServer([], { POD_NAME: 'first-pod', NODE_NAME: 'node-b' });
  pod.secret.POSTGRES_PASSWORD = 'new';
  const refused = await pod.run('apply-password.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('locked by start-server in pod first-pod on node node-b since 20');
  pod.secret.POSTGRES_PASSWORD = 'correct-horse';
  expect(await canLogIn(pod, 'correct-horse')).toBe(true);
});

test('without a cluster there is nothing to do', async () => {
  const pod = await newPod();
  expect(await pod.run('apply-password.sh')).toMatchObject({ code: 0, stdout: expect.stringContaining('no cluster') });
});

test.each(['POSTGRES_USER', 'POSTGRES_PASSWORD'])('an empty %s in the Secret is refused', async (key) => {
  const pod = await podWithSomeCluster();
  pod.secret[key] = '';
  expect(await pod.run('apply-password.sh')).toMatchObject({ code: 1, stderr: expect.stringContaining('is empty') });
});

test('an md5 hash of an older cluster is replaced by a SCRAM one', async () => {
  const pod = await preparedPod();
  await pod.inVolume(`echo "password_encryption = 'md5'" >> postgres/postgresql.conf`);
  expect(await pod.run('apply-password.sh')).toMatchObject({ code: 0 });
  await pod.startServer();
  expect(await pod.sql("SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'app'")).toMatchObject({
    stdout: 'SCRAM-SHA-256\n',
  });
});
