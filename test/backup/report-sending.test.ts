import { readdirSync, readFileSync } from 'node:fs';
import type { Finished } from '../support/process';
import { ReportRuns } from './report-runs';
import type { WebhookAnswer } from './webhook-server';

const TEXT = '[Cron] School Platform -- Backup completed';
const SECRET = '/services/T0/B0/secret';
const RESULT = { 'dump.result': 'ok\n' };

let runs: ReportRuns;

beforeAll(async () => {
  runs = await ReportRuns.begin();
});

afterEach(() => runs.clear());
afterAll(() => runs.end());

function report(env: Readonly<Record<string, string | undefined>> = {}): Promise<Finished> {
  return runs.pod(RESULT).reported(env);
}

test('Slack gets a POST of JSON, and the log the same text', async () => {
  const result = await report();
  expect(result).toMatchObject({ code: 0, stdout: `dump: ok\n${TEXT}\n`, stderr: '' });
  expect(runs.slack.requests).toMatchObject([
    { method: 'POST', path: SECRET, headers: { 'content-type': 'application/json' }, body: `{"text":"${TEXT}"}` },
  ]);
});

test.each([undefined, ''])('without a webhook (%j) the message is only logged', async (WEBHOOK_URL) => {
  expect(await report({ WEBHOOK_URL })).toMatchObject({ code: 0, stdout: `dump: ok\n${TEXT}\n`, stderr: '' });
  expect(runs.slack.requests).toEqual([]);
});

test.each([undefined, ''])(
  'a Secret that is missing (%j) is named in the log, and changes nothing else',
  async (url) => {
    const sources = { WEBHOOK_SOURCE: 'key SLACK of Secret chat', PING_SOURCE: 'key PING of Secret chat' };
    const result = await report({ WEBHOOK_URL: url, PING_URL: url, ...sources });
    expect([result.code, result.stdout]).toEqual([0, `dump: ok\n${TEXT}\n`]);
    expect(result.stderr).toBe(
      'WEBHOOK_URL: nothing was sent: there is no address, key SLACK of Secret chat is missing or empty\n' +
        'PING_URL: nothing was sent: there is no address, key PING of Secret chat is missing or empty\n',
    );
  },
);

test.each<[string, WebhookAnswer[]]>([
  ['500 twice', [{ status: 500 }, { status: 503 }]],
  ['with a closed connection', ['close']],
  ['429 with a pause', [{ status: 429, headers: { 'retry-after': '2' } }]],
  ['429 with a pause of two digits', [{ status: 429, headers: { 'retry-after': '08' } }]],
])('a webhook that answers %s is tried again until it takes the message', async (_, answers) => {
  runs.slack.answerNext(...answers);
  const result = await report();
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(runs.slack.requests).toHaveLength(answers.length + 1);
});

test('the pause that Slack asks for is kept', async () => {
  runs.slack.answerNext({ status: 429, headers: { 'retry-after': '3' } });
  const result = await report();
  expect(result.milliseconds).toBeGreaterThan(3000);
  expect(runs.slack.requests).toHaveLength(2);
});

test.each<[string, WebhookAnswer, string]>([
  ['400', { status: 400, body: 'invalid_payload' }, 'it answers 400 (invalid_payload)'],
  ['404', { status: 404, body: 'no_service' }, 'it answers 404 (no_service)'],
  ['403 and a page', { status: 403, body: `<p>${SECRET} is blocked</p>` }, 'it answers 403'],
  ['302', { status: 302, headers: { location: '/elsewhere' } }, 'it answers 302'],
  [
    '429 and a long pause',
    { status: 429, headers: { 'retry-after': '600' } },
    'it answers 429: too many messages; no further try',
  ],
])('a webhook that answers %s is asked once, and the run stays completed', async (_, answer, problem) => {
  runs.slack.answerNext(answer);
  const result = await report();
  expect([result.code, result.stderr]).toEqual([0, `WEBHOOK_URL: nothing was sent: ${problem}\n`]);
  expect(runs.slack.requests).toHaveLength(1);
});

test.each<[string, WebhookAnswer[], string]>([
  ['never answers', ['hang', 'hang', 'hang', 'hang'], 'no answer in time; no further try'],
  ['only answers 500', Array.from({ length: 9 }, () => ({ status: 500 })), 'it answers 500; no further try'],
])('a webhook that %s is given up after a limited time', async (_, answers, problem) => {
  runs.slack.answerNext(...answers);
  const result = await report({ SEND_SECONDS: '4' });
  expect([result.code, result.stderr]).toEqual([0, `WEBHOOK_URL: nothing was sent: ${problem}\n`]);
  expect(result.milliseconds).toBeLessThan(30_000);
});

