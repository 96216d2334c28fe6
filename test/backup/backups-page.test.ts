import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRequest } from '../../bin/backups/request';
import { run } from '../support/process';
import { BackupRuns, daily, ROWS } from './backup-runs';

const PAGE = readFileSync(join(__dirname, '../../docs/backups.md'), 'utf8');
const SCRIPT = readFileSync(join(__dirname, '../../lib/backup/scripts/backup.sh'), 'utf8');

/** The commands of the page: those for a cluster are marked so. */
function blocks(info: string): string[] {
  return [...PAGE.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].filter((m) => m[1] === info).map((m) => m[2] ?? '');
}

let runs: BackupRuns;

beforeAll(async () => {
  runs = await BackupRuns.begin();
});

afterAll(() => runs.end());

const bash = (commands: readonly string[], cwd: string) =>
  run('bash', ['--norc', '-euo', 'pipefail', '-c', commands.join('\n')], { cwd, env: runs.server.env });

test('the commands of the page check a backup and load it with all its rows', async () => {
  // The newest of several files is the one that is meant.
  const folder = runs.folder(...daily(3, 1, Date.now()));
  expect(await runs.run({ folder, database: 'school' })).toMatchObject({ code: 0 });
  const commands = blocks('sh');
  expect(commands).toHaveLength(3);
  const result = await bash(commands, folder);
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(result.stdout).toBe(
    `the file that was verified\n-- PostgreSQL database dump complete\nevidence|${ROWS}\nstudent|1000\n`,
  );
  expect(await runs.server.query(`SELECT 1 FROM pg_database WHERE datname = 'scratch'`)).toEqual([]);
});

test('the commands of the page make a pair of keys and decrypt a backup with it', async () => {
  const [makeKeys = '', decrypt = '', ...others] = blocks('sh age');
  expect(others).toEqual([]);
  const folder = runs.folder();
  const recipient = (await bash([makeKeys], folder)).stdout.trim();
  expect(recipient).toMatch(/^age1[0-9a-z]{58}$/);
  const env = { FORMAT: 'custom', AGE_RECIPIENTS: recipient };
  expect(await runs.run({ folder, database: 'school', env })).toMatchObject({ code: 0 });
  const name = 'name=$(basename "$(ls *.meta.json)" .meta.json)';
  const count = 'psql -XAt -d scratch -c "SELECT count(*) FROM evidence"';
  const result = await bash([name, 'createdb scratch', decrypt, count, 'dropdb scratch'], folder);
  expect([result.code, result.stderr, result.stdout]).toEqual([0, '', `${ROWS}\n`]);
});

test('only commands for a cluster are not run here', () => {
  const commands = blocks('sh cluster').flatMap((block) => block.trim().split('\n'));
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((command) => !/^(kubectl|bin\/mooring backups) /.test(command))).toEqual([]);
});

test('the commands for uploaded files are ones that there are', () => {
  const commands = blocks('sh files').flatMap((block) => block.trim().split('\n'));
  const actions = commands.map((command) => readRequest(command.split(' ').slice(2)).action);
  expect(actions).toEqual(['files', 'restore-files']);
});

test('the page has the exit codes of the script, in its words', () => {
  const codes = [...SCRIPT.matchAll(/^# {3}(\d+|128 \+ n) {2}(.*)$/gm)].map((m) => [m[1], m[2]?.replace(/ \(.*/, '')]);
  const rows = [...PAGE.matchAll(/^\| (\d+|128 \+ n) +\| (.*?) +\|/gm)].map((m) => [m[1], m[2]?.replaceAll('`', '')]);
  expect(rows).toEqual(codes.filter(([code]) => code !== '0').map(([code, meaning]) => [code, shortOf(meaning ?? '')]));
});

/** A meaning without what the page says elsewhere. */
function shortOf(meaning: string): string {
  return meaning.split(';')[0] ?? '';
}
