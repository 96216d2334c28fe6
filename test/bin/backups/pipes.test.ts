import { FakeProject } from './fake-project';
import { completeRun, failedRun, LISTED, NEWEST } from './recording';

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

const HOSTILE = 'table \u001b[8mhidden\u001b]52;c;eA==\u0007 \u009b2J\rend';

test('escape sequences in a log do not reach the terminal', async () => {
  const runs = [completeRun('template', 'dump', `${HOSTILE}\n\ttabs stay, and so does ä\n`)];
  const { code, stdout } = await project.run('create', { runs });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'table ?[8mhidden?]52;c;eA==? ?2J?end\n\ttabs stay, and so does ä\n',
  });
});

test('nor do those in the reason of a failure', async () => {
  const { stderr } = await project.run('create', { runs: [failedRun('template', 'dump', '', HOSTILE)] });
  expect(stderr).toContain('dump: table ?[8mhidden?]52;c;eA==? ?2J?end (exit code 4)\n');
  expect(stderr).not.toContain('\u001b');
});

test('nor those in what verify found', async () => {
  const found = `${JSON.stringify({ ...NEWEST, problems: [HOSTILE] })}\n`;
  const runs = [failedRun('verify --all', 'catalogue', found, 'not whole')];
  expect((await project.run('verify --all', { runs })).stdout).toContain('table ?[8mhidden?]52;c;eA==? ?2J?end');
});
