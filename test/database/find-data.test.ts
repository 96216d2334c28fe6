import { existsSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { killGroup, start, until } from '../support/process';
import { FLAVOURS, printedCommands, TestPod, usePods } from './support/pod';

const newPod = usePods();
const { major: debian } = FLAVOURS[0] ?? { major: 0 };

/** A real cluster to copy, and what find-data.sh looks at in it. */
let source: TestPod;
let skeleton: string;

beforeAll(async () => {
  source = await TestPod.create();
  await source.prepare();
  await source.inVolume(
    'mkdir -m 0700 skeleton && cd postgres && cp -a --parents PG_VERSION global/pg_control base/*/PG_VERSION ../skeleton',
  );
  skeleton = join(source.volume, 'skeleton');
});

afterAll(() => source.remove());

const LAYOUTS = [
  { major: debian, subPath: 'postgres', expected: 'postgres' },
  { major: debian, subPath: 'school/db', expected: 'school/db' },
  { major: debian, subPath: undefined, expected: 'pgdata' },
  { major: 18, subPath: undefined, expected: '18/docker' },
];

const PLACES = ['.', 'data', 'pgdata', 'postgres', 'data/pgdata', '15/docker', '17/docker', '18/docker', '15/main'];
const BELOW = ['data', 'pgdata', 'data/pgdata', '15/docker'];
const ABOVE = ['school', 'school/data', 'school/pgdata', 'school/15/docker'];

/** Every place of every earlier layout, for every layout of now. */
const ELSEWHERE = LAYOUTS.flatMap(({ subPath, expected, major }) =>
  [
    ...PLACES,
    ...(subPath === undefined ? [] : BELOW.map((place) => `${subPath}/${place}`)),
    ...(subPath === 'school/db' ? ABOVE : []),
  ]
    .filter((place) => place !== expected)
    .map((place) => ({ subPath, expected, major, place })),
);

test.each(LAYOUTS)(
  'an empty volume gets a new cluster of $major in $expected',
  async ({ major, subPath, expected }) => {
    const pod = await newPod({ major, subPath });
    await pod.run('preflight.sh');
    expect(await pod.run('find-data.sh')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `find-data: no cluster on this volume; a new one of major ${major} will be made in ${join(pod.volume, expected)}\n`,
    });
  },
);

test.each(LAYOUTS)('the cluster of $major in $expected is the one', async ({ major, subPath, expected }) => {
  const pod = await newPod({ major, subPath });
  await pod.putCluster(skeleton, expected);
  await pod.inVolume(`echo ${major} > '${expected}/PG_VERSION'`);
  expect(await pod.run('find-data.sh')).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining(`the cluster of major ${major} in`),
  });
});

