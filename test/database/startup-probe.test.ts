import { killGroup, start, until } from '../support/process';
import { usePods } from './support/pod';

const newPod = usePods();

test('the startup probe passes while the server accepts and while it rejects connections, and fails without one', async () => {
  const pod = await newPod();
  await pod.prepare();
  const server = await pod.startServer();
  expect(await pod.probe()).toMatchObject({ code: 0 });

  // A smart shutdown rejects connections as recovery does, for as long as this session lives.
  const { POSTGRES_USER: PGUSER, POSTGRES_PASSWORD: PGPASSWORD, POSTGRES_DB: PGDATABASE } = pod.secret;
  const session = start('psql', ['-XAtqc', 'SELECT pg_sleep(60)'], {
    env: { PGHOST: '127.0.0.1', PGPORT: pod.port, PGUSER, PGPASSWORD, PGDATABASE },
  });
  try {
    await until('the session is there', async () => {
      const { stdout } = await pod.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'");
      return stdout === '1\n';
    });
    process.kill(server.process.pid ?? 0, 'SIGTERM');
    await until('the server rejects connections', async () =>
      (await pod.sql('SELECT 1')).stderr.includes('the database system is shutting down'),
    );
    expect(await pod.probe()).toMatchObject({ code: 0 });
  } finally {
    killGroup(session.process, 'SIGKILL');
    await session.finished;
    killGroup(server.process, 'SIGINT');
  }
  await server.finished;
  expect(await pod.probe()).toMatchObject({ code: 2 });
});
