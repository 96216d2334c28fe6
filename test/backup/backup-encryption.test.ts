import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, until } from '../support/process';
import { BackupRuns, backup, newestMetadata, unfounded } from './backup-runs';

const NOW = Date.UTC(2026, 10, 20, 19);

let runs: BackupRuns;
/** Two pairs of keys: file of the secret one, and the public one. */
const keys: { file: string; recipient: string }[] = [];

beforeAll(async () => {
  runs = await BackupRuns.begin();
  for (const name of ['first', 'second']) {
    const file = runs.path(name);
    expect(await run('age-keygen', ['-o', file])).toMatchObject({ code: 0 });
    keys.push({ file, recipient: (await run('age-keygen', ['-y', file])).stdout.trim() });
  }
});

afterAll(() => runs.end());

function recipients(): Record<string, string> {
  return { AGE_RECIPIENTS: keys.map(({ recipient }) => recipient).join(' ') };
}

/** What a shell command says of a file. */
async function of(path: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await run('bash', ['--norc', '-o', 'pipefail', '-c', command, 'bash', path]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

test.each([
  ['plain', '.sql.gz.age', 'gunzip'],
  ['custom', '.dump.zst.age', 'zstd -dc | pg_restore -f -'],
])(
  'a %s backup for two keys is read with either of them alone, and its metadata tells both sizes',
  async (FORMAT, end, unpack) => {
    const folder = runs.folder();
    const result = await runs.run({ folder, database: 'school', now: NOW, env: { ...recipients(), FORMAT } });
    expect([result.code, result.stderr]).toEqual([0, '']);
    const name = backup(NOW)[0]?.replace('.meta.json', '') ?? '';
    expect(readdirSync(folder)).toEqual([`${name}${end}`, `${name}.meta.json`, `${name}.roles.sql.gz.age`].sort());
    expect(unfounded(folder)).toEqual([]);
    const metadata = newestMetadata(folder);
    const archive = join(folder, metadata.file);
    expect(metadata).toMatchObject({
      bytes: statSync(archive).size,
      encryptedTo: keys.map(({ recipient }) => recipient),
      plainBytes: expect.any(Number),
    });
    for (const { file } of keys) {
      const plain = `age -d -i '${file}' "$1"`;
      expect(await of(archive, `${plain} | wc -c`)).toBe(`${metadata.plainBytes}\n`);
      expect(await of(archive, `${plain} | sha256sum`)).toBe(`${metadata.plainSha256}  -\n`);
      expect(await of(archive, `${plain} | ${unpack} | grep -c '^-- PostgreSQL database dump complete'`)).toBe('1\n');
      expect(await of(join(folder, metadata.rolesFile), `${plain} | gunzip | grep -c '^CREATE ROLE'`)).toBe('1\n');
    }
  },
);

test('nothing readable is ever in the folder', async () => {
  const folder = runs.folder();
  const gate = runs.path('gate');
  const text = `[[ $1 == --version ]] && exec pg_dump "$@"; pg_dump "$@" | { head -c 9000000; until [[ -e '${gate}' ]]; do sleep 0.02; done; cat; }`;
  const script = runs.start({ folder, database: 'school', env: recipients(), programs: runs.program('pg_dump', text) });
  const files = (): string[] => readdirSync(folder).filter((name) => statSync(join(folder, name)).size > 0);
  await until('a part is written', () => files().some((name) => name.includes('.archive.')));
  for (const name of files()) {
    expect(readFileSync(join(folder, name)).subarray(0, 21).toString()).toBe('age-encryption.org/v1');
  }
  script.process.kill('SIGKILL');
  writeFileSync(gate, '');
  await script.finished;
});

test.each([
  ['is cut short on its way', 'zstd', 'zstd "$@" | head -c 4000', 7, /^what was written cannot be read: gzip -dc /],
  ['loses its end marker', 'pg_dump', 'pg_dump "$@" | head -n 30', 7, /: the dump has no end marker/],
  ['cannot be encrypted', 'age', 'echo "age: no entropy" >&2; exit 1', 6, 'age ended with status 1: age: no entropy'],
  ['is written wrongly', 'dd', 'printf x >>"$(echo "$1" | cut -c 4-)"', 7, /the disk has other bytes/],
])('an archive that %s is not published', async (_, program, text, code, reason) => {
  const folder = runs.folder();
  const spared = '[[ $1 != --version ]] || exec pg_dump "$@"; ';
  const programs = runs.program(program, (program === 'pg_dump' ? spared : '') + text);
  const result = await runs.run({ folder, programs, env: recipients(), database: 'school' });
  expect(runs.termination.replace('backup failed: ', '').trim()).toEqual(
    typeof reason === 'string' ? reason : expect.stringMatching(reason),
  );
  expect([result.code, readdirSync(folder)]).toEqual([code, []]);
});

test('without the program that encrypts there is no backup, rather than a readable one', async () => {
  const folder = runs.folder();
  const env = { ...recipients(), PATH: await pathWithout('age') };
  expect(await runs.run({ folder, env })).toMatchObject({ code: 2 });
  expect(runs.termination).toContain('there is no program age in /tools or PATH');
  expect(readdirSync(folder)).toEqual([]);
});

/** A PATH with all programs of the machine but one. */
async function pathWithout(name: string): Promise<string> {
  const folder = runs.path('bin');
  await run('bash', ['--norc', '-c', `mkdir -p "$1" && ln -s /usr/bin/* "$1"/ && rm "$1/${name}"`, 'bash', folder]);
  return folder;
}

test('the hash of a plain archive is that of its bytes', async () => {
  const folder = runs.folder();
  await runs.run({ folder, now: NOW });
  const { file, sha256, plainSha256, bytes, plainBytes } = newestMetadata(folder);
  const real = createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex');
  expect([sha256, plainSha256, plainBytes]).toEqual([real, real, bytes]);
});
