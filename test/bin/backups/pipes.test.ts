import { FakeProject } from './fake-project';
import { completeRun, LISTED } from './recording';

// kubectl is a stand-in here that answers from recordings.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

test.each(['stdout', 'stderr'] as const)(
  'a Job is watched to its end when nobody reads %s any more',
  async (stream) => {
    const run = completeRun('template', 'dump', 'one\ntwo\n');
    project.record({ runs: [{ ...run, job: [{}, {}, {}, {}, ...run.job] }] });
    const running = project.start(['create']);
    running.process[stream]?.destroy();
    const { code, stdout, stderr } = await running.finished;
    expect({ code, text: stream === 'stdout' ? stderr : stdout }).toEqual({
      code: 0,
      text: stream === 'stdout' ? expect.not.stringContaining('node:events') : 'one\ntwo\n',
    });
  },
);

test.each(['list', 'list --json'])('%s that nobody reads to its end is no success', async (args) => {
  project.record({ runs: [LISTED] });
  const running = project.start(args.split(' '));
  running.process.stdout?.destroy();
  const { code, stderr } = await running.finished;
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('not everything could be written') });
  expect(stderr).not.toContain('node:events');
});
