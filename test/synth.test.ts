import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { type Finished, run, start, until } from './support/process';

const PROJECT = resolve(__dirname, '..');

/** What a synth reads; a copy of it is a project of its own. */
const SOURCES = [
  'bin',
  'clusters',
  'imports',
  'lib',
  'platforms',
  'cdk8s.yaml',
  'main.ts',
  'package.json',
  'tsconfig.json',
];

/** What a good synth says all the same. */
const WARNINGS =
  'warning: school-platform prod: database "school-platform-db" and its backups lie on one NFS server, ' +
  'nas.example.lan, and are lost with it; ' +
  'add BackupTarget.s3 to "school-platform-db-backup" for a second copy elsewhere\n';

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mooring-synth-test-'));
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Files below a folder and their text. */
function filesOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** A copy of the project, with its dist and pages, that a test may break. */
function projectCopy(): string {
  const copy = join(scratch, 'project');
  mkdirSync(copy);
  for (const each of [...SOURCES, 'dist', 'docs']) {
    cpSync(join(PROJECT, each), join(copy, each), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function cdk8sSynth(project: string, env: Record<string, string> = {}): Promise<Finished> {
  const args = ['synth', '--check-upgrade=false', ...(env.OUTPUT === undefined ? [] : ['--output', env.OUTPUT])];
  return run(join(project, 'node_modules/.bin/cdk8s'), args, { cwd: project, env });
}

const mooringSynth = (project: string) => run(join(project, 'bin/mooring'), ['synth'], { cwd: project });

function edit(project: string, file: string, from: string, to: string): void {
  const path = join(project, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

test('the committed dist, pages and frozen records are what a synth writes today, file by file', async () => {
  const [dist, project] = [join(scratch, 'dist'), join(scratch, 'files')];
  const synth = await cdk8sSynth(PROJECT, { OUTPUT: dist, MOORING_PROJECT_FILES: project });
  expect(synth).toMatchObject({ code: 0, stderr: WARNINGS });
  expect(filesOf(dist)).toEqual(filesOf(join(PROJECT, 'dist')));
  for (const [path, text] of Object.entries(filesOf(project))) {
    expect([path, readFileSync(join(PROJECT, path), 'utf8')]).toEqual([path, text]);
  }
});

test('plain "cdk8s synth" writes the same bytes straight into dist, whatever the zone, the locale and the hour', async () => {
  const copy = projectCopy();
  const synth = await cdk8sSynth(copy, { TZ: 'Pacific/Auckland', LC_ALL: 'tr_TR.UTF-8', HOSTNAME: 'elsewhere' });
  expect(synth).toMatchObject({ code: 0, stderr: WARNINGS });
  expect(filesOf(join(copy, 'dist'))).toEqual(filesOf(join(PROJECT, 'dist')));
});

test('a second "mooring synth" touches nothing', async () => {
  const copy = projectCopy();
  expect((await mooringSynth(copy)).stdout).toMatch(/^dist: 0 written, 0 removed, \d+ unchanged\nproject: 0 written,/);
});

test('one changed tag is one written file, and the page that shows it', async () => {
  const copy = projectCopy();
  edit(copy, 'platforms/school-platform/images.yaml', 'prod-20261114.48213', 'prod-20261115.48300');
  const { stdout } = await mooringSynth(copy);
  expect(stdout).toContain('dist: 1 written, 0 removed');
  expect(stdout).toContain('written  platforms/school-platform/prod/app/deployment-school-platform.yaml');
});

test('a failed synth names every problem of environments and images and leaves dist as it was', async () => {
  const copy = projectCopy();
  const before = filesOf(join(copy, 'dist'));
  edit(copy, 'platforms/school-platform/images.yaml', 'prod-20261114.48213', 'latest');
  edit(copy, 'platforms/school-platform/images.yaml', 'postgres:17.6-bookworm', 'postgres');
  edit(copy, 'platforms/school-platform/environments.ts', 'school.example.com', 'School Platform');
  const { code, stderr } = await mooringSynth(copy);
  expect(code).toBe(1);
  expect(stderr).toContain(
    'platforms/school-platform/environments.ts: prod.host is "School Platform"; write a full host',
  );
  expect(stderr).toContain('platforms/school-platform/images.yaml: prod.app is "');
  expect(stderr).toContain('platforms/school-platform/images.yaml: prod.postgres is "');
  expect(stderr).toContain('dist is as it was');
  expect(filesOf(join(copy, 'dist'))).toEqual(before);
});

test('a broken rule fails "cdk8s synth" with object, value and way out', async () => {
  const copy = projectCopy();
  edit(copy, 'platforms/school-platform/platform.ts', "path: '/school/backups'", "path: '/school/db/backups'");
  const { code, stderr } = await cdk8sSynth(copy);
  expect(code).not.toBe(0);
  expect(stderr).toContain('/school/db/backups');
  expect(stderr).toContain('frozen');
});

test('a renamed claim of the database is refused until it is released with a reason', async () => {
  const copy = projectCopy();
  edit(
    copy,
    'platforms/school-platform/platform.ts',
    "name: 'school-platform-db',\n      volumeName",
    "name: 'school-db',\n      volumeName",
  );
  const refused = await mooringSynth(copy);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('PersistentVolumeClaim/school-platform-db');
  const frozen = join(copy, 'platforms/school-platform/frozen.yaml');
  const recorded = load(readFileSync(frozen, 'utf8')) as { recorded: object };
  const changed = [...refused.stderr.matchAll(/^ {2}(.+) was "(.+)" and is /gm)];
  const released = changed.map(([, fact, was]) => ({
    environment: 'prod',
    fact,
    was,
    reason: 'copied to the new claim',
  }));
  writeFileSync(frozen, JSON.stringify({ ...recorded, released }));
  expect(await mooringSynth(copy)).toMatchObject({ code: 0 });
  expect(readFileSync(frozen, 'utf8')).toContain('copied to the new claim');
  expect(await mooringSynth(copy)).toMatchObject({ code: 0 });
});

test('a platform that main.ts names no longer is refused while its environments are recorded', async () => {
  const copy = projectCopy();
  const before = filesOf(join(copy, 'dist'));
  edit(copy, 'main.ts', '  () => volaticloudEnvironments().map((environment) => new VolatiCloud(environment)),\n', '');
  const refused = await mooringSynth(copy);
  for (const environment of ['prod', 'staging']) {
    expect(refused.stderr).toContain(
      `platforms/volaticloud/frozen.yaml: environment "${environment}" is recorded but no longer rendered`,
    );
  }
  expect(refused.code).toBe(1);
  expect(filesOf(join(copy, 'dist'))).toEqual(before);

  rmSync(join(copy, 'platforms/volaticloud'), { recursive: true });
  for (const kind of ['environments', 'platform']) {
    const line = readFileSync(join(copy, 'main.ts'), 'utf8').match(new RegExp(`.*platforms/volaticloud/${kind}.*\n`));
    edit(copy, 'main.ts', `${line}`, '');
  }
  expect(await mooringSynth(copy)).toMatchObject({ code: 0 });
  expect(readdirSync(join(copy, 'dist/platforms'))).not.toContain('volaticloud');
});

test('an environment that moves to another cluster is refused, as its data would not go with it', async () => {
  const copy = projectCopy();
  edit(copy, 'clusters/my-cluster.ts', "name: 'my-cluster'", "name: 'new-cluster'");
  const { code, stderr } = await mooringSynth(copy);
  expect(stderr).toContain('cluster was "my-cluster" and is "new-cluster" now');
  expect(code).toBe(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a synth that %s ends leaves dist as it was, and nothing behind', async (signal, code) => {
  const project = projectCopy();
  const before = filesOf(join(project, 'dist'));
  const temporary = join(scratch, 'tmp');
  mkdirSync(temporary);
  const synth = start(join(project, 'bin/mooring'), ['synth'], { cwd: project, env: { TMPDIR: temporary } });
  await until('it has begun', () => readdirSync(temporary).some((name) => name.startsWith('mooring-synth-')));
  synth.process.kill(signal);
  expect(await synth.finished).toMatchObject({ code, stderr: 'synth failed; dist is as it was\n' });
  expect(readdirSync(temporary).filter((name) => name.startsWith('mooring-synth-'))).toEqual([]);
  expect(filesOf(join(project, 'dist'))).toEqual(before);
});
