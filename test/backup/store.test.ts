import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { type Finished, killGroup, type Running } from '../support/process';
import type { S3Server } from '../support/s3';
import { startS3Proxy } from '../support/s3-proxy';
import { beginStoreRuns, filesOf, isWhole, makeBackup, type StoreRuns, startScript, tree } from './store-runs';

describeWithGoProgram(VERSITYGW, 'store.sh', () => {
  let runs: StoreRuns;
  let scratch: string;
  let image: string;
  let s3: S3Server;
  let store: string;
  let folder: string;

  beforeAll(async () => {
    runs = await beginStoreRuns();
    ({ scratch, image, s3, store } = runs);
  }, 600_000);
  beforeEach(() => {
    folder = mkdtempSync(join(scratch, 'fetched-'));
    runs.empty();
    makeBackup(store, '20261118_190000');
    makeBackup(store, '20261119_190000');
    makeBackup(store, '20261120_190000', { bytes: 5_000_000 });
    makeBackup(store, '20261121_190000', { prefix: 'school_platform' });
  });
  afterAll(() => runs.end());

  function fetchThem(args: string[], env: Record<string, string> = {}): Promise<Finished> {
    return startScript(image, ['store.sh', ...args], s3.env, { BACKUP_DIR: folder, ...env }).finished;
  }

  test.each([
    ['sidecars', ['sidecars'], ['school_20261120_190000.meta.json']],
    ['two sidecars', ['sidecars', '2'], ['school_20261119_190000.meta.json', 'school_20261120_190000.meta.json']],
    ['the newest', ['newest'], filesOf('school_20261120_190000')],
    ['a named one', ['backup', 'school_20261118_190000'], filesOf('school_20261118_190000')],
  ])('brings %s', async (_, args, names) => {
    const { code, stderr } = await fetchThem(args);
    expect({ code, stderr, names: tree(folder) }).toEqual({ code: 0, stderr: '', names });
    for (const name of names) {
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(store, name)))).toBe(true);
    }
    expect((await fetchThem(args)).code).toBe(0);
  });

  test('the newest sidecar also gets the name that a dump looks for, and a damaged one hides no other', async () => {
    writeFileSync(join(store, 'school_20261120_190000.meta.json'), '{');
    const previous = join(scratch, 'previous.meta.json');
    const { code, stderr } = await fetchThem(['sidecars', '2'], { PREVIOUS_METADATA: previous });
    expect({ code, names: tree(folder) }).toEqual({ code: 0, names: ['school_20261119_190000.meta.json'] });
    expect(stderr).toContain('school_20261120_190000.meta.json in s3');
    expect(JSON.parse(readFileSync(previous, 'utf8'))).toMatchObject({ name: 'school_20261119_190000' });
  });

  test('an empty store has no sidecars, and that is well', async () => {
    rmSync(store, { recursive: true });
    expect(await fetchThem(['sidecars'])).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await fetchThem(['newest']);
    expect(code).toBe(6);
    expect(stderr).toContain('has no verified backup of school');
  });

  test.each([
    ['archive', '.sql.gz', '.sql.gz from s3 backups/our/folder'],
    ['roles', '.roles.sql.gz', '.roles.sql.gz from s3 backups/our/folder'],
    ['sidecar', '.meta.json', 'is not a complete sidecar of that backup'],
  ])('a damaged %s is not given its name', async (_, end, told) => {
    writeFileSync(join(store, `school_20261120_190000${end}`), 'damaged');
    const { code, stderr } = await fetchThem(['newest']);
    expect({ code, names: tree(folder) }).toEqual({ code: 5, names: [] });
    expect(stderr).toContain(told);
  });

  test('never replaces a file of that name', async () => {
    writeFileSync(join(folder, 'school_20261120_190000.sql.gz'), 'another');
    expect((await fetchThem(['newest'])).code).toBe(5);
    expect(readFileSync(join(folder, 'school_20261120_190000.sql.gz'), 'utf8')).toBe('another');
  });

  test.each([
    [['backup', 'school_platform_20261121_190000']],
    [['backup', '../x']],
    [['sidecars', '0']],
    [['all']],
    [[]],
  ])('refuses the arguments %j', async (args) => {
    expect(await fetchThem(args)).toMatchObject({ code: 2, stdout: '' });
    expect(tree(folder)).toEqual([]);
  });

  test('is told apart: no such backup, no such bucket', async () => {
    expect((await fetchThem(['backup', 'school_20261118_190001'])).code).toBe(6);
    const { code, stderr } = await fetchThem(['newest'], { S3_BUCKET: 'no-such-bucket' });
    expect(code).toBe(4);
    expect(stderr).toContain('s3 no-such-bucket/our/folder at http://127.0.0.1:');
  });

  test('killed at any request it leaves no final name without what its sidecar says', async () => {
    let last = 1;
    for (let moment = 1; moment <= last; moment++) {
      let running: Running | undefined;
      const proxy = await startS3Proxy(s3, ({ number }) => {
        if (number === moment && running !== undefined && moment > 1) {
          killGroup(running.process, 'SIGKILL');
        }
        return undefined;
      });
      running = startScript(image, ['store.sh', 'newest'], proxy.env, { BACKUP_DIR: folder });
      await running.finished;
      await proxy.stop();
      last = moment === 1 ? proxy.passed.length : last;
      if (moment > 1) {
        expect(tree(folder).filter((name) => !name.endsWith('.partial'))).toEqual([]);
      }
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
    }
    expect(last).toBeGreaterThan(4);
    expect((await fetchThem(['newest'])).code).toBe(0);
    expect(isWhole(folder, 'school_20261120_190000')).toBe(true);
  });

  test('gets over connections that are cut while it reads', async () => {
    let cut = 0;
    const proxy = await startS3Proxy(s3, ({ method, path }) =>
      method === 'GET' && path.includes('.sql.gz') && cut++ < 4 ? { cut: 'answer' } : undefined,
    );
    const { code, stderr } = await startScript(image, ['store.sh', 'newest'], proxy.env, { BACKUP_DIR: folder })
      .finished;
    await proxy.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(isWhole(folder, 'school_20261120_190000')).toBe(true);
  });
});
