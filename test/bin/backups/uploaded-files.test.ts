import { FakeProject } from './fake-project';
import { applied, completeRun, failedRun, RENDERED_WITH_FILES } from './recording';

// kubectl is a stand-in here that answers from recordings.

const STATE = 'school-evidence_20261120_190000';
const cronJobs = applied('school-platform-prod-backup', RENDERED_WITH_FILES);

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject(RENDERED_WITH_FILES);
});

afterEach(() => project.remove());

test('files prints the states that can be had back', async () => {
  const runs = [completeRun('list', 'uploaded-files', `${STATE}  4 files  26 bytes\n`)];
  const { code, stdout } = await project.run('files', { cronJobs, runs });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${STATE}  4 files  26 bytes\n` });
});

test('restore-files brings the named state back without a question: nothing is overwritten', async () => {
  const runs = [completeRun(`restore ${STATE}`, 'uploaded-files', 'brought back\n')];
  expect(await project.run(`restore-files ${STATE}`, { cronJobs, runs })).toMatchObject({ code: 0 });
  expect(project.containers('school-files')).toMatchObject([
    { name: 'uploaded-files', args: ['restore', STATE] },
    { name: 'report' },
  ]);
});

test('a state that cannot be brought back is told with its reason', async () => {
  const runs = [failedRun(`restore ${STATE}`, 'uploaded-files', '', 'files failed: 1 files are gone')];
  const { code, stderr } = await project.run(`restore-files ${STATE}`, { cronJobs, runs });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('files failed: 1 files are gone') });
});

test('confirm confirms files as well', async () => {
  const runs = [
    completeRun('confirm', 'catalogue', 'confirmed\n'),
    completeRun('confirm', 'uploaded-files', 'files confirmed\n'),
  ];
  expect(await project.run('confirm', { cronJobs, runs })).toMatchObject({
    code: 0,
    stdout: 'confirmed\nfiles confirmed\n',
  });
});

test('an environment without such files says what is missing', async () => {
  project.remove();
  project = new FakeProject();
  const { code, stderr } = await project.run('files');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('no CronJob of this environment for "files"'),
  });
});
