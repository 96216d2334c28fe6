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
