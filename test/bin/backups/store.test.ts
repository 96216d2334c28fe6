import { FakeProject } from './fake-project';
import { applied, completeRun, LISTED, NEWEST } from './recording';

// kubectl is a stand-in here that answers from recordings.

let project: FakeProject;

beforeEach(() => {
  project = new FakeProject();
});

afterEach(() => project.remove());

interface Pod {
  readonly spec: { jobTemplate: { spec: { template: { spec: { containers: Container[] } } } } };
}

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: readonly object[];
}

/** The CronJobs with the containers that reach a store. */
function withStore(said: 'archives' | 'copy'): object[] {
  const cronJobs = structuredClone(applied('school-platform-prod-backup')) as unknown as Pod[];
  for (const { spec } of cronJobs) {
    const pod = spec.jobTemplate.spec.template.spec;
    pod.containers = [
      { name: 'store', command: ['sh', '-c', 'x', '/scripts/store.sh'] },
      ...pod.containers.map((each) => ({ ...each, env: [...(each.env ?? []), { name: 'STORE', value: said }] })),
      { name: 'upload', command: ['sh', '/scripts/upload.sh'] },
    ];
  }
  return cronJobs;
}

const namesOf = (cronJob: string) => (project.containers(cronJob) as Container[]).map(({ name }) => name);

test.each([
  ['archives', ['store', 'catalogue', 'report', 'upload']],
  ['copy', ['catalogue', 'report']],
] as const)('a list reaches a store that has %s: %j', async (said, names) => {
  expect(await project.run('list', { cronJobs: withStore(said), runs: [LISTED] })).toMatchObject({ code: 0 });
  expect(namesOf('school-db-backups')).toEqual(names);
});

test.each(['archives', 'copy'] as const)('confirm reaches a store that has %s', async (said) => {
  const runs = [completeRun('confirm', 'catalogue', 'confirmed\n')];
  expect(await project.run('confirm', { cronJobs: withStore(said), runs })).toMatchObject({ code: 0 });
  expect(namesOf('school-db-backups')).toContain('store');
});

test('a rollback reaches no store, a restore does', async () => {
  const recording = { cronJobs: withStore('archives') };
  const rollback = [completeRun('rollback', 'restore', 'rolled back\n')];
  await project.run('rollback --yes-i-mean school', { ...recording, runs: rollback });
  expect(namesOf('school-db-restore')).toEqual(['restore', 'report']);
  const restore = [LISTED, completeRun(`restore ${NEWEST.name}`, 'restore', 'restored\n')];
  await project.run(`restore ${NEWEST.name} --yes-i-mean school`, { ...recording, runs: restore });
  expect(namesOf('school-db-restore')).toEqual(['store', 'restore', 'report', 'upload']);
});
