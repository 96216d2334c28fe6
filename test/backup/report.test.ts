import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { killGroup, until } from '../support/process';
import { killAll, ReportRuns } from './report-runs';

const OK = 'ok\nSize: 1.2 MiB\nFile: school_platform_20261120_190000.sql.gz\n';
const COMPLETED =
  '[Cron] School Platform -- Backup completed\nSize: 1.2 MiB\nFile: school_platform_20261120_190000.sql.gz';
const FAILED = '[Cron] School Platform -- Backup FAILED\n';
const WHERE = 'see kubectl describe pod -n school -l batch.kubernetes.io/job-name=school-platform-db-backup-29391480';
const KILLED = `the container was killed before it could say how it went (out of memory, or its node failed or has a full disk); ${WHERE}`;
const NEVER = (seconds: number): string =>
  `the container never started within ${seconds} s (image cannot be pulled, Secret missing), or ended at once; ${WHERE}`;

let runs: ReportRuns;

beforeAll(async () => {
  runs = await ReportRuns.begin();
});

afterEach(() => runs.clear());
afterAll(() => runs.end());

test('a run that went well is told with what the worker says of it', async () => {
  const pod = runs.pod();
  const report = pod.report();
  pod.worker('dump', 'sleep 0.3; result ok "Size: 1.2 MiB" "File: school_platform_20261120_190000.sql.gz"');
  expect(await report.finished).toMatchObject({ code: 0, stderr: '' });
  expect(runs.slack.messages).toEqual([COMPLETED]);
});

test('a worker that ended before the reporter came up is told at once', async () => {
  const pod = runs.pod({ 'dump.result': OK });
  const report = await pod.reported();
  expect([report.code, runs.slack.messages]).toEqual([0, [COMPLETED]]);
  expect(report.milliseconds).toBeLessThan(20_000);
});

test('a run that failed is told with its reason, and its own exit code fails the Job', async () => {
  const pod = runs.pod({ 'dump.result': 'failed\nTime: 19:00 UTC\nReason: no connection to the server\n' });
  expect(await pod.reported()).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual([`${FAILED}Time: 19:00 UTC\nReason: no connection to the server`]);
});

test('a dump that another run kept from beginning is told as skipped', async () => {
  const pod = runs.pod({ 'dump.result': 'skipped\nReason: backup a-1 is running\n', 'upload.result': 'skipped\n' });
  expect(await pod.reported({ WORKERS: 'dump upload' })).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual(['[Cron] School Platform -- Backup skipped\nReason: backup a-1 is running']);
});

test('a worker that is SIGKILLed is told within three seconds, with where to look', async () => {
  const pod = runs.pod();
  const report = pod.report();
  const dump = pod.worker('dump', 'sleep 300');
  await pod.heard('dump');
  const killed = performance.now();
  killGroup(dump.process, 'SIGKILL');
  expect(await report.finished).toMatchObject({ code: 1 });
  expect(performance.now() - killed).toBeLessThan(20_000);
  expect(runs.slack.messages).toEqual([`${FAILED}Reason: ${KILLED}`]);
});

test('a worker that is SIGKILLed after it told how it went has done well', async () => {
  const pod = runs.pod();
  const report = pod.report();
  pod.worker(
    'dump',
    `sleep 0.2; result ${OK.trim()
      .split('\n')
      .map((line) => `'${line}'`)
      .join(' ')}; kill -KILL $$`,
  );
  expect(await report.finished).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual([COMPLETED]);
});

test('a child that outlives its killed worker still holds the FIFO; the end is told when it is gone too', async () => {
  const pod = runs.pod();
  const report = pod.report();
  const dump = pod.worker('dump', 'sleep 300 & wait');
  await pod.heard('dump');
  dump.process.kill('SIGKILL');
  await until('the worker is dead', () => dump.process.signalCode !== null);
  // That nothing is told can only be seen by waiting: two looks of the reporter.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(runs.slack.messages).toEqual([]);
  killAll(dump.process.pid);
  expect(await report.finished).toMatchObject({ code: 1 });
  expect(runs.slack.messages).toEqual([`${FAILED}Reason: ${KILLED}`]);
});

test('a child that outlives a worker which told its result delays nothing', async () => {
  const pod = runs.pod();
  pod.worker('dump', 'sleep 300 & result ok');
  const report = await pod.reported();
  expect([report.code, runs.slack.messages]).toEqual([0, ['[Cron] School Platform -- Backup completed']]);
});

test('a result that is left in the very moment in which the FIFO closes is never missed', async () => {
  const ends = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const pod = runs.pod();
      const report = pod.report({ WEBHOOK_URL: '' });
      pod.worker('dump', `sleep 0.${45 + i}; result ok; kill -KILL $$`);
      return (await report.finished).stdout;
    }),
  );
  expect(new Set(ends)).toEqual(new Set(['dump: ok\n[Cron] School Platform -- Backup completed\n']));
});

test('a worker that never starts is told, and whoever waits for its result goes on', async () => {
  const pod = runs.pod();
  pod.worker('upload', 'until [[ -e $RUN_DIR/dump.result ]]; do sleep 0.1; done; result skipped');
  expect(await pod.reported({ WORKERS: 'dump upload', START_SECONDS: '2' })).toMatchObject({ code: 1 });
  expect(runs.slack.messages).toEqual([`${FAILED}Reason: dump: ${NEVER(2)}`]);
  expect(pod.read('dump.result')).toMatch(/^failed\nReason: the container never started/);
});

