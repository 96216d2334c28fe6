import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { type Passing, startS3Proxy } from '../support/s3-proxy';
import { StorePods } from './store-pods';
import { tree } from './store-runs';

describeWithGoProgram(VERSITYGW, 'a restore of backups that lie in a store alone', () => {
  let pods: StorePods;
  let name: string;
  let contents: string[][];
  let changed: string[][];

  beforeAll(async () => {
    pods = await StorePods.begin();
  }, 600_000);
  beforeEach(async () => {
    rmSync(join(pods.s3.bucketFolder, 'our'), { recursive: true, force: true });
    await pods.runs.makeSchool();
    contents = await pods.runs.contents();
    const { main, upload } = await pods.backup();
    expect([main, upload]).toMatchObject([{ code: 0 }, { code: 0 }]);
    name = names()[0] ?? '';
    await pods.runs.server.query(`DELETE FROM evidence WHERE id < 9`, 'school');
    changed = await pods.runs.contents();
  });
  afterEach(() => pods.runs.tidy());
  afterAll(() => pods.end());

  /** Names of the backups in the store, oldest first. */
  function names(): string[] {
    return tree(pods.files)
      .filter((file) => file.endsWith('.meta.json'))
      .map((file) => file.replace('.meta.json', ''));
  }

  const left = (file: string) => readFileSync(join(pods.runFolder, file), 'utf8');
  const sidecar = (backup = '') => JSON.parse(readFileSync(join(pods.files, `${backup}.meta.json`), 'utf8'));

  /** As it was before the restore: nothing swapped, nothing left over. */
  async function expectUntouched(): Promise<void> {
    expect(await pods.runs.contents()).toEqual(changed);
    expect(await pods.runs.databases()).toEqual(['school']);
  }

  test('brings it, puts a safety backup there first, loads, swaps and tells; rollback undoes it', async () => {
    const { main, store, upload } = await pods.restore(['restore', name]);
    expect([main, store, upload]).toMatchObject([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    expect(await pods.runs.contents()).toEqual(contents);
    const safety = names()[1];
    expect(sidecar(safety)).toMatchObject({ kind: 'safety', rows: 1092 });
    expect(left('restore.started')).toContain(`Backup: ${name}\n`);
    expect(left('restore.started')).toContain(`Safety backup: ${safety}.dump.zst\n`);
    expect(left('restore.result')).toMatch(/^ok\n/);

    expect((await pods.restore(['rollback'])).main).toMatchObject({ code: 0, stderr: '' });
    expect(await pods.runs.contents()).toEqual(changed);
    expect(names()).toHaveLength(2);
  });

  test('the safety backup can be restored in its turn', async () => {
    await pods.restore(['restore', name]);
    const { main } = await pods.restore(['restore', names()[1] ?? '']);
    expect([main.code, await pods.runs.contents()]).toEqual([0, changed]);
  });

  test('removes nothing from the store and freezes nothing there, though the database had lost all', async () => {
    const stamp = '20200101_000000';
    for (const file of tree(pods.files)) {
      const bytes = readFileSync(join(pods.files, file));
      const copy = file.replace(/\d{8}_\d{6}/, stamp);
      writeFileSync(
        join(pods.files, copy),
        copy.endsWith('.json') ? bytes.toString().replaceAll(name, copy.replace('.meta.json', '')) : bytes,
      );
    }
    for (const day of ['01', '02', '03', '04', '05', '06', '07', '08', '09']) {
      for (const end of ['.meta.json', '.dump.zst']) {
        writeFileSync(
          join(pods.files, `school_platform_202609${day}_000000${end}`),
          readFileSync(join(pods.files, `${name}${end}`)),
        );
      }
    }
    const before = tree(pods.files);
    await pods.runs.server.query('TRUNCATE student, evidence', 'school');
    const { main, upload } = await pods.restore(['restore', `school_platform_${stamp}`]);
    expect([main.code, upload?.code, await pods.runs.contents()]).toEqual([0, 0, contents]);
    expect(tree(pods.files)).toEqual(expect.arrayContaining(before));
    expect(tree(pods.files).filter((file) => file.endsWith('pruning-frozen'))).toEqual([]);
  });

  test.each<[string, (passing: Passing) => boolean, RegExp]>([
    ['every request', () => true, /^failed\nReason: \S+ cannot be brought: cannot list s3 backups\/our\/folder /],
    [
      'the archive',
      ({ method, path }) => method === 'GET' && path.includes('.dump.zst'),
      /cannot be brought: cannot bring \S+ from s3/,
    ],
    [
      'the safety backup',
      ({ method }) => method === 'PUT',
      /the safety backup is not in S3, so nothing was restored: cannot copy /,
    ],
  ])('a store that refuses %s leaves the database as it was, and its reason is told', async (_, refused, told) => {
    for (const fault of [{ status: 403 }, { cut: 'request' }] as const) {
      const before = tree(pods.files);
      const proxy = await startS3Proxy(pods.s3, (passing) => (refused(passing) ? fault : undefined));
      const { main } = await pods.restore(['restore', name], proxy.env, { RCLONE_LOW_LEVEL_RETRIES: '1' });
      await proxy.stop();
      expect([main.code === 0, left('restore.result')]).toEqual([false, expect.stringMatching(told)]);
      await expectUntouched();
      expect(tree(pods.files).filter((file) => !file.startsWith('.'))).toEqual(before);
    }
  });

  test.each([
    [
      'has no such backup',
      (backup: string) => rmSync(join(pods.files, `${backup}.meta.json`)),
      /has no \S+\.meta\.json$/m,
    ],
    [
      'lacks the archive',
      (backup: string) => rmSync(join(pods.files, `${backup}.dump.zst`)),
      /has no \S+\.dump\.zst$/m,
    ],
    [
      'has a damaged sidecar',
      (backup: string) => writeFileSync(join(pods.files, `${backup}.meta.json`), '{'),
      /is not a complete sidecar of that backup|corrupted on transfer/,
    ],
    [
      'has another archive',
      (backup: string) => writeFileSync(join(pods.files, `${backup}.dump.zst`), 'other'),
      /does not have the sha256 of its sidecar|corrupted on transfer/,
    ],
  ])('a store that %s leaves the database as it was', async (_, damage, told) => {
    damage(name);
    const { main } = await pods.restore(['restore', name]);
    expect(main.code).toBe(3);
    expect(left('restore.result')).toMatch(told);
    await expectUntouched();
  });

  test('a container that never starts is told within its time, and the reporter learns of it', async () => {
    const running = pods.restoreAlone(['restore', name], { START_SECONDS: '1' });
    expect(await running).toMatchObject({ code: 3 });
    expect(left('restore.result')).toContain('cannot be brought: the container store never started within 1 s');
    expect(readdirSync(pods.runFolder)).toContain('store.missing');
    await expectUntouched();
  });

  test('what other containers did and ended before it looked counts', async () => {
    const results = ['store', 'upload', 'migrate'].map((each) => [`${each}.result`, 'ok\n']);
    const files = { 'store.answer-1': '', ...Object.fromEntries(results) };
    const { code } = await pods.restoreAlone(['restore', name], { MIGRATE: 'container' }, files);
    expect([code, await pods.runs.contents()]).toEqual([0, contents]);
  });

  test('a drill brings the newest and restores it', async () => {
    const { main, store } = await pods.drill();
    expect([main, store]).toMatchObject([{ code: 0 }, { code: 0, stderr: '' }]);
    expect(left('drill.result')).toMatch(new RegExp(`^ok\\nBackup: ${name}\n`));
    rmSync(join(pods.files, `${name}.dump.zst`));
    expect((await pods.drill()).main.code).toBe(3);
    expect(left('drill.result')).toMatch(/^failed\nReason: the newest backup cannot be brought: s3 \S+ at \S+ has no /);
  });
});