test.each(LAYOUTS)(
  'a cluster of major 14 in $expected is refused by an image of $major',
  async ({ major, subPath, expected }) => {
    const pod = await newPod({ major, subPath });
    await pod.putCluster(skeleton, expected);
    await pod.inVolume(`echo 14 > '${expected}/PG_VERSION'`);
    const refused = await pod.run('find-data.sh');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${pod.pgdata} is of major 14, the image of major ${major}`);
    expect(refused.stderr).toContain('run an image of major 14 again');
  },
);

test.each(ELSEWHERE)(
  'on $major a cluster in $place is refused when $expected is the data directory, and the printed command moves it there',
  async ({ major, subPath, expected, place }) => {
    const pod = await newPod({ major, subPath });
    await pod.putCluster(skeleton, place);
    await pod.inVolume(`echo ${major} > '${place}/PG_VERSION'`);
    await pod.run('preflight.sh');
    const refused = await pod.run('find-data.sh');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `a cluster of major ${major} lies in ${join(pod.volume, place)}, but the data directory is ${join(pod.volume, expected)}`,
    );
    expect(refused.stderr).toContain(`otherClusters: ['${place}']`);
    await pod.inVolume(printedCommands(refused).join('\n'));
    expect(await pod.run('find-data.sh')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is the only one on this volume'),
    });
  },
);

test.each([
  ['shop', false],
  ['shop', true],
  ['tenants/shop/db', true],
])(
  'a sub-path that was %s (started by these scripts: %s) is found when it is called store now',
  async (former, served) => {
    const old = await newPod({ subPath: former });
    await old.putCluster(skeleton, former);
    if (served) {
      // The server itself has ended; its lock file stays.
      await old.replaceProgram('docker-entrypoint.sh', 'exit 0');
      expect((await (await old.beginServer()).finished).code).toBe(0);
    }
    const now = old.sibling({ subPath: 'store' });
    await now.run('preflight.sh');
    const refused = await now.run('find-data.sh');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`lies in ${join(old.volume, former)}, but the data directory is ${now.pgdata}`);
    await now.inVolume(printedCommands(refused).join('\n'));
    expect(await now.run('find-data.sh')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is the only one'),
    });
  },
);

test('a folder that is nobody’s cluster and one in the making do not stop a first start', async () => {
  const pod = await newPod({ subPath: 'store' });
  await pod.inVolume('mkdir -m 0700 lost+found .shop.new photos && echo 17 > .shop.new/PG_VERSION && touch .gone.lock');
  await pod.inVolume('chmod 0000 lost+found');
  expect(await pod.run('find-data.sh')).toMatchObject({ code: 0, stdout: expect.stringContaining('a new one') });
});

test('a cluster elsewhere that is also of another major is refused with both ways out', async () => {
  const pod = await newPod();
  await pod.putCluster(skeleton, 'data');
  await pod.inVolume('echo 14 > data/PG_VERSION');
  const refused = await pod.run('find-data.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('a cluster of major 14 lies in');
  expect(refused.stderr).toContain('run an image of major 14 again');
});

test("two clusters are refused with both places and majors, unless the other is stated to be another database's", async () => {
  const pod = await newPod();
  await pod.putCluster(skeleton, 'postgres');
  await pod.putCluster(skeleton, 'data');
  await pod.inVolume('echo 14 > data/PG_VERSION');
  const refused = await pod.run('find-data.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    `two clusters: of major ${debian} in ${pod.volume}/postgres, the data directory, and of major 14 in ${pod.volume}/data\n`,
  );
  expect(await pod.sibling({ otherClusters: ['pgdata'] }).run('find-data.sh')).toMatchObject({ code: 1 });
  expect(await pod.sibling({ otherClusters: ['pgdata', 'data'] }).run('find-data.sh')).toMatchObject({ code: 0 });
});

test('every problem is reported at once', async () => {
  const pod = await newPod();
  await pod.putCluster(skeleton, 'postgres');
  await pod.putCluster(skeleton, 'data');
  await pod.putCluster(skeleton, 'pgdata');
  await pod.inVolume('echo 14 > postgres/PG_VERSION');
  const { stderr } = await pod.run('find-data.sh');
  expect(stderr).toContain('is of major 14');
  expect(stderr).toContain(`in ${pod.volume}/data\n`);
  expect(stderr).toContain(`in ${pod.volume}/pgdata\n`);
});

test('both paths are named as the server of the volume knows them, and the command works there', async () => {
  const pod = await newPod();
  const exportPath = join(pod.binFolder, 'school db');
  symlinkSync(pod.volume, exportPath);
  const here = pod.sibling({ exportPath });
  await pod.putCluster(skeleton, 'data');
  const refused = await here.run('find-data.sh');
  expect(refused.stderr).toContain(`${pod.volume}/data (${exportPath}/data on the server of the volume)`);
  expect(refused.stderr).toContain(`${pod.volume}/postgres (${exportPath}/postgres on the server of the volume)`);
  const commands = printedCommands(refused).join('\n');
  expect(commands).not.toContain(pod.volume);
  await pod.inVolume(commands);
  expect(await here.run('find-data.sh')).toMatchObject({ code: 0 });
});

test('a data directory that holds something else is refused, and nothing in it is touched', async () => {
  const pod = await newPod();
  await pod.inVolume('mkdir -m 0700 postgres && echo precious > postgres/.hidden');
  const refused = await pod.run('find-data.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('holds 1 entries but no cluster (no PG_VERSION), e.g. .hidden');
  expect(await pod.inVolume('cat postgres/.hidden')).toBe('precious\n');
  await pod.inVolume(printedCommands(refused).join('\n'));
  expect(await pod.run('find-data.sh')).toMatchObject({ code: 0 });
});

test('an initdb of other hands that was killed in the data directory is refused', async () => {
  const pod = await newPod();
  const initdb = start(join(source.postgresFolder, 'initdb'), ['-D', pod.pgdata, '--no-sync'], { unprivileged: true });
  await until('initdb has written PG_VERSION', () => existsSync(join(pod.pgdata, 'PG_VERSION')));
  killGroup(initdb.process, 'SIGKILL');
  await initdb.finished;
  const refused = await pod.run('find-data.sh');
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('holds PG_VERSION but no complete cluster'),
  });
  await pod.inVolume(printedCommands(refused).join('\n'));
  expect(await pod.run('find-data.sh')).toMatchObject({ code: 0 });
});

test('a directory that cannot be looked into stops a first start, not a cluster in its place', async () => {
  const pod = await newPod();
  await pod.putCluster(skeleton, 'data');
  await pod.inVolume('chmod 0000 data');
  const refused = await pod.run('find-data.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /cannot look into .*\/data as \d+:\d+, it belongs to \d+:\d+ mode 0: it may hold a cluster/,
  );
  await pod.putCluster(skeleton, 'postgres');
  expect(await pod.run('find-data.sh')).toMatchObject({ code: 0 });
  await pod.inVolume('chmod 0700 data');
});

test('a cluster that was moved by the printed command still has its data', async () => {
  const pod = await newPod();
  await pod.prepare();
  const server = await pod.startServer();
  await pod.sql('CREATE TABLE kept AS SELECT 42 AS answer');
  process.kill(server.process.pid ?? 0, 'SIGINT');
  await server.finished;

  const moved = pod.sibling({ subPath: 'school/db' });
  await moved.run('preflight.sh');
  const refused = await moved.run('find-data.sh');
  expect(refused.code).toBe(1);
  await moved.inVolume(printedCommands(refused).join('\n'));
  expect(relative(moved.volume, moved.pgdata)).toBe('school/db');
  await moved.prepare();
  await moved.startServer();
  expect(await moved.sql('SELECT answer FROM kept')).toMatchObject({ stdout: '42\n' });
});
