import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithGoProgram } from '../support/go-program';
import { VERSITYGW } from '../support/go-tools';
import { type Finished, killGroup, type Running } from '../support/process';
import { type S3Server, startS3 } from '../support/s3';
import { type Fault, type Passing, type S3Proxy, startS3Proxy } from '../support/s3-proxy';
import { beginStoreRuns, filesOf, isWhole, makeBackup, type StoreRuns, startScript, tree } from './store-runs';

/** A setting of rclone that makes its own tries short; the script's are on top of them. */
const IMPATIENT = { RCLONE_LOW_LEVEL_RETRIES: '1' };
/** So many parts that an upload can be cut off between them. */
const IN_PARTS = { RCLONE_S3_UPLOAD_CUTOFF: '5Mi', RCLONE_S3_CHUNK_SIZE: '5Mi' };
const NAME = 'school_20261120_190000';

describeWithGoProgram(VERSITYGW, 'upload.sh when things go wrong', () => {
  let runs: StoreRuns;
  let scratch: string;
  let image: string;
  let s3: S3Server;
  let backups: string;
  let store: string;

  beforeAll(async () => {
    runs = await beginStoreRuns();
    ({ scratch, image, s3, store } = runs);
    backups = mkdtempSync(join(scratch, 'backups-'));
    makeBackup(backups, '20261120_190000', { bytes: 5_300_000 });
  }, 600_000);
  beforeEach(() => runs.empty());
  afterAll(() => runs.end());

  function begin(store: S3Server['env'], env: Record<string, string> = {}): Running {
    return startScript(image, ['upload.sh'], store, { BACKUP_DIR: backups, ...IN_PARTS, ...env });
  }

  async function through(
    fault: (passing: Passing) => Fault | undefined,
    env: Record<string, string> = {},
  ): Promise<Finished & { passed: readonly Passing[] }> {
    const proxy = await startS3Proxy(s3, fault);
    const finished = await begin(proxy.env, env).finished;
    await proxy.stop();
    return { ...finished, passed: proxy.passed };
  }

  /** What a restore would believe: nothing, or a backup that is whole. */
  function expectNoLie(): void {
    if (tree(store).includes(`${NAME}.meta.json`)) {
      expect(isWhole(store, NAME)).toBe(true);
    }
  }

  async function expectNextRunCompletes(): Promise<void> {
    const { code, stderr } = await begin(s3.env).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tree(store).filter((name) => !name.endsWith('.partial'))).toEqual(filesOf(NAME));
    expect(isWhole(store, NAME)).toBe(true);
  }

  test.each([
    ['500 five times', ({ number }: Passing) => (number % 3 === 0 && number < 16 ? { status: 500 } : undefined)],
    [
      '503 to every second upload',
      ({ method, number }) => (method === 'PUT' && number % 2 === 0 ? { status: 503 } : undefined),
    ],
    [
      'a connection cut while sending',
      ({ method, number }) => (method === 'PUT' && number < 9 ? { cut: 'request' } : undefined),
    ],
    ['a connection cut while reading back', cutFirstAnswers],
  ] satisfies [string, (passing: Passing) => Fault | undefined][])('gets over %s', async (_, fault) => {
    const { code, stderr } = await through(fault);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tree(store)).toEqual(filesOf(NAME));
    expect(isWhole(store, NAME)).toBe(true);
  });

  test.each([
    ['answers 500', { status: 500 }],
    ['cuts every request', { cut: 'request' }],
    ['cuts every answer', { cut: 'answer' }],
  ] satisfies [string, Fault][])('gives up on a store that %s after its reads, and says where', async (_, fault) => {
    const { code, stderr, passed } = await through(({ method }) => (method === 'GET' ? undefined : fault), IMPATIENT);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^upload failed: cannot .*s3 backups\/our\/folder at http:\/\/127\.0\.0\.1:\d+/);
    expect(passed.length).toBeLessThan(60);
    expectNoLie();
    await expectNextRunCompletes();
  });

  test('is believed only when whole, whichever request it is killed at, and the next run completes', async () => {
    const { passed } = await through(() => undefined);
    expect(passed.length).toBeGreaterThan(20);
    for (let moment = 1; moment <= passed.length; moment += 2) {
      runs.empty();
      await killedAt(moment, moment % 4 === 1);
      expectNoLie();
      await expectNextRunCompletes();
    }
  }, 300_000);

  /** Kills the script when the store gets that request, before or after the store acts on it. */
  async function killedAt(moment: number, before: boolean): Promise<void> {
    let running: Running | undefined;
    const proxy: S3Proxy = await startS3Proxy(s3, async ({ number }) => {
      if (number === moment && running !== undefined) {
        if (!before) {
          // About the time in which the store answers: the client must not see it.
          setTimeout(() => running && killGroup(running.process, 'SIGKILL'), 10);
          return undefined;
        }
        killGroup(running.process, 'SIGKILL');
      }
      return undefined;
    });
    running = begin(proxy.env);
    await running.finished;
    await proxy.stop();
  }

  test('two at once leave one whole backup', async () => {
    const runs = await Promise.all([begin(s3.env).finished, begin(s3.env).finished]);
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    expect(tree(store)).toEqual(filesOf(NAME));
    expect(isWhole(store, NAME)).toBe(true);
  });

  test('a run leaves alone what another one is just copying, also of an old backup', async () => {
    const [ours, others] = [0, 1].map(() => mkdtempSync(join(scratch, 'backups-'))) as [string, string];
    const { name: old } = makeBackup(ours, '20260901_190000');
    const { name } = makeBackup(others, '20260925_190000');
    let meanwhile: Finished | undefined;
    const proxy = await startS3Proxy(s3, async ({ method, path }) => {
      if (meanwhile === undefined && method === 'GET' && path.includes(`/.${old}.sql.gz`)) {
        meanwhile = await startScript(image, ['upload.sh'], s3.env, { BACKUP_DIR: others }).finished;
      }
      return undefined;
    });
    const { code, stderr } = await begin(proxy.env, { BACKUP_DIR: ours }).finished;
    await proxy.stop();
    expect([code, stderr, meanwhile?.code]).toEqual([0, '', 0]);
    expect(tree(store)).toEqual(filesOf(old, name));
  });

  test('SIGTERM ends it at once, with a result', async () => {
    const run = mkdtempSync(join(scratch, 'run-'));
    let running: Running | undefined;
    const proxy = await startS3Proxy(s3, ({ method }) => {
      if (method === 'PUT') {
        running?.process.kill('SIGTERM');
      }
      return undefined;
    });
    writeFileSync(join(run, 'dump.result'), 'ok\n');
    running = begin(proxy.env, { RUN_DIR: run });
    const { code, stderr } = await running.finished;
    await proxy.stop();
    expect({ code, stderr }).toEqual({ code: 143, stderr: 'upload failed: stopped by SIGTERM\n' });
    expect(readdirSync(run)).toContain('upload.result');
    await expectNextRunCompletes();
  });

  test.each([
    ['a bucket that does not exist', { S3_BUCKET: 'no-such-bucket' }, 'no-such-bucket'],
    ['an unknown access key', { S3_ACCESS_KEY_ID: 'AKIAUNKNOWN' }, 'access key'],
    ['a wrong secret', { S3_SECRET_ACCESS_KEY: 'not/the+secret' }, 'SignatureDoesNotMatch'],
    ['no server', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 'connection refused'],
  ])('%s is told with endpoint and bucket, never with the secret', async (_, wrong, told) => {
    const env = { ...s3.env, ...wrong };
    const { code, stdout, stderr } = await begin(env, IMPATIENT).finished;
    expect(code).toBe(4);
    expect(stderr).toContain(`s3 ${env.S3_BUCKET}/our/folder at ${env.S3_ENDPOINT}`);
    expect(stderr).toContain(told);
    expect(stdout + stderr).not.toContain(env.S3_SECRET_ACCESS_KEY);
  });

  test.each([
    ['is full', { largestFile: 5_000_000 }],
    ['may only be read', { readOnly: true }],
  ])('a store that %s keeps what it has', async (_, options) => {
    const other = await startS3(options);
    const there = join(other.bucketFolder, 'our/folder');
    mkdirSync(there, { recursive: true });
    makeBackup(there, '20261119_190000');
    const { code, stderr } = await begin(other.env, IMPATIENT).finished;
    expect({ code, names: tree(there) }).toEqual({ code: 4, names: filesOf('school_20261119_190000') });
    expect(stderr).toContain(`s3 backups/our/folder at ${other.env.S3_ENDPOINT}`);
    await other.stop();
  });

  test('unfinished uploads of its own are removed after a day', async () => {
    const unfinished = join(s3.bucketFolder, '.sgwtmp/multipart');
    await killedAt(await firstPart(), false);
    const left = readdirSync(unfinished);
    expect(left.length).toBe(1);
    await expectNextRunCompletes();
    expect(readdirSync(unfinished)).toEqual(left);
    for (const path of readdirSync(unfinished, { recursive: true, encoding: 'utf8' })) {
      utimesSync(join(unfinished, path), 0, Date.now() / 1000 - 90_000);
    }
    await expectNextRunCompletes();
    expect(readdirSync(unfinished)).toEqual([]);
  });

  /** Number of the request with the first part of an archive. */
  async function firstPart(): Promise<number> {
    const { passed } = await through(() => undefined);
    runs.empty();
    return passed.find(({ path }) => path.includes('partNumber=1'))?.number ?? 0;
  }
});

let answers = 0;
function cutFirstAnswers({ method, path }: Passing): Fault | undefined {
  if (method === 'GET' && path.includes('.partial') && answers < 4) {
    answers++;
    return { cut: 'answer' };
  }
  return undefined;
}
