import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Flavour } from '../support/postgres-programs';
import { killGroup, until } from '../support/process';
import { type TestPod, usePods } from './support/pod';

const newPod = usePods();

/** A file of the new cluster that appears at a certain moment of its making. */
const MOMENTS: readonly { readonly flavour: Flavour; readonly moment: string; readonly file: string }[] = [
  { flavour: 'debian', moment: 'PG_VERSION is written', file: 'PG_VERSION' },
  { flavour: 'debian', moment: 'the control file is written', file: 'global/pg_control' },
  { flavour: 'debian', moment: 'template0 is made', file: 'base/4' },
  { flavour: '18', moment: 'the control file is written', file: 'global/pg_control' },
];

test.each(MOMENTS)(
  'killed on $flavour when $moment, the data directory is as before and the next start makes the cluster',
  async ({ flavour, file }) => {
    const pod = await newPod({}, flavour);
    await pod.run('preflight.sh');
    const killed = pod.begin('initialise.sh');
    await until(`${file} exists`, () => existsSync(join(pod.volume, '.postgres.new', file)), 10_000);
    killGroup(killed.process, 'SIGKILL');
    expect((await killed.finished).signal).toBe('SIGKILL');
    expect(await pod.inVolume('ls -A postgres')).toBe('');

    expect(await pod.run('find-data.sh')).toMatchObject({ code: 0 });
    const again = await pod.run('initialise.sh');
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('which a killed first start left') });
    expect(await pod.inVolume('ls -A')).toBe('.postgres.lock\npostgres\n');
    await pod.prepare();
    await pod.startServer();
    expect(await pod.sql('SELECT current_database()')).toMatchObject({ stdout: 'school\n' });
  },
);

test('a cluster that cannot get its database is not put in place', async () => {
  const pod = await newPod();
  await pod.run('preflight.sh');
  // A name of the template is refused by the server, after initdb was content.
  pod.secret.POSTGRES_DB = 'template0';
  expect(await pod.run('initialise.sh')).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') });
  expect(await pod.inVolume('ls -A postgres')).toBe('');
});

/** An initdb that takes no time: what follows it is the same for it. */
async function podWithQuickInitdb(): Promise<TestPod> {
  const pod = await newPod();
  pod.secret.POSTGRES_DB = 'postgres';
  await pod.replaceProgram('initdb', 'mkdir -m 0700 "$2" && echo 15 > "$2/PG_VERSION"');
  return pod;
}

test('an existing cluster is left alone', async () => {
  const pod = await podWithQuickInitdb();
  await pod.inVolume('mkdir -m 0700 postgres && echo mine > postgres/PG_VERSION');
  expect(await pod.run('initialise.sh')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing to initialise'),
  });
  expect(await pod.inVolume('ls -A postgres; cat postgres/PG_VERSION')).toBe('PG_VERSION\nmine\n');
});

test('a data directory that is not empty is never replaced', async () => {
  const pod = await podWithQuickInitdb();
  await pod.inVolume('mkdir -m 0700 postgres && echo precious > postgres/file');
  expect(await pod.run('initialise.sh')).toMatchObject({ code: 1, stderr: expect.stringContaining('not empty') });
  expect(await pod.inVolume('ls -A postgres; cat postgres/file')).toBe('file\nprecious\n');
});

test('two first starts at once make one cluster', async () => {
  const pod = await podWithQuickInitdb();
  const env = { LOCK_WAIT_SECONDS: '20' };
  const results = await Promise.all([pod.run('initialise.sh', [], env), pod.run('initialise.sh', [], env)]);
  expect(results.map(({ stderr, code }) => `${stderr}${code}`)).toEqual(['0', '0']);
  expect(results.filter(({ stdout }) => stdout.includes('made a cluster'))).toHaveLength(1);
});

test.each(['POSTGRES_USER', 'POSTGRES_DB'])('an empty %s in the Secret is refused', async (key) => {
  const pod = await newPod();
  pod.secret[key] = '';
  expect(await pod.run('initialise.sh')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('give both in the Secret'),
  });
});

test.each([`a"b`, `a'b`, 'a$b', 'a\\b', 'pg_app'])(
  'a superuser that PostgreSQL cannot make, %s, is refused',
  async (user) => {
    const pod = await newPod();
    pod.secret.POSTGRES_USER = user;
    expect(await pod.run('initialise.sh')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`POSTGRES_USER "${user}" cannot be`),
    });
  },
);

test('the new cluster has the names of the Secret, checksums, UTF-8 and no way in without a password', async () => {
  const pod = await newPod();
  pod.secret = { POSTGRES_USER: 'Ä u', POSTGRES_PASSWORD: 'p', POSTGRES_DB: `School "1'; DROP ö\\` };
  await pod.prepare();
  await pod.startServer();
  expect(await pod.sql('SELECT current_user, current_database()')).toMatchObject({
    stdout: `Ä u|School "1'; DROP ö\\\n`,
  });
  expect(await pod.sql('SHOW data_checksums')).toMatchObject({ stdout: 'on\n' });
  expect(await pod.sql('SHOW server_encoding')).toMatchObject({ stdout: 'UTF8\n' });
  expect(await pod.sql('SELECT 1', { PGPASSWORD: '' })).toMatchObject({ code: 2 });
  const rules =
    "SELECT DISTINCT auth_method, bool_or(address = 'all') OVER () FROM pg_hba_file_rules WHERE type = 'host'";
  expect(await pod.sql(rules)).toMatchObject({ stdout: 'scram-sha-256|t\n' });
});
