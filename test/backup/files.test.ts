import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { type Finished, killGroup, type Running } from '../support/process';
import type { S3Server } from '../support/s3';
import { startS3Proxy } from '../support/s3-proxy';
import { beginStoreRuns, type StoreRuns, startScript, tree } from './store-runs';

describeWithGoProgram(VERSITYGW, 'files.sh', () => {
  let runs: StoreRuns;
  let scratch: string;
  let image: string;
  let s3: S3Server;
  let files: string;
  let evidence: string;
  let claim: string;
  let store: string;

  beforeAll(async () => {
    runs = await beginStoreRuns();
    ({ scratch, image, s3, store } = runs);
  }, 600_000);
  beforeEach(() => {
    files = mkdtempSync(join(scratch, 'files-'));
    evidence = join(files, 'evidence');
    claim = mkdtempSync(join(scratch, 'claim-'));
    runs.empty();
    mkdirSync(join(evidence, 'a folder'), { recursive: true });
    writeFileSync(join(evidence, 'photo.jpg'), 'a photo');
    writeFileSync(join(evidence, 'a folder/ödd; "name" $(x).pdf'), 'a document');
    writeFileSync(join(evidence, 'empty'), '');
    symlinkSync('photo.jpg', join(evidence, 'link'));
  });
  afterAll(() => runs.end());

  function run(args: string[] = [], env: Record<string, string> = {}, target = s3.env): Running {
    return startScript(image, ['files.sh', ...args], target, { FILES_DIR: files, BACKUP_DIR: claim, ...env });
  }

  /** Runs it and returns the newest state of the folder or store. */
  async function backUp(env: Record<string, string> = {}): Promise<string> {
    const { code, stderr } = await run([], env).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return states(env.TARGETS === 'folder' ? claim : store).at(-1) ?? '';
  }

  function states(folder: string): string[] {
    return tree(folder)
      .filter((path) => /^school-evidence_.*\.meta\.json$/.test(path))
      .map((path) => path.replace('.meta.json', ''));
  }

  function contents(folder: string): Record<string, string> {
    return Object.fromEntries(tree(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
  }

  async function restored(state: string, env: Record<string, string> = {}): Promise<Record<string, string>> {
    const folder = mkdtempSync(join(scratch, 'restored-'));
    const { code, stderr } = await run(['restore', state, folder], env).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return contents(folder);
  }

  test.each(['folder', 's3'])('every kept state can be had back from a target of kind %s', async (TARGETS) => {
    const known: [string, Record<string, string>][] = [];
    const remember = async (stamp: string) => {
      known.push([await backUp({ TARGETS, STAMP: stamp }), contents(evidence)]);
    };
    await remember('20261101_190000');
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    await remember('20261102_190000');
    rmSync(join(evidence, 'a folder'), { recursive: true });
    writeFileSync(join(evidence, 'photo.jpg'), 'a third photo');
    await remember('20261103_190000');
    // The same size and time: only its bytes tell.
    writeFileSync(join(evidence, 'photo.jpg'), 'A THIRD PHOTO');
    utimesSync(join(evidence, 'photo.jpg'), 1, 1);
    await remember('20261104_190000');
    writeFileSync(join(evidence, 'photo.jpg'), 'a THIRD photo');
    utimesSync(join(evidence, 'photo.jpg'), 1, 1);
    await remember('20261105_190000');
    for (const [state, before] of known) {
      expect(await restored(state, { TARGETS })).toEqual(before);
    }
  });

  test('both targets get the same state, with a list and a sidecar', async () => {
    const state = await backUp({ TARGETS: 'folder s3' });
    for (const target of [claim, store]) {
      const sidecar = JSON.parse(readFileSync(join(target, `${state}.meta.json`), 'utf8'));
      expect(sidecar).toMatchObject({
        name: state,
        format: 'files',
        tables: 0,
        rows: 4,
        databaseBytes: 26,
        verified: true,
      });
      const list = gunzipSync(readFileSync(join(target, `${state}.files.gz`))).toString();
      expect(list).toMatch(/^7;[0-9a-f]{32};\d{4}-\d\d-\d\d \d\d:\d\d:\d\d;photo\.jpg$/m);
      expect(list.split('\n').length).toBe(5);
    }
  });

  test('uploaded-files.sh lists states, brings one back beside the live files, and overwrites nothing', async () => {
    const tools = (...args: string[]) =>
      startScript(image, ['uploaded-files.sh', ...args], s3.env, { FILES_DIR: files }).finished;
    expect(await tools('list')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^no uploaded files of school /),
    });
    const known = contents(evidence);
    const first = await backUp({ STAMP: '20261101_190000' });
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    await backUp({ STAMP: '20261102_190000' });
    expect(await tools('list')).toMatchObject({
      code: 0,
      stdout:
        'school-evidence_20261101_190000  4 files  26 bytes\nschool-evidence_20261102_190000  4 files  32 bytes\n',
    });
    const { stdout } = await tools('restore', first);
    expect(stdout).toContain(`brought back: 4 files of ${first} to ${evidence}/restored_20261101_190000\n`);
    expect(contents(join(evidence, 'restored_20261101_190000'))).toEqual(known);
    expect(readFileSync(join(evidence, 'photo.jpg'), 'utf8')).toBe('another photo');
    const again = await tools('restore', first);
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('is there already; move it away') });
    expect(await tools()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('use list, restore NAME or confirm'),
    });
  });

  test('a restore that is killed leaves no folder that looks whole, and the next one says so', async () => {
    const state = await backUp();
    let running: Running | undefined;
    const proxy = await startS3Proxy(s3, ({ path }) => {
      if (path.includes('current/photo.jpg') && running !== undefined) {
        killGroup(running.process, 'SIGKILL');
      }
      return undefined;
    });
    running = run(['restore', state], {}, proxy.env);
    expect(await running.finished).toMatchObject({ signal: 'SIGKILL' });
    await proxy.stop();
    const unfinished = state.replace('school-evidence_', '.restoring_');
    expect(readdirSync(evidence).filter((name) => name.includes('rest'))).toEqual([unfinished]);
    expect(await run(['restore', state]).finished).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`${unfinished} is there: it is being restored, or that was ended half-way`),
    });
    rmSync(join(evidence, unfinished), { recursive: true });
    expect(await run(['restore', state]).finished).toMatchObject({ code: 0 });
  });

  test('old states and what only they need are removed, nothing else', async () => {
    mkdirSync(join(claim, 'school-evidence2/current'), { recursive: true });
    writeFileSync(join(claim, 'school-evidence2/current/x'), 'foreign');
    writeFileSync(join(claim, 'school-evidence2_20200101_190000.meta.json'), 'foreign');
    for (let day = 1; day <= 9; day++) {
      appendFileSync(join(evidence, 'photo.jpg'), String(day));
      await backUp({ TARGETS: 'folder', KEEP_ALL_DAYS: '2', STAMP: `2026080${day}_190000` });
    }
    const kept = ['20260807_190000', '20260808_190000', '20260809_190000'];
    expect(states(claim)).toEqual(kept.map((stamp) => `school-evidence_${stamp}`));
    const replaced = new Set(tree(claim).flatMap((path) => /replaced_(\d+_\d+)/.exec(path)?.[1] ?? []));
    expect([...replaced]).toEqual(['20260806_190000', ...kept]);
    expect(tree(claim)).toContain('school-evidence2/current/x');
    const oldest = await restored('school-evidence_20260807_190000', { TARGETS: 'folder' });
    expect(oldest['photo.jpg']).toBe('a photo1234567');
  }, 120_000);

  test('a sidecar gets its name only after all files are on the disk', async () => {
    const programs = mkdtempSync(join(scratch, 'programs-'));
    writeFileSync(join(programs, 'sync'), '#!/bin/sh\nls -R "$BACKUP_DIR" >"$(mktemp "$SYNCED/XXXXXX")"\n', {
      mode: 0o755,
    });
    const synced = mkdtempSync(join(scratch, 'synced-'));
    await backUp({ TARGETS: 'folder', PATH: `${programs}:${image}`, SYNCED: synced });
    const seen = tree(synced).map((name) => readFileSync(join(synced, name), 'utf8'));
    expect(seen.some((files) => files.includes('photo.jpg') && !files.includes('.meta.json'))).toBe(true);
    expect(seen.some((files) => files.includes('.meta.json'))).toBe(true);
  });

  test('a removal that was cut off between list and sidecar is completed', async () => {
    const old = await backUp({ TARGETS: 'folder', STAMP: '20260801_190000' });
    rmSync(join(claim, `${old}.files.gz`));
    for (const day of [1, 2, 3, 4, 5, 6, 7]) {
      await backUp({ TARGETS: 'folder', STAMP: `2026110${day}_190000` });
    }
    expect(states(claim)).toEqual([1, 2, 3, 4, 5, 6, 7].map((day) => `school-evidence_2026110${day}_190000`));
  });

  test('a sidecar that is cut off counts for nothing', async () => {
    const whole = await backUp({ TARGETS: 'folder', STAMP: '20260901_190000' });
    const known = contents(evidence);
    for (const STAMP of ['20260902_190000', '20260903_190000']) {
      writeFileSync(join(evidence, 'photo.jpg'), `a photo of ${STAMP}`);
      writeFileSync(join(claim, `${await backUp({ TARGETS: 'folder', STAMP })}.meta.json`), '');
    }
    await backUp({ TARGETS: 'folder', STAMP: '20261121_190000', KEEP_ALL_DAYS: '0', KEEP_NEWEST: '2' });
    expect(await restored(whole, { TARGETS: 'folder' })).toEqual(known);
  });

  test('an empty folder that was not empty before is refused, and so is a missing one', async () => {
    await backUp({ STAMP: '20261101_190000' });
    const before = tree(store);
    rmSync(evidence, { recursive: true });
    expect((await run().finished).code).toBe(3);
    mkdirSync(evidence);
    const { code, stderr } = await run().finished;
    expect(code).toBe(3);
    expect(stderr).toContain('is empty, but had 4 files before; is the right volume mounted?');
    expect(tree(store)).toEqual(before);
  });

  test('after a sudden drop everything is kept until it is confirmed', async () => {
    const whole = await backUp({ STAMP: '20261101_190000' });
    for (const name of ['photo.jpg', 'empty', 'link']) {
      rmSync(join(evidence, name));
    }
    const dropped = await run([], { STAMP: '20261102_190000' }).finished;
    expect(dropped.code).toBe(10);
    expect(dropped.stderr).toContain('1 files, 4 in the state before');
    expect(tree(store)).toContain('school-evidence.pruning-frozen');
    expect(Object.keys(await restored(whole))).toContain('photo.jpg');
    // A database of another platform.
    writeFileSync(join(store, 'school-archive.pruning-frozen'), 'school-archive_20261101_190000: 1 rows');
    expect((await run(['confirm']).finished).code).toBe(0);
    expect(tree(store)).not.toContain('school-evidence.pruning-frozen');
    expect(tree(store)).toContain('school-archive.pruning-frozen');
  });

  test('a second that has a state already is refused before anything is copied', async () => {
    await backUp({ STAMP: '20261101_190000' });
    const before = tree(store);
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    const { code, stderr } = await run([], { STAMP: '20261101_190000' }).finished;
    expect(code).toBe(5);
    expect(stderr).toContain('has school-evidence_20261101_190000 already; nothing was copied: is the clock right?');
    expect(tree(store)).toEqual(before);
  });

  test('a run whose clock was set back for once takes nothing from the states before', async () => {
    const before = await backUp({ STAMP: '20261105_190000' });
    const known = contents(evidence);
    for (const STAMP of ['20200101_190000', '20261106_190000', '20261107_190000']) {
      writeFileSync(join(evidence, 'photo.jpg'), `a photo of ${STAMP}`);
      await backUp({ STAMP });
      expect(await restored(before)).toEqual(known);
    }
  });

  test.each(['folder', 's3'])('files and folders change places in a target of kind %s', async (TARGETS) => {
    const before = await backUp({ TARGETS, STAMP: '20261105_190000' });
    const known = contents(evidence);
    rmSync(join(evidence, 'photo.jpg'));
    mkdirSync(join(evidence, 'photo.jpg'));
    writeFileSync(join(evidence, 'photo.jpg/1'), 'a photo in a folder');
    rmSync(join(evidence, 'a folder'), { recursive: true });
    writeFileSync(join(evidence, 'a folder'), 'a file');
    rmSync(join(evidence, 'link'));
    const state = await backUp({ TARGETS, STAMP: '20261106_190000' });
    expect(await restored(state, { TARGETS })).toEqual(contents(evidence));
    expect(await restored(before, { TARGETS })).toEqual(known);
  });

  test.each(['folder', 's3'])('names that only look the same are two files in a target of kind %s', async (TARGETS) => {
    const [one, two] = ['caf\u00e9', 'cafe\u0301'].map((name) => join(evidence, name)) as [string, string];
    writeFileSync(one, 'from one machine');
    await backUp({ TARGETS, STAMP: '20261105_190000' });
    renameSync(one, two);
    const renamed = contents(evidence);
    const state = await backUp({ TARGETS, STAMP: '20261106_190000' });
    writeFileSync(one, 'and from another');
    expect(await restored(await backUp({ TARGETS, STAMP: '20261107_190000' }), { TARGETS })).toEqual(
      contents(evidence),
    );
    expect(await restored(state, { TARGETS })).toEqual(renamed);
  });

  test('a file with a line break in its name is refused, not lost', async () => {
    writeFileSync(join(evidence, 'two\nlines'), 'x');
    const { code, stderr } = await run().finished;
    expect(code).toBe(3);
    expect(stderr).toContain('two?lines; rename it');
  });

  test('a file that is named like the copy of a symbolic link is refused, not lost', async () => {
    writeFileSync(join(evidence, 'link.rclonelink'), 'photo.jpg');
    const { code, stderr } = await run().finished;
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('/evidence/link.rclonelink has'),
    });
  });

  test('a run of the very second of one that was killed loses nothing of the state before', async () => {
    const before = await backUp({ STAMP: '20261101_190000' });
    const known = contents(evidence);
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    let running: Running | undefined;
    const proxy = await startS3Proxy(s3, ({ method, path }) => {
      if (method === 'PUT' && path.includes('.files.gz') && running !== undefined) {
        killGroup(running.process, 'SIGKILL');
      }
      return undefined;
    });
    running = run([], { STAMP: '20261102_190000' }, proxy.env);
    expect((await running.finished).signal).toBe('SIGKILL');
    await proxy.stop();
    writeFileSync(join(evidence, 'photo.jpg'), 'a third photo');
    await backUp({ STAMP: '20261102_190000' });
    expect(await restored(before)).toEqual(known);
  });

  test('a slow run takes nothing from the state of one that began and ended meanwhile', async () => {
    await backUp({ STAMP: '20261101_190000' });
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    let meanwhile = '';
    let known: Record<string, string> = {};
    const proxy = await startS3Proxy(s3, async ({ method, path }) => {
      if (meanwhile !== '' || method !== 'PUT' || !path.includes('current/photo.jpg')) {
        return undefined;
      }
      meanwhile = await backUp({ STAMP: '20261102_190500' });
      known = contents(evidence);
      writeFileSync(join(evidence, 'photo.jpg'), 'a third photo');
      return { status: 403 };
    });
    const slow = await run([], { STAMP: '20261102_190000' }, proxy.env).finished;
    await proxy.stop();
    expect(slow).toMatchObject({ code: 0 });
    await backUp({ STAMP: '20261103_190000', KEEP_ALL_DAYS: '0', KEEP_NEWEST: '2' });
    expect(states(store)).toEqual([meanwhile, 'school-evidence_20261103_190000']);
    expect(await restored(meanwhile)).toEqual(known);
  });

  test('a file that changes while it is backed up leaves the state before as it was', async () => {
    const before = await backUp({ STAMP: '20261101_190000' });
    const known = contents(evidence);
    const { mtime } = statSync(join(evidence, 'empty'));
    writeFileSync(join(evidence, 'photo.jpg'), 'another photo');
    writeFileSync(join(evidence, 'same size and time'), 'x');
    utimesSync(join(evidence, 'same size and time'), mtime, mtime);
    let changed = false;
    const proxy = await startS3Proxy(s3, ({ method, path }) => {
      // The first pass has copied this file, and it is other bytes in the folder: a second pass follows.
      if (method === 'PUT' && path.includes('current/same')) {
        writeFileSync(join(evidence, 'same size and time'), 'y');
        utimesSync(join(evidence, 'same size and time'), mtime, mtime);
      }
      if (!changed && method === 'PUT' && path.includes('current/photo.jpg')) {
        changed = true;
      } else if (changed && method === 'GET' && path.includes('prefix=')) {
        writeFileSync(join(evidence, 'photo.jpg'), 'a third photo');
      }
      return undefined;
    });
    const running = run([], { STAMP: '20261102_190000' }, proxy.env);
    expect(await running.finished).toMatchObject({ code: 0 });
    await proxy.stop();
    expect(contents(evidence)['photo.jpg']).toBe('a third photo');
    expect(await restored(before)).toEqual(known);
  });

  test('killed anywhere, every state with a sidecar can be had back, and the next run completes', async () => {
    await backUp({ STAMP: '20261101_190000' });
    const before = contents(evidence);
    let last = 60;
    for (let moment = 2; moment < last; moment += 6) {
      writeFileSync(join(evidence, 'photo.jpg'), `photo ${moment}`);
      writeFileSync(join(evidence, `new ${moment}`), 'new');
      let running: Running | undefined;
      const proxy = await startS3Proxy(s3, ({ number }) => {
        if (number === moment && running !== undefined) {
          killGroup(running.process, 'SIGKILL');
        }
        return undefined;
      });
      // All in one second: none may overwrite what another took away.
      running = run([], { STAMP: '20261102_190000' }, proxy.env);
      const { signal }: Finished = await running.finished;
      await proxy.stop();
      last = signal === null ? moment : last;
    }
    expect(last).toBeGreaterThan(14);
    expect(await restored('school-evidence_20261101_190000')).toEqual(before);
    expect(await restored(await backUp({ STAMP: '20261103_190000' }))).toEqual(contents(evidence));
  }, 120_000);

  test.each([
    ['a list that was changed', 5, (state: string) => writeFileSync(join(claim, `${state}.files.gz`), 'x')],
    ['a file that is gone', 5, () => rmSync(join(claim, 'school-evidence/current/photo.jpg'))],
    ['a file that was changed', 5, () => writeFileSync(join(claim, 'school-evidence/current/photo.jpg'), 'A photo')],
    ['a state that is not there', 6, (state: string) => rmSync(join(claim, `${state}.meta.json`))],
  ])('%s is told at restore', async (_, expected, damage) => {
    const state = await backUp({ TARGETS: 'folder' });
    damage(state);
    const folder = mkdtempSync(join(scratch, 'restored-'));
    const { code, stderr } = await run(['restore', state, folder], { TARGETS: 'folder' }).finished;
    expect({ code, stderr }).toMatchObject({ code: expected, stderr: expect.stringContaining(state) });
  });
});
