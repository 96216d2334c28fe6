import { FakeProject } from './fake-project';
import { completeRun, LISTED, LOG, NEWEST, OLDER } from './recording';

// kubectl is a stand-in here that answers from recordings.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

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
