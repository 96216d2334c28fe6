import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, readableCopy, removeFolder, run, scratchFolder } from '../support/process';
import { curlImage } from './curl-image';
import { WebhookServer } from './webhook-server';

const PREFIX = 'school_platform';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MISSING = '[Watchdog] School Platform -- Backup MISSING\n';
const LOOK_AT =
  'Look at: kubectl get cronjob -n school school-platform-db-backup (gone or suspended?), ' +
  'kubectl get jobs -n school --sort-by=.metadata.creationTimestamp (did the last one fail?)';

let scratch: string;
let image: string;
let slack: WebhookServer;
let count = 0;

beforeAll(async () => {
  scratch = await scratchFolder();
  image = await curlImage(scratch);
  readableCopy(join(__dirname, '../../lib/backup/scripts'), scratch, 'scripts');
  slack = await WebhookServer.begin();
});

afterEach(() => slack.forget());

afterAll(async () => {
  await slack.end();
  removeFolder(scratch);
});

/** Name of a backup of so long ago; half a minute more, so that a slow test counts the same minutes. */
function nameOf(age: number, prefix = PREFIX): string {
  const time = new Date(Date.now() - age - MINUTE / 2).toISOString();
  return `${prefix}_${time.slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}`;
}

function sidecar(name: string, verified = true): string {
  return `{\n  "version": 1,\n  "name": "${name}",\n  "file": "${name}.sql.gz",\n  "sha256": "00",\n  "verified": ${verified}\n}\n`;
}

