import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { type Finished, run, until } from '../support/process';
import type { S3Server } from '../support/s3';
import { type Passing, startS3Proxy } from '../support/s3-proxy';
import { beginStoreRuns, filesOf, isWhole, makeBackup, type StoreRuns, startScript, tree } from './store-runs';

describeWithGoProgram(VERSITYGW, 'upload.sh', () => {
  let runs: StoreRuns;
  let scratch: string;
  let image: string;
  let s3: S3Server;
  let backups: string;
  let store: string;

  beforeAll(async () => {
    runs = await beginStoreRuns();
    ({ scratch, image, s3, store } = runs);
  }, 600_000);
  beforeEach(() => {
    backups = mkdtempSync(join(scratch, 'backups-'));
    runs.empty();
  });
  afterAll(() => runs.end());

  function upload(env: Record<string, string> = {}, args: string[] = []): Promise<Finished> {
    return startScript(image, ['upload.sh', ...args], s3.env, { BACKUP_DIR: backups, ...env }).finished;
  }

  function days(...numbers: number[]): string[] {
    return numbers.map((day) => `202610${String(day).padStart(2, '0')}_190000`);
  }

  test('copies the newest backup, the sidecar last, and tells how it went', async () => {
    const { name } = makeBackup(backups, '20261120_190000', { bytes: 12_345_678 });
    const run = mkdtempSync(join(scratch, 'run-'));
    writeFileSync(join(run, 'dump.result'), 'ok\nSize: 1 GB\n');
    const proxy = await startS3Proxy(s3, () => undefined);
    const { code, stderr } = await startScript(image, ['upload.sh'], proxy.env, { BACKUP_DIR: backups, RUN_DIR: run })
      .finished;
    await proxy.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tree(store)).toEqual(filesOf(name));
    expect(isWhole(store, name)).toBe(true);
    expect(readFileSync(join(run, 'upload.result'), 'utf8')).toBe(
      'ok\nCopy: s3 backups/our/folder, 12.3 MB, verified\n',
    );
    const puts = proxy.passed.filter(({ method }) => method === 'PUT').map(nameOf);
    expect(puts.map((name) => name.replace(/\.[^.]+\.partial$/, '.partial'))).toEqual(
      ['sql.gz', 'roles.sql.gz', 'meta.json'].flatMap((end) => [`.${name}.${end}.partial`, `${name}.${end}`]),
    );
  });

  test('copies earlier backups that the store lacks, a bounded number, newest first', async () => {
    for (const stamp of days(1, 2, 3, 4, 5)) {
      makeBackup(backups, stamp);
    }
    const { code, stdout } = await upload({ CATCH_UP: '2' });
    expect(code).toBe(0);
    expect(stdout).toContain('Copied late: 2 earlier backups\n');
    expect(tree(store)).toEqual(filesOf(...days(3, 4, 5).map((stamp) => `school_${stamp}`)));
  });

  test('does not copy what it would remove at once', async () => {
    for (const stamp of ['20260101_190000', ...days(1, 2, 3)]) {
      makeBackup(backups, stamp);
    }
    makeBackup(store, '20260201_190000');
    // Behind a hole nothing is removed until there are seven days of newer backups.
    for (const stamp of days(4, 5, 6, 7, 8)) {
      makeBackup(store, stamp);
    }
    const { code, stdout } = await upload();
    expect(code).toBe(0);
    expect(stdout).not.toContain('copied: school_20260101_190000');
    expect(tree(store)).toContain('school_20261001_190000.meta.json');
  });

  test('takes only backups with a complete sidecar', async () => {
    const good = makeBackup(backups, '20261119_190000');
    const torn = makeBackup(backups, '20261120_190000');
    writeFileSync(join(backups, `${torn.name}.meta.json`), '{\n  "version": 1,\n');
    const alone = makeBackup(backups, '20261121_190000');
    rmSync(join(backups, `${alone.name}.sql.gz`));
    expect((await upload()).code).toBe(0);
    expect(tree(store)).toEqual(filesOf(good.name));
  });

  test('removes old backups of its own, archive first and sidecar last, and nothing else', async () => {
    const old = [...Array(8)].map((_, day) => `2026080${day + 1}_190000`);
    for (const stamp of old) {
      makeBackup(store, stamp);
    }
    const foreign = [
      'notes.txt',
      'school_20200101_190000.txt',
      'school_20200101_190000.sql.gz',
      'school_20209999_190000.meta.json',
      'school_platform_20200101_190000.meta.json',
      'school_platform_20200101_190000.sql.gz',
      'folder/school_20200101_190000.meta.json',
      'folder/school_20200101_190000.sql.gz',
      '.school_platform_20200101_190000.sql.gz.pod-1.partial',
      '.school_20200101_190000.sql.gz.pod-1.tmp',
    ].sort();
    mkdirSync(join(store, 'folder'));
    for (const name of foreign) {
      writeFileSync(join(store, name), 'foreign');
    }
    writeFileSync(join(store, '.school_20200101_190000.sql.gz.pod-1.partial'), 'left by a run that was killed');
    const kept = [...Array(7)].map((_, day) => `2026111${day}_190000`);
    for (const stamp of kept) {
      makeBackup(backups, stamp);
    }
    const proxy = await startS3Proxy(s3, () => undefined);
    const { code, stderr } = await startScript(image, ['upload.sh'], proxy.env, { BACKUP_DIR: backups }).finished;
    await proxy.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tree(store)).toEqual([...filesOf(...kept.map((stamp) => `school_${stamp}`)), ...foreign].sort());
    const removed = proxy.passed
      .filter(({ method, path }) => method === 'DELETE' && path.includes('20260805'))
      .map(nameOf);
    expect(removed).toEqual(['sql.gz', 'roles.sql.gz', 'meta.json'].map((end) => `school_20260805_190000.${end}`));
  });

  test('removes nothing while a backup of a later time is there, and says so', async () => {
    const old = ['20260801_190000', '20260802_190000'];
    for (const stamp of [...old, '20991231_190000']) {
      makeBackup(store, stamp);
    }
    for (const stamp of days(1, 2, 3, 4, 5, 6, 7)) {
      makeBackup(backups, stamp);
    }
    const { code, stdout } = await upload();
    expect([code, tree(store)]).toEqual([0, expect.arrayContaining(filesOf(...old.map((stamp) => `school_${stamp}`)))]);
    expect(stdout).toContain(
      'Warning: nothing old is removed from s3 backups/our/folder: school_20991231_190000 there is of a later time than now\n',
    );
    for (const name of filesOf('school_20991231_190000')) {
      rmSync(join(store, name));
    }
    expect((await upload()).code).toBe(0);
    expect(tree(store)).toEqual(filesOf(...days(1, 2, 3, 4, 5, 6, 7).map((stamp) => `school_${stamp}`)));
  });

  test('completes a removal that was cut off between archive and sidecar', async () => {
    for (const stamp of days(1, 2, 3, 4, 5, 6, 7)) {
      makeBackup(store, stamp);
    }
    const { name } = makeBackup(store, '20260801_190000');
    rmSync(join(store, `${name}.sql.gz`));
    makeBackup(backups, '20261008_190000');
    expect((await upload()).code).toBe(0);
    expect(tree(store).filter((path) => path.startsWith(name))).toEqual([]);
  });

  test('a sidecar without its archive does not count as one of the newest', async () => {
    const old = ['20260101_190000', '20260102_190000', '20260103_190000'].map((stamp) => makeBackup(store, stamp).name);
    for (const stamp of days(1, 2, 3, 4, 5, 6, 7, 8)) {
      makeBackup(store, stamp);
      rmSync(join(store, `school_${stamp}.sql.gz`));
    }
    makeBackup(backups, '20261009_190000');
    expect((await upload({ KEEP_NEWEST: '4' })).code).toBe(0);
    expect(old.every((name) => isWhole(store, name))).toBe(true);
  });

  test('removes nothing after a sudden drop, until it is confirmed', async () => {
    const old = [...Array(8)].map((_, day) => makeBackup(store, `2026080${day + 1}_190000`).name);
    for (const stamp of days(1, 2, 3, 4, 5, 6, 7)) {
      makeBackup(store, stamp);
    }
    makeBackup(backups, '20261008_190000', { suddenDrop: '3 rows, 1000 before' });
    const dropped = await upload();
    expect(dropped.code).toBe(0);
    expect(dropped.stdout).toContain('Pruning: frozen in s3 backups/our/folder until it is confirmed\n');
    expect(readFileSync(join(store, 'school.pruning-frozen'), 'utf8')).toBe(
      'school_20261008_190000: 3 rows, 1000 before\n',
    );
    makeBackup(backups, '20261009_190000');
    expect((await upload()).code).toBe(0);
    expect(old.every((name) => isWhole(store, name))).toBe(true);
    expect((await startScript(image, ['store.sh', 'unfreeze'], s3.env, { BACKUP_DIR: backups }).finished).code).toBe(0);
    expect((await upload()).code).toBe(0);
    expect(tree(store).filter((path) => path.includes('_202608'))).toEqual([]);
  });

  test('never gives a taken name to other bytes', async () => {
    const { name } = makeBackup(backups, '20261120_190000');
    writeFileSync(join(store, `${name}.sql.gz`), 'of another database');
    const { code, stderr } = await upload();
    expect(code).toBe(5);
    expect(stderr).toContain(
      `${name}.sql.gz is in s3 backups/our/folder at ${s3.env.S3_ENDPOINT} already with other content`,
    );
    expect(readFileSync(join(store, `${name}.sql.gz`), 'utf8')).toBe('of another database');
    expect(tree(store)).toEqual([`${name}.sql.gz`]);
  });

  test('sees that a backup of the same name on the store is another one', async () => {
    const { name } = makeBackup(store, '20261120_190000');
    makeBackup(backups, '20261120_190000');
    const { code, stderr } = await upload();
    expect(code).toBe(5);
    expect(stderr).toContain(`${name}.meta.json is in s3`);
  });

  test.each([
    ['of that archive gives way to the sidecar', true, 0],
    ['of another archive stays', false, 5],
  ])('what verify wrote meanwhile %s', async (_, isSame, code) => {
    const { name } = makeBackup(backups, isSame ? '20261121_190000' : '20261122_190000');
    const own = readFileSync(join(backups, `${name}.meta.json`), 'utf8');
    const sum = isSame ? '$1' : '"sha256": "0"';
    const adopted = own
      .replace(/("sha256": "\w+")/, `"kind": "adopted",\n  ${sum}`)
      .replace(/("rolesFile"): .*,/, '$1: null,');
    const proxy = await startS3Proxy(s3, ({ method, path }) => {
      if (method === 'PUT' && path.includes('.roles.sql.gz')) {
        writeFileSync(join(store, `${name}.meta.json`), adopted);
      }
      return undefined;
    });
    const finished = await upload(proxy.env);
    await proxy.stop();
    expect([finished.code, readFileSync(join(store, `${name}.meta.json`), 'utf8')]).toEqual([
      code,
      isSame ? own : adopted,
    ]);
  });

  test('a file that is damaged here gets no name there', async () => {
    const { name, archive } = makeBackup(backups, '20261120_190000');
    archive[500] = ~(archive[500] ?? 0);
    writeFileSync(join(backups, `${name}.sql.gz`), archive);
    const { code, stderr } = await upload();
    expect(code).toBe(5);
    expect(stderr).toContain(`${name}.sql.gz does not have the sha256 of its sidecar any more`);
    expect(tree(store)).toEqual([]);
  });

  test('waits for the dump of its pod', async () => {
    const run = mkdtempSync(join(scratch, 'run-'));
    const running = startScript(image, ['upload.sh'], s3.env, { BACKUP_DIR: backups, RUN_DIR: run });
    await until('it waits for the dump', () => tree(run).includes('dump.alive'));
    const { name } = makeBackup(backups, '20261120_190000');
    writeFileSync(join(run, 'dump.partial'), 'ok\n');
    renameSync(join(run, 'dump.partial'), join(run, 'dump.result'));
    expect((await running.finished).code).toBe(0);
    expect(tree(store)).toEqual(filesOf(name));
  });

  test.each([
    ['skipped', 'skipped\n', []],
    ['failed before it published one', 'failed\nReason: no connection\n', []],
    ['failed after it published one', 'failed\nReason: rows fell\n', ['20261120_190000']],
  ])('a dump that %s', async (_, result, published) => {
    makeBackup(store, '20261119_190000');
    for (const stamp of published) {
      makeBackup(backups, stamp);
    }
    const run = mkdtempSync(join(scratch, 'run-'));
    writeFileSync(join(run, 'dump.result'), result);
    expect((await upload({ RUN_DIR: run })).code).toBe(0);
    expect(readFileSync(join(run, 'upload.result'), 'utf8')).toMatch(
      published.length > 0 ? /^ok\nCopy: / : /^skipped\n/,
    );
    expect(tree(store)).toEqual(filesOf(...['20261119_190000', ...published].map((stamp) => `school_${stamp}`)));
  });

  test('an old backup that the store let go gets no sidecar there when the dump fails', async () => {
    makeBackup(backups, '20260101_190000');
    for (const stamp of days(1, 2, 3, 4, 5, 6, 7, 8)) {
      makeBackup(store, stamp);
    }
    const before = tree(store);
    const run = mkdtempSync(join(scratch, 'run-'));
    writeFileSync(join(run, 'dump.result'), 'failed\nReason: no connection\n');
    expect((await upload({ RUN_DIR: run })).code).toBe(0);
    expect(tree(store)).toEqual(before);
  });

  test('a dump that was killed leaves nothing to copy', async () => {
    makeBackup(backups, '20261120_190000');
    const folder = mkdtempSync(join(scratch, 'run-'));
    const running = startScript(image, ['upload.sh'], s3.env, { BACKUP_DIR: backups, RUN_DIR: folder });
    await until('it waits for the dump', () => tree(folder).includes('dump.alive'));
    await run('sh', ['-c', 'exec 9<>"$1"', 'sh', join(folder, 'dump.alive')]);
    expect((await running.finished).code).toBe(0);
    expect(readFileSync(join(folder, 'upload.result'), 'utf8')).toBe('skipped\n');
    expect(tree(store)).toEqual([]);
  });

  test('says all that is wrong with its settings at once', async () => {
    const { code, stderr } = await upload({ FILE_PREFIX: 'a b', S3_ENDPOINT: '', KEEP_ALL_DAYS: 'x', CATCH_UP: '-1' });
    expect(code).toBe(2);
    for (const part of [
      'FILE_PREFIX "a b" must',
      'S3_ENDPOINT is not set',
      'KEEP_ALL_DAYS "x" must',
      'CATCH_UP "-1" must',
    ]) {
      expect(stderr).toContain(part);
    }
  });
});

function nameOf({ path }: Passing): string {
  return path.replace(/.*\/([^?]*).*/, '$1');
}
