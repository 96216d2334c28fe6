import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('the commands of the page check a backup and load it with all its rows', async () => {
  // The newest of several files is the one that is meant.
  const folder = runs.folder(...daily(3, 1, Date.now()));
  expect(await runs.run({ folder, database: 'school' })).toMatchObject({ code: 0 });
  const commands = blocks('sh');
  expect(commands).toHaveLength(3);
  const result = await run('bash', ['--norc', '-euo', 'pipefail', '-c', commands.join('\n')], {
    cwd: folder,
    env: runs.server.env,
  });
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(result.stdout).toBe(`-- PostgreSQL database dump complete\nevidence|${ROWS}\nstudent|1000\n`);
  expect(await runs.server.query(`SELECT 1 FROM pg_database WHERE datname = 'scratch'`)).toEqual([]);
});

test('only commands for a cluster are not run here', () => {
  const commands = blocks('sh cluster').flatMap((block) => block.trim().split('\n'));
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((command) => !command.startsWith('kubectl '))).toEqual([]);
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
