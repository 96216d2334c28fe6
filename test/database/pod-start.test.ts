import { Size } from 'cdk8s';
import { postgresSettings } from '../../lib/database/postgres-settings';
import { FLAVOURS, usePods } from './support/pod';

const newPod = usePods();

const SETTINGS = postgresSettings({ memoryLimit: Size.mebibytes(256) }).arguments;

const LAYOUTS = FLAVOURS.flatMap(({ flavour, major }) => [
  { flavour, major, subPath: 'postgres', place: 'postgres' },
  { flavour, major, subPath: 'school/db', place: 'school/db' },
  { flavour, major, subPath: undefined, place: major >= 18 ? `${major}/docker` : 'pgdata' },
]);

test.each(LAYOUTS)(
  "on PostgreSQL $major with sub-path $subPath a new pod serves the Secret's database from $place, and the next pod the same data",
  async ({ flavour, subPath, place }) => {
    const pod = await newPod({ subPath }, flavour);
    await pod.prepare(SETTINGS);
    const first = await pod.startServer(SETTINGS);
    expect(await pod.sql('CREATE TABLE kept AS SELECT 42 AS answer; SELECT answer FROM kept')).toMatchObject({
      code: 0,
      stdout: '42\n',
    });
    expect(
      await pod.inVolume(`stat -c %a '${place}'; test -s '${place}/PG_VERSION'; find . -maxdepth 1 -name '.*.new'`),
    ).toBe('700\n');
    process.kill(first.process.pid ?? 0, 'SIGINT');
    expect((await first.finished).code).toBe(0);

    await pod.prepare(SETTINGS);
    await pod.startServer(SETTINGS);
    expect((await pod.sql('SELECT answer FROM kept')).stdout).toBe('42\n');
  },
);
