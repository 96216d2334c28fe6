import { RestoreRuns } from './restore-runs';

let runs: RestoreRuns;

beforeAll(async () => {
  runs = await RestoreRuns.begin();
});

beforeEach(() => runs.makeSchool(10));

afterEach(async () => {
  await runs.server.query('ALTER DATABASE postgres RESET timezone');
  await runs.tidy();
});

afterAll(() => runs.end());

// The time in a name is UTC, whatever zone the server has.
test.each(['America/Los_Angeles', 'Pacific/Kiritimati'])(
  'a rollback finds what was kept a moment ago, on a server in %s',
  async (zone) => {
    await runs.server.query(`ALTER DATABASE postgres SET timezone = '${zone}'`);
    const name = await runs.backup('custom');
    await runs.server.query(`INSERT INTO student (name) VALUES ('after')`, 'school');
    const contents = await runs.contents();
    expect(await runs.run(['restore', name])).toMatchObject({ code: 0, stderr: '' });
    expect(await runs.run(['rollback'])).toMatchObject({ code: 0, stderr: '' });
    expect(await runs.contents()).toEqual(contents);
  },
);

test('an old database is not dropped before its days are over, on a server in the far east', async () => {
  await runs.server.query(`ALTER DATABASE postgres SET timezone = 'Pacific/Kiritimati'`);
  const stamp = (hours: number) =>
    new Date(Date.now() - hours * 3_600_000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
  const [young, old] = [`school_old_${stamp(23)}`, `school_old_${stamp(25)}`];
  for (const name of [young, old]) {
    await runs.server.query(`CREATE DATABASE "${name}"`);
  }
  expect(await runs.run(['drop-old'], { KEEP_OLD_DAYS: '1' })).toMatchObject({ code: 0, stdout: `dropped: ${old}\n` });
});

test('what a pod whose clock is ahead of the server has kept is found, too', async () => {
  await runs.server.query('CREATE DATABASE school_old_29991231_235959');
  expect(await runs.run(['rollback'])).toMatchObject({ code: 0, stderr: '' });
});
