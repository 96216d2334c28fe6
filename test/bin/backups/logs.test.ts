import { FakeProject } from './fake-project';
import { applied, completeRun, LISTED, LOG, NEWEST, OLDER, RENDERED_WITH_FILES } from './recording';

// kubectl is a stand-in here that answers from recordings.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject(RENDERED_WITH_FILES);
});

afterEach(() => project.remove());

const cronJobs = applied('school-platform-prod-backup', RENDERED_WITH_FILES);

test('states of uploaded files that cannot be read are not told as none', async () => {
  const runs = [completeRun('list', 'uploaded-files', 'school-evidence_20261120_190000  4 files  26 bytes\n')];
  const unreadable = { logsCannotBeRead: true, logsCannotBeFollowed: true };
  const { code, stderr } = await project.run('files', { cronJobs, runs, ...unreadable });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('the list may be cut off') });
});

test('a restore that is done stays one when its log cannot be read, and that is said', async () => {
  const runs = [completeRun('rollback', 'restore', 'rolled back\n')];
  const unreadable = { logsCannotBeRead: true, logsCannotBeFollowed: true };
  const { code, stderr } = await project.run('rollback --yes-i-mean school', { runs, ...unreadable });
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('is complete, but its log cannot be read'),
  });
});

test('a server that is away for a moment when the log is read is asked again', async () => {
  const { code, stdout } = await project.run('list --json', { runs: [LISTED], logAwayOnce: true });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(NEWEST.name) });
});

test('a line in which the connection broke is completed', async () => {
  const runs = [completeRun('template', 'dump', 'one\ntwo\nthree\n')];
  const { stdout } = await project.run('create', { runs, followedCharacters: 'one\ntw'.length });
  expect(stdout).toBe('one\ntwo\nthree\n');
});

test('a log whose beginning is gone at the end makes no shorter list', async () => {
  const rotatedCharacters = LOG.indexOf(JSON.stringify(NEWEST));
  const { code, stdout } = await project.run('list --json', { runs: [LISTED], rotatedCharacters });
  expect(code === 0 ? JSON.parse(stdout).backups : []).toEqual(code === 0 ? [NEWEST, OLDER] : []);
});

describe('what verify found', () => {
  const lines = [NEWEST, OLDER].map((each) => `${JSON.stringify({ ...each, problems: [] })}\n`);
  const summary = 'verify complete: 2 backups, all whole\n';

  test.each<[string, string]>([
    ['without its end', lines[0] ?? ''],
    ['without anything', ''],
    ['without its beginning', `${lines[1]}${summary}`],
  ])('is no success %s', async (_, log) => {
    const runs = [completeRun('verify --all', 'catalogue', log)];
    const { code, stdout, stderr } = await project.run('verify --all --json', { runs });
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('cut off') });
  });

  test('is printed when it is whole', async () => {
    const runs = [completeRun('verify --all', 'catalogue', `${lines.join('')}${summary}`)];
    const { code, stdout } = await project.run('verify --all --json', { runs });
    expect({ code, count: JSON.parse(stdout).backups.length }).toEqual({ code: 0, count: 2 });
  });
});
