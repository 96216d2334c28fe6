import { until } from '../support/process';
import { ReportRuns } from './report-runs';

let runs: ReportRuns;

beforeAll(async () => {
  runs = await ReportRuns.begin();
});

afterEach(() => runs.clear());
afterAll(() => runs.end());

const OK = 'ok\nDuration: 12 s\n';
const FAILED = 'failed\nReason: it broke\n';
const SKIPPED = 'skipped\nReason: another run\n';

test.each([
  ['Backup', OK, '[Cron] School Platform -- Backup completed\nDuration: 12 s'],
  ['Backup', FAILED, '[Cron] School Platform -- Backup FAILED\nReason: it broke'],
  ['Backup', SKIPPED, '[Cron] School Platform -- Backup skipped\nReason: another run'],
  ['Restore', OK, '[Restore] School Platform -- Completed successfully\nDuration: 12 s'],
  ['Restore', FAILED, '[Restore] School Platform -- FAILED\nReason: it broke'],
  ['Restore', SKIPPED, '[Restore] School Platform -- Skipped\nReason: another run'],
  ['Drill', OK, '[Drill] School Platform -- Completed successfully\nDuration: 12 s'],
  ['Drill', FAILED, '[Drill] School Platform -- FAILED\nReason: it broke'],
  ['Verify', OK, '[Verify] School Platform -- Completed successfully\nDuration: 12 s'],
  ['Verify', FAILED, '[Verify] School Platform -- FAILED\nReason: it broke'],
])('a %s that leaves %j is told in the known words', async (SUBJECT, result, message) => {
  const pod = runs.pod({ 'dump.result': result });
  expect(await pod.reported({ SUBJECT })).toMatchObject({ code: 0, stderr: '' });
  expect(runs.slack.messages).toEqual([message]);
});

test.each([
  ['school-platform-db-backup-29391480', 'Cron'],
  ['school-platform-db-backup-manual-1', 'Manual'],
  ['school-platform-db-backup-2939148', 'Manual'],
  ['school-platform-db-backup-293914801', 'Manual'],
  ['before-school-platform-db-backup-29391480', 'Manual'],
  ['before-the-exams', 'Manual'],
  ['', 'Manual'],
])('a backup of the Job "%s" is [%s]', async (JOB_NAME, tag) => {
  await runs.pod({ 'dump.result': 'ok\n' }).reported({ JOB_NAME });
  expect(runs.slack.messages).toEqual([`[${tag}] School Platform -- Backup completed`]);
});

test('the start of a restore is told at once and its end in a second message', async () => {
  const pod = runs.pod({ 'restore.started': 'Backup: school_platform_20261120_190000\nDatabase: school\n' });
  const report = pod.report({ SUBJECT: 'Restore', WORKERS: 'restore' });
  pod.worker('restore', 'until [[ -e $RUN_DIR/go-on ]]; do sleep 0.1; done; result ok "Duration: 12 s"');
  const started = '[Restore] School Platform -- Started\nBackup: school_platform_20261120_190000\nDatabase: school';
  await until('the start is told', () => runs.slack.messages.length > 0);
  expect(runs.slack.messages).toEqual([started]);
  pod.worker('test', 'touch "$RUN_DIR/go-on"');
  expect(await report.finished).toMatchObject({ code: 0, stderr: '' });
  const completed = '[Restore] School Platform -- Completed successfully\nDuration: 12 s';
  expect(runs.slack.messages).toEqual([started, completed]);
});

test('a restore that ended before the reporter came up is told as started and as ended', async () => {
  const pod = runs.pod({ 'restore.started': '', 'restore.result': FAILED });
  await pod.reported({ SUBJECT: 'Restore', WORKERS: 'restore' });
  expect(runs.slack.messages).toEqual([
    '[Restore] School Platform -- Started',
    '[Restore] School Platform -- FAILED\nReason: it broke',
  ]);
});

test.each([
  ['no reason', 'failed\nDuration: 1 s\n', 'Duration: 1 s\nReason: it gave no reason; see kubectl describe pod'],
  ['nothing', '', 'Reason: its result is not understood: ""'],
  ['something else', 'fine\n', 'Reason: its result is not understood: "fine"'],
  ['a colon at the end', 'failed\nReason: nothing behind this:\n', 'Reason: nothing behind this:'],
  ['no last line break', 'failed\nReason: half', 'Reason: half'],
])('a result with %s is a failure', async (_, result, lines) => {
  await runs.pod({ 'dump.result': result }).reported({ JOB_NAME: 'by-hand' });
  expect(runs.slack.messages).toEqual([expect.stringMatching(/^\[Manual\] School Platform -- Backup FAILED\n/)]);
  expect(runs.slack.messages[0]).toContain(`\n${lines}`);
});

test('a second worker that did nothing is said of a run that went well', async () => {
  const pod = runs.pod({ 'dump.result': OK, 'upload.result': 'skipped\n' });
  await pod.reported({ WORKERS: 'dump upload', PING_URL: runs.slack.url('/ping') });
  expect(runs.slack.messages).toEqual(['[Cron] School Platform -- Backup completed\nDuration: 12 s\nSkipped: upload']);
  expect(runs.slack.requests.map(({ path }) => path)).not.toContain('/ping');
});

test('all settings that are missing or wrong are refused together', async () => {
  const report = await runs.pod().reported({
    WORKERS: 'dump ../up',
    TITLE: '',
    SUBJECT: undefined,
    SEND_SECONDS: '1m',
    RUN_DIR: '/does/not/exist',
  });
  expect([report.code, report.stderr]).toEqual([
    2,
    'report failed: TITLE is not set; SUBJECT is not set; WORKERS has "../up", which is no name of a container; ' +
      'SEND_SECONDS "1m" must be a whole number of at most 10 digits; RUN_DIR /does/not/exist is not a folder that ' +
      'can be written to; mount the volume of the workers there\n',
  ]);
});