test('nobody at the webhook does not turn a failed run into anything else', async () => {
  const pod = runs.pod({ 'dump.result': 'failed\nReason: x\n' });
  const result = await pod.reported({ WEBHOOK_URL: 'http://127.0.0.1:1/secret', SEND_SECONDS: '2' });
  expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('-- Backup FAILED\nReason: x\n') });
  expect(result.stderr).toBe('WEBHOOK_URL: nothing was sent: no connection to the host; no further try\n');
});

test('a signal while sending leaves less time, so that all is said before the pod is killed', async () => {
  runs.slack.answerNext(...Array.from({ length: 9 }, () => ({ status: 500 })));
  const running = runs.pod(RESULT).report({ SEND_SECONDS: '20' });
  await new Promise<void>((resolve) => {
    runs.slack.onRequest = resolve;
  });
  running.process.kill('SIGTERM');
  const result = await running.finished;
  expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('it answers 500; no further try') });
  // Pauses of 1, 2 and 4 s; without the signal one of 8 s follows.
  expect(result.milliseconds).toBeLessThan(14_500);
});

test('a line break at the end of the Secret is not part of the address', async () => {
  expect(await report({ WEBHOOK_URL: `${runs.slack.url(SECRET)}\r\n` })).toMatchObject({ code: 0, stderr: '' });
  expect(runs.slack.requests.map(({ path }) => path)).toEqual([SECRET]);
});

describe('the address is a secret', () => {
  test('no process has it among its arguments while a message is sent', async () => {
    const seen: string[] = [];
    runs.slack.onRequest = () => {
      seen.push(...commandLines());
    };
    await report({ PING_URL: runs.slack.url('/ping/secret-too') });
    expect(runs.slack.requests).toHaveLength(2);
    expect(seen.filter((line) => line.includes('curl --disable --config -'))).toHaveLength(2);
    expect(seen.filter((line) => /T0\/B0|secret-too/.test(line))).toEqual([]);
  });

  test.each([
    ['has a blank', 'http://127.0.0.1/secret x', 'it has characters that no address has'],
    [
      'has a quote and a new line',
      'http://127.0.0.1/secret"\nurl = "http://127.0.0.1/',
      'it has characters that no address has',
    ],
    ['has a backslash', 'http://127.0.0.1/secret\\', 'it has characters that no address has'],
    ['has no scheme', 'hooks.slack.com/secret', 'it does not begin with https://'],
    ['is a file', 'file:///etc/secret', 'it does not begin with https://'],
    ['has a bad port', 'http://127.0.0.1:secret/', 'it is not an address that curl understands'],
    ['has no such host', 'http://secret.invalid/secret', 'the name of the host cannot be resolved; no further try'],
    ['answers in no TLS', 'TLS/secret', 'no trusted TLS connection (curl status 35); no further try'],
  ])(
    'one that %s is not in any output',
    async (_, url, problem) => {
      const WEBHOOK_URL = url.replace(/^TLS/, runs.slack.url('').replace('http', 'https'));
      const result = await report({ WEBHOOK_URL, PING_URL: WEBHOOK_URL, SEND_SECONDS: '2' });
      expect(result.code).toBe(0);
      expect(result.stderr.split('\n')[0]).toBe(`WEBHOOK_URL: nothing was sent: ${problem}`);
      expect(result.stdout + result.stderr).not.toMatch(/secret/);
    },
    30_000,
  );
});

describe('the push URL', () => {
  const ping = (): Record<string, string> => ({ PING_URL: runs.slack.url('/ping') });
  const pings = (): string[] => runs.slack.requests.filter(({ path }) => path === '/ping').map(({ method }) => method);

  test('is called once after a run that went well', async () => {
    expect(await report(ping())).toMatchObject({ code: 0, stderr: '' });
    expect(pings()).toEqual(['GET']);
  });

  test('is called without a webhook, and with one that is dead', async () => {
    await report({ ...ping(), WEBHOOK_URL: '' });
    await report({ ...ping(), WEBHOOK_URL: 'http://127.0.0.1:1/', SEND_SECONDS: '1' });
    expect(pings()).toEqual(['GET', 'GET']);
  });

  test.each(['failed\nReason: x\n', 'skipped\nReason: x\n', ''])('is not called after %j', async (result) => {
    await runs.pod({ 'dump.result': result }).reported(ping());
    expect(pings()).toEqual([]);
  });

  test('that does not answer changes nothing but the log', async () => {
    runs.slack.answerNext({ status: 200 }, { status: 404 });
    const result = await report(ping());
    expect([result.code, result.stderr]).toEqual([0, 'PING_URL: nothing was sent: it answers 404\n']);
  });
});

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // it ended while we looked
      }
    });
}
