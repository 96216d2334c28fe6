import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { startS3Proxy } from '../support/s3-proxy';
import { type EndedPod, StorePods } from './store-pods';
import { tree } from './store-runs';

const FROZEN = 'school_platform.pruning-frozen';

describeWithGoProgram(VERSITYGW, 'the catalogue of backups that lie in a store alone', () => {
  let pods: StorePods;
  let name: string;
  let other: string;

  beforeAll(async () => {
    pods = await StorePods.begin();
    await pods.runs.makeSchool();
  }, 600_000);
  beforeEach(async () => {
    rmSync(join(pods.s3.bucketFolder, 'our'), { recursive: true, force: true });
    await pods.backup();
    name = filesOf('.meta.json')[0]?.replace('.meta.json', '') ?? '';
    other = name.replace(/\d{8}_\d{6}/, '20261001_190000');
    for (const file of filesOf(name)) {
      const bytes = readFileSync(join(pods.files, file));
      const text = file.endsWith('.json')
        ? bytes
            .toString()
            .replaceAll(name, other)
            .replace(/"time": ".*"/, '"time": "2026-10-01T19:00:00Z"')
        : bytes;
      writeFileSync(join(pods.files, file.replace(name, other)), text);
    }
  });
  afterAll(() => pods.end());

  const filesOf = (part: string) => tree(pods.files).filter((file) => file.includes(part));
  const verifications = ({ main }: EndedPod) =>
    main.stdout
      .split('\n')
      .filter((line) => line.startsWith('{"name"'))
      .map((line) => JSON.parse(line) as { name: string; verification: string; rows: number; bytes: number })
      .map(({ name: each, verification }) => [each, verification]);

  test('lists what is verified, damaged, without archive and without metadata, and why pruning is frozen', async () => {
    const [missing, orphan, damaged] = ['20261002', '20261003', '20261004'].map((day) =>
      other.replace('20261001', day),
    ) as [string, string, string];
    const sidecar = readFileSync(join(pods.files, `${other}.meta.json`), 'utf8');
    for (const each of [missing, damaged]) {
      writeFileSync(join(pods.files, `${each}.meta.json`), sidecar.replaceAll(other, each));
    }
    for (const each of [orphan, damaged]) {
      writeFileSync(join(pods.files, `${each}.dump.zst`), 'some bytes');
    }
    writeFileSync(join(pods.files, FROZEN), 'half of it is gone\n');
    writeFileSync(join(pods.files, 'school_platform_20261005_190000.txt'), 'foreign');
    const pod = await pods.catalogue(['list']);
    expect(pod).toMatchObject({ main: { code: 0, stderr: '' }, store: { code: 0, stderr: '' } });
    expect(verifications(pod)).toEqual([
      [name, 'verified'],
      [damaged, 'damaged-size'],
      [orphan, 'unverified'],
      [missing, 'missing'],
      [other, 'verified'],
    ]);
    expect(pod.main.stdout).toContain('{"pruningFrozen":"half of it is gone"}\n');
  });

  test('says nothing is there only when the store says so', async () => {
    const proxy = await startS3Proxy(pods.s3, () => ({ status: 403 }));
    const { main } = await pods.catalogue(['list'], proxy.env);
    await proxy.stop();
    expect(main).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('list failed: cannot list s3 '),
    });
    rmSync(pods.files, { recursive: true });
    expect((await pods.catalogue(['list'])).main).toMatchObject({ code: 0, stdout: '{"pruningFrozen":null}\n' });
  });

  test('delete removes every file there, the metadata last, but never the last verified one', async () => {
    const proxy = await startS3Proxy(pods.s3, () => undefined);
    const pod = await pods.catalogue(['delete', other], proxy.env);
    await proxy.stop();
    expect(pod).toMatchObject({ main: { code: 0, stdout: `deleted: ${other}, which was verified\n`, stderr: '' } });
    expect(filesOf(other)).toEqual([]);
    const removed = proxy.passed
      .filter(({ method }) => method === 'DELETE')
      .map(({ path }) => path.split('?')[0] ?? '');
    expect(removed).toHaveLength(3);
    expect(removed.at(-1)).toMatch(/\.meta\.json$/);

    const before = tree(pods.files);
    expect((await pods.catalogue(['delete', name])).main).toMatchObject({ code: 4 });
    expect(tree(pods.files)).toEqual(before);
  });

  test('a delete that the store refuses keeps the metadata, and says so', async () => {
    const proxy = await startS3Proxy(pods.s3, ({ method }) => (method === 'DELETE' ? { status: 403 } : undefined));
    const { main } = await pods.catalogue(['delete', other], proxy.env);
    await proxy.stop();
    expect(main).toMatchObject({ code: 3, stderr: expect.stringContaining('not everything could be removed from s3') });
    expect(filesOf(other)).toHaveLength(3);
  });

  test('verify reads each archive of the store, one after the other, and adopts one without metadata', async () => {
    rmSync(join(pods.files, `${other}.meta.json`));
    const pod = await pods.catalogue(['verify', '--all']);
    expect(pod).toMatchObject({ main: { code: 0, stderr: expect.stringContaining('2 backups, all whole') } });
    expect(tree(pods.folder).filter((file) => file.endsWith('.zst') || file.endsWith('.gz'))).toEqual([]);
    expect(JSON.parse(readFileSync(join(pods.files, `${other}.meta.json`), 'utf8'))).toMatchObject({
      kind: 'adopted',
      rows: 1100,
    });
    expect(verifications(await pods.catalogue(['list']))).toEqual([
      [name, 'verified'],
      [other, 'verified'],
    ]);
    renameSync(join(pods.files, `${name}.roles.sql.gz`), join(pods.files, `${name}.dump.zst`));
    const { main } = await pods.catalogue(['verify', name]);
    expect([main.code, main.stderr]).toEqual([1, expect.stringMatching(/verify failed: \S+: /)]);
  });

  test('the metadata that a run brings while its archive is read stay', async () => {
    const published = other.replace('20261001', '20261006');
    for (const file of filesOf(other)) {
      renameSync(join(pods.files, file), join(pods.files, file.replace(other, published)));
    }
    const metadata = join(pods.files, `${published}.meta.json`);
    const text = readFileSync(metadata, 'utf8').replaceAll(other, published).replace('2026-10-01', '2026-10-06');
    rmSync(metadata);
    const proxy = await startS3Proxy(pods.s3, ({ method, path }) => {
      if (method === 'GET' && path.includes(`${published}.dump.zst`)) {
        writeFileSync(metadata, text);
      }
      return undefined;
    });
    const pod = await pods.catalogue(['verify', '--all'], proxy.env);
    await proxy.stop();
    expect(pod.main).toMatchObject({ code: 0, stderr: 'verify complete: 2 backups, all whole\n' });
    expect(pod.main.stdout).not.toContain('"kind":"adopted"');
    expect(readFileSync(metadata, 'utf8')).toBe(text);
  });

  test.each([
    ['the store alone', 'archives', 'pruning is not frozen in the store\n'],
    [
      'the folder and the store',
      'copy',
      'confirmed; pruning was frozen because of this: half\npruning is not frozen in the store\n',
    ],
  ])('confirm reaches %s', async (_, said, printed) => {
    writeFileSync(join(pods.files, FROZEN), 'half\n');
    const pod = await pods.catalogue(['confirm'], pods.s3.env, { STORE: said }, { [FROZEN]: 'half\n' });
    expect(pod.main).toMatchObject({ code: 0, stdout: printed, stderr: '' });
    expect(filesOf(FROZEN)).toEqual([]);
  });

  test('confirm fails when the store refuses', async () => {
    writeFileSync(join(pods.files, FROZEN), 'half\n');
    const proxy = await startS3Proxy(pods.s3, ({ method }) => (method === 'DELETE' ? { status: 403 } : undefined));
    const { main } = await pods.catalogue(['confirm'], proxy.env);
    await proxy.stop();
    expect(main).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('in the store pruning may still be frozen: '),
    });
    expect(filesOf(FROZEN)).toEqual([FROZEN]);
  });

  test('without a store the folder is asked, as ever, and a store without RUN_DIR is refused', async () => {
    const { main } = await pods.catalogue(['list'], pods.s3.env, { STORE: 'copy' });
    expect(main).toMatchObject({ code: 0, stdout: '{"pruningFrozen":null}\n' });
    expect((await pods.catalogue(['list'], pods.s3.env, { RUN_DIR: '' })).main).toMatchObject({ code: 2 });
  });
});