test('the waiting times are those that the header of the script names', () => {
  const script = readFileSync(join(__dirname, '../../lib/backup/scripts/report.sh'), 'utf8');
  const named = [...script.matchAll(/^# {3}(\w+_SECONDS) .* \[(\d+)\]$/gm)].map(([, name, value]) => [name, value]);
  const used = [...script.matchAll(/^(\w+_SECONDS)=\$\{\1:-(\d+)\}$/gm)].map(([, name, value]) => [name, value]);
  expect(named).toContainEqual(['START_SECONDS', '60']);
  expect(used).toEqual(named);
});

test('a worker that starts late but in time is waited for', async () => {
  const pod = runs.pod();
  const report = pod.report({ START_SECONDS: '3' });
  await until('the reporter made the FIFO', () => readdirSync(pod.folder).includes('dump.alive'));
  // Being late is what is tried: half of the time that it has.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  pod.worker('dump', 'sleep 2.5; result ok');
  expect(await report.finished).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual(['[Cron] School Platform -- Backup completed']);
});

test('SIGTERM at the deadline is told with the answers that the workers give after it', async () => {
  const pod = runs.pod();
  const report = pod.report({ WORKERS: 'dump upload' });
  const workers = ['dump', 'upload'].map((name) =>
    pod.worker(
      name,
      `trap 'sleep 1.5; result failed "Reason: ${name} failed: stopped by SIGTERM"' TERM; sleep 300 & wait`,
    ),
  );
  await Promise.all([pod.heard('dump'), pod.heard('upload')]);
  for (const { process } of [report, ...workers]) {
    process.kill('SIGTERM');
  }
  expect(await report.finished).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual([
    `${FAILED}Reason: dump: stopped by SIGTERM\nReason: upload: stopped by SIGTERM`,
  ]);
});

test('SIGTERM that a worker never answers is told after a while', async () => {
  const pod = runs.pod();
  const report = pod.report({ STOP_SECONDS: '2' });
  pod.worker('dump', 'trap "" TERM; sleep 300');
  await pod.heard('dump');
  report.process.kill('SIGTERM');
  expect(await report.finished).toMatchObject({ code: 1 });
  expect(runs.slack.messages).toEqual([
    `${FAILED}Reason: the pod was stopped (its deadline, or somebody deleted it) and the container did not answer within 2 s; ${WHERE}`,
  ]);
});

test('one worker of two that fails is a failed run, told once, with what the other one did', async () => {
  const pod = runs.pod({
    'dump.result': 'ok\nSize: 1.2 MiB\n',
    'upload.result': 'failed\nReason: upload failed: s3 answers 500\n',
  });
  expect(await pod.reported({ WORKERS: 'dump upload' })).toMatchObject({ code: 0 });
  expect(runs.slack.messages).toEqual([`${FAILED}Size: 1.2 MiB\nReason: upload: s3 answers 500`]);
});

test('two workers that fail are one message with both reasons', async () => {
  const pod = runs.pod({ 'upload.result': 'failed\nReason: s3 answers 500\n' });
  const report = pod.report({ WORKERS: 'dump upload' });
  const dump = pod.worker('dump', 'sleep 300');
  await pod.heard('dump');
  killGroup(dump.process, 'SIGKILL');
  expect(await report.finished).toMatchObject({ code: 1 });
  const either = [
    `${FAILED}Reason: upload: s3 answers 500\nReason: dump: ${KILLED}`,
    `${FAILED}Reason: dump: ${KILLED}\nReason: upload: s3 answers 500`,
  ];
  // Which of them the reporter sees first is a matter of its half second.
  expect(runs.slack.messages).toHaveLength(1);
  expect(either).toContain(runs.slack.messages[0]);
});

test('a dump that failed is told though others go on, and they are not cut off', async () => {
  const pod = runs.pod({ 'dump.result': 'failed\nReason: no connection\n' });
  const report = pod.report({ WORKERS: 'dump files', FOLLOW_SECONDS: '1' });
  pod.worker('files', 'until [[ -e $RUN_DIR/go-on ]]; do sleep 0.1; done; result ok');
  await until('the failure is told', () => runs.slack.messages.length > 0);
  expect(runs.slack.messages).toEqual([`${FAILED}Still running: files\nReason: dump: no connection`]);
  expect(report.process.exitCode).toBeNull();
  pod.worker('test', 'touch "$RUN_DIR/go-on"');
  expect(await report.finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/files: ok\n$/) });
  expect(runs.slack.messages).toHaveLength(1);
});

test('a pod whose container cannot start is filled beyond its limit, and waits to be evicted', async () => {
  const pod = runs.pod();
  const report = pod.report({ START_SECONDS: '1', EVICT_BYTES: '1048576' });
  await until(
    'it is filled',
    () => readdirSync(pod.folder).includes('report.evict') && statSync(join(pod.folder, 'report.evict')).size > 1048576,
  );
  expect(runs.slack.messages).toEqual([`${FAILED}Reason: ${NEVER(1)}`]);
  expect(report.process.exitCode).toBeNull();
  report.process.kill('SIGTERM');
  expect(await report.finished).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /a container never started: .* is filled beyond 1048576 bytes, so that the kubelet evicts this pod\n$/,
    ),
  });
});

test.each([
  ['that failed', { 'dump.result': 'failed\nReason: x\n' }],
  ['that went well', { 'dump.result': OK }],
])('a pod %s is not evicted', async (_, files) => {
  const pod = runs.pod(files);
  await pod.reported({ EVICT_BYTES: '1048576' });
  expect(readdirSync(pod.folder)).not.toContain('report.evict');
});