/** A folder with the given files. */
function folder(files: Readonly<Record<string, string>> = {}): string {
  count += 1;
  const path = join(scratch, `backups-${count}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** A folder with complete sidecars of backups of these names. */
function backups(...names: readonly string[]): string {
  return folder(Object.fromEntries(names.map((name) => [`${name}.meta.json`, sidecar(name)])));
}

function watch(BACKUP_DIRS: string, env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return run('env', [`PATH=${image}`, 'sh', join(scratch, 'scripts/watchdog.sh')], {
    unprivileged: true,
    env: {
      BACKUP_DIRS,
      FILE_PREFIX: PREFIX,
      MAX_AGE_SECONDS: String((2 * DAY) / 1000),
      TITLE: 'School Platform',
      CRON_JOB: 'school-platform-db-backup',
      NAMESPACE: 'school',
      WEBHOOK_URL: slack.url('/hook'),
      TZ: 'Pacific/Kiritimati',
      ...env,
    },
  });
}

test('a new backup is one line in the log and no message', async () => {
  const newest = nameOf(26 * HOUR);
  const path = backups(nameOf(9 * DAY), newest, nameOf(3 * DAY));
  expect(await watch(path)).toMatchObject({
    code: 0,
    stdout: `Newest: ${newest} in ${path}, 1 day 2 hours old\n`,
    stderr: '',
  });
  expect(slack.requests).toEqual([]);
});

test('a newest backup that is too old is told with its name, its age and where to look', async () => {
  const newest = nameOf(2 * DAY + 5 * HOUR);
  const path = backups(nameOf(9 * DAY), newest);
  expect(await watch(path)).toMatchObject({ code: 1, stderr: '' });
  expect(slack.messages).toEqual([
    `${MISSING}Newest: ${newest} in ${path}, 2 days 5 hours old\n` +
      `Reason: ${path}: the newest verified backup is older than 2 days 0 hours\n${LOOK_AT}`,
  ]);
});

test.each([
  [DAY + HOUR, '1 day 1 hour'],
  [HOUR, '1 hour 0 minutes'],
  [59 * MINUTE, '59 minutes'],
  [MINUTE, '1 minute'],
  [0, '0 minutes'],
])('an age of %d ms is "%s"', async (age, words) => {
  expect((await watch(backups(nameOf(age)))).stdout).toContain(`, ${words} old\n`);
});

test('the limit itself is not too old, a minute more is', async () => {
  const limit = String((3 * HOUR) / 1000);
  expect(await watch(backups(nameOf(3 * HOUR - MINUTE)), { MAX_AGE_SECONDS: limit })).toMatchObject({ code: 0 });
  expect(await watch(backups(nameOf(3 * HOUR)), { MAX_AGE_SECONDS: limit })).toMatchObject({ code: 1 });
});

test.each<[string, (name: string) => Record<string, string>]>([
  ['is not verified', (name) => ({ [`${name}.meta.json`]: sidecar(name, false) })],
  ['is cut off', (name) => ({ [`${name}.meta.json`]: sidecar(name).slice(0, -3) })],
  ['is empty', (name) => ({ [`${name}.meta.json`]: '' })],
])('a newer sidecar that %s does not count', async (_, files) => {
  const path = folder(files(nameOf(HOUR)));
  expect(await watch(path)).toMatchObject({ code: 1 });
  expect(slack.messages[0]).toContain(
    `Reason: ${path}: no backup of school_platform is verified; 1 sidecar of it cannot be read in full\n`,
  );
  const old = nameOf(4 * DAY);
  writeFileSync(join(path, `${old}.meta.json`), sidecar(old));
  await watch(path);
  expect(slack.messages[1]).toContain(`Newest: ${old} in ${path}, 4 days 0 hours old\n`);
});

test.each<[string, string[]]>([
  ['an archive without a sidecar', [`${nameOf(HOUR)}.sql.gz`]],
  [
    'a backup of another database',
    [`${nameOf(HOUR, 'school')}.meta.json`, `${nameOf(HOUR, `${PREFIX}_two`)}.meta.json`],
  ],
  ['a moment that does not exist', [`${PREFIX}_20260230_120000.meta.json`]],
  ['an unfinished file', [`.${nameOf(HOUR)}.meta.run.partial`]],
])('%s is no verified backup', async (_, names) => {
  const path = folder(Object.fromEntries(names.map((name) => [name, sidecar(name)])));
  expect(await watch(path)).toMatchObject({ code: 1 });
  expect(slack.messages).toEqual([`${MISSING}Reason: ${path}: no backup of school_platform is verified\n${LOOK_AT}`]);
});

test('an empty folder, a missing one and one that cannot be read are told with their reasons', async () => {
  const [empty, closed, gone] = [folder(), backups(nameOf(HOUR)), join(scratch, 'gone')];
  chmodSync(closed, 0);
  expect(await watch(`${empty}:${closed}:${gone}`)).toMatchObject({ code: 1 });
  const lines = slack.messages[0]?.split('\n').slice(1, -1);
  expect(slack.messages).toHaveLength(1);
  expect(lines?.[0]).toBe(`Reason: ${empty}: it is empty: no backup was ever made, or another volume is mounted`);
  expect(lines?.[1]).toMatch(/: it cannot be read: .*Permission denied$/);
  expect(lines?.[2]).toBe(`Reason: ${gone}: there is no such folder; the volume of the backups is not mounted`);
});

test('each folder must have a new backup, and all are told of', async () => {
  const [fresh, old] = [nameOf(HOUR), nameOf(5 * DAY)];
  const [volume, store] = [backups(fresh, old), backups(old)];
  expect(await watch(`${volume}:${store}`)).toMatchObject({ code: 1 });
  expect(slack.messages).toEqual([
    `${MISSING}Newest: ${fresh} in ${volume}, 1 hour 0 minutes old\nNewest: ${old} in ${store}, 5 days 0 hours old\n` +
      `Reason: ${store}: the newest verified backup is older than 2 days 0 hours\n${LOOK_AT}`,
  ]);
  expect(await watch(`${volume}:${volume}`)).toMatchObject({ code: 0 });
});

test('a backup from the future is said and hides no missing one', async () => {
  const [future, old, fresh] = [nameOf(-30 * DAY), nameOf(5 * DAY), nameOf(HOUR)];
  const path = backups(future, old);
  expect(await watch(path)).toMatchObject({ code: 1 });
  const said = `From the future: ${future} in ${path}; the clock was wrong then, or is wrong now\n`;
  expect(slack.messages[0]).toContain(`${MISSING}${said}Newest: ${old} in ${path}`);
  writeFileSync(join(path, `${fresh}.meta.json`), sidecar(fresh));
  expect(await watch(path)).toMatchObject({ code: 0, stdout: expect.stringContaining(said) });
});

test('only backups from the future are a missing backup', async () => {
  expect(await watch(backups(nameOf(-30 * DAY)))).toMatchObject({ code: 1 });
  expect(slack.messages[0]).toContain('no backup of school_platform is verified');
});

test('clocks that differ by a few minutes are no future', async () => {
  expect(await watch(backups(nameOf(-4 * MINUTE)))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(', 0 minutes old\n'),
  });
});

test('a dead webhook hides nothing: the Job fails and the log has the message', async () => {
  const result = await watch(folder(), { WEBHOOK_URL: 'http://127.0.0.1:1/secret', SEND_SECONDS: '1' });
  expect([result.code, result.stderr]).toEqual([
    1,
    'WEBHOOK_URL: nothing was sent: no connection to the host; no further try\n',
  ]);
  expect(result.stdout).toContain(MISSING);
});

test('all settings that are missing or wrong are refused together', async () => {
  const result = await watch('', { FILE_PREFIX: '', TITLE: '', MAX_AGE_SECONDS: '2 days' });
  expect([result.code, result.stderr]).toEqual([
    2,
    'watchdog failed: FILE_PREFIX is not set; TITLE is not set; ' +
      'MAX_AGE_SECONDS "2 days" must be a whole number of at most 10 digits\n',
  ]);
});

describe('beside a container that reads a store', () => {
  const reached = (result: string) => ({ RUN_DIR: folder({ 'store.result': result }), STORE_SECONDS: '1' });

  test('what it brought counts', async () => {
    const path = backups(nameOf(HOUR));
    expect(await watch(path, { ...reached('ok\n'), STORE_DIR: path })).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['failed', { 'store.result': 'failed\nReason: cannot list s3 x: 403\n' }, 'cannot list s3 x: 403'],
    ['never began', {}, 'the container store brought nothing within 1 s; can its image be pulled?'],
  ])('one that %s is told as the reason, of its own folder alone', async (_, files, reason) => {
    const [store, other] = [folder(), folder()];
    const env = { RUN_DIR: folder(files), STORE_SECONDS: '1', STORE_DIR: store };
    expect((await watch(`${other}:${store}`, env)).code).toBe(1);
    expect(slack.messages[0]).toContain(`Reason: ${store}: the store could not be read: ${reason}\n`);
    expect(slack.messages[0]).toContain(`Reason: ${other}: it is empty: `);
  });
});

test('without an address the log says that nobody was told, and the Job fails all the same', async () => {
  const env = { WEBHOOK_URL: '', WEBHOOK_SOURCE: 'key SLACK of Secret chat' };
  expect(await watch(folder(), env)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(MISSING),
    stderr: 'WEBHOOK_URL: nothing was sent: there is no address, key SLACK of Secret chat is missing or empty\n',
  });
});
