import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, killGroup } from '../../support/process';
import { FakeProject } from './fake-project';
import { completeRun, endlessRun, type Recording } from './recording';

// kubectl is a stand-in here that answers from recordings.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

/** Runs an action, and ends it when it hangs. */
async function runInTime(args: string, recording: Partial<Recording>): Promise<Finished> {
  project.record(recording);
  const running = project.start(args.split(' '));
  // Only a limit: a program that hangs fails the test with its missing exit status.
  const late = setTimeout(() => killGroup(running.process, 'SIGKILL'), 15_000);
  const finished = await running.finished;
  clearTimeout(late);
  return finished;
}

test('a log that does not end keeps nobody waiting when the Job was deleted', async () => {
  const gone = { ...endlessRun('template', 'dump'), job: [{}, {}, {}, null] };
  const { code, stderr } = await runInTime('create', { runs: [gone], followingNeverEnds: true });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('was deleted before it ended') });
});

test('nor when kubectl is a script that calls another one', async () => {
  const kubectl = join(project.path, 'kubectl');
  renameSync(kubectl, `${kubectl}.js`);
  writeFileSync(kubectl, '#!/bin/sh\nnode "$0.js" "$@"\nexit $?\n');
  chmodSync(kubectl, 0o755);
  const runs = [completeRun('template', 'dump', 'published\n')];
  const finished = await runInTime('create', { runs, followingNeverEnds: true });
  expect(finished).toMatchObject({ code: 0, stdout: 'published\n' });
});

describe('a Job of which nobody knows whether it was made is told as such', () => {
  test.each<[string, Partial<Recording>]>([
    ['the connection broke', { creationAnswer: 'error: Post "https://10.0.0.1:6443/apis/batch/v1": unexpected EOF' }],
    ['the server was too slow', { creationAnswer: 'Error from server (Timeout): the server was unable to answer' }],
    ['kubectl was killed', { killedAt: ['create -n'] }],
  ])('%s', async (_, recording) => {
    const { code, stderr } = await project.run('rollback --yes-i-mean school', recording);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('whether the Job was made') });
    expect(stderr).toContain('kubectl get jobs -n school');
  });

  test('but a refusal is a refusal', async () => {
    const creationAnswer = 'Error from server (Forbidden): jobs.batch is forbidden';
    const { code, stderr } = await project.run('rollback --yes-i-mean school', { creationAnswer });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is forbidden') });
    expect(stderr).not.toContain('whether the Job was made');
  });
});

test('a kubectl that was killed is told as such', async () => {
  const { code, stderr } = await project.run('list', { killedAt: ['get cronjobs'] });
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('kubectl was ended by SIGKILL') });
});

test('without the name of the context nothing is asked of whatever cluster is the current one then', async () => {
  const { code, stderr } = await project.run('list', { killedAt: ['config current-context'] });
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('kubectl was ended by SIGKILL') });
  expect(project.calls()).toEqual(['config current-context']);
});
