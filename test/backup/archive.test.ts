import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/process';
import { ArchiveRuns } from './archive-runs';
import { archives, BackupRuns } from './backup-runs';

const FORMATS = ['plain', 'custom'] as const;
const END = { plain: '.sql.gz', custom: '.dump.zst' };

let runs: BackupRuns;
let reading: ArchiveRuns;
const good: Record<string, Buffer> = {};

beforeAll(async () => {
  [runs, reading] = await Promise.all([BackupRuns.begin(), ArchiveRuns.begin()]);
  for (const FORMAT of FORMATS) {
    const folder = runs.folder();
    expect(await runs.run({ folder, database: 'tiny', env: { FORMAT } })).toMatchObject({ code: 0 });
    good[FORMAT] = readFileSync(join(folder, archives(folder)[0] ?? ''));
  }
}, 60_000);

afterAll(async () => {
  await runs.end();
  reading.end();
});

describe.each(FORMATS)('an archive of the %s format', (format) => {
  const bytes = (): Buffer => good[format] ?? Buffer.of();

  test('is read to its end, and its sha256 told', async () => {
    const file = reading.file(`good${END[format]}`, bytes());
    const sha256 = createHash('sha256').update(bytes()).digest('hex');
    expect(await reading.ask('read_archive "$file"', [file])).toEqual([`whole ${sha256}`]);
  });

  test('is refused after each of 14 truncations', async () => {
    const lengths = [0, 1, 10, 30, bytes().length - 1, bytes().length - 4].concat(
      [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.99].map((part) => Math.floor(part * bytes().length)),
    );
    const files = lengths.map((length, i) => reading.file(`short-${i}${END[format]}`, bytes().subarray(0, length)));
    const answers = await reading.ask('read_archive "$file"', files);
    expect(answers).toHaveLength(14);
    expect(answers.filter((answer) => answer.startsWith('whole'))).toEqual([]);
  });

  test('is refused with something behind it', async () => {
    const file = reading.file(`long${END[format]}`, Buffer.concat([bytes(), Buffer.from('more')]));
    expect((await reading.ask('read_archive "$file"', [file]))[0]).toMatch(/^(gzip|zstd) -dc ended with status/);
  });

  // The header of gzip has bytes that change nothing; only the sha256 shows them.
  test('is refused or has another sha256 after each of 40 flipped bits', async () => {
    const sha256 = createHash('sha256').update(bytes()).digest('hex');
    const files = Array.from({ length: 40 }, (_, i) => {
      const flipped = Buffer.from(bytes());
      const at = Math.floor(((i + 0.5) / 40) * flipped.length);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
      return reading.file(`flip-${i}${END[format]}`, flipped);
    });
    const answers = await reading.ask('read_archive "$file"', files);
    expect(answers).toHaveLength(40);
    expect(answers.filter((answer) => answer === `whole ${sha256}`)).toEqual([]);
    expect(answers.filter((answer) => answer.startsWith('whole')).length).toBeLessThan(3);
  }, 30_000);

  test('is refused when the dump in it is cut short, though the compression is whole', async () => {
    const [unpack, pack] = { plain: ['gzip -dc', 'gzip'], custom: ['zstd -qdc', 'zstd -q'] }[format];
    const script = `${unpack} <"$1" | { n=$(wc -c <"$2"); head -c $((n - 30)); } | ${pack} >"$3"`;
    const whole = reading.file(`whole${END[format]}`, bytes());
    const [raw, cut] = [reading.file('raw', ''), reading.file(`cut-inside${END[format]}`, '')];
    await run('sh', ['-c', `${unpack} <"$1" >"$2"; ${script}`, 'sh', whole, raw, cut]);
    expect(await reading.ask('read_archive "$file"', [cut])).toEqual([
      expect.stringMatching({ plain: /no end marker/, custom: /^pg_restore ended with status 1: / }[format]),
    ]);
  });

  test('is loaded into an empty database, whatever its name', async () => {
    const file = reading.file(`load${END[format]}`, bytes());
    const name = `it's \\ ${format}`;
    const other = `it's  ${format}`;
    for (const each of [name, other]) {
      await runs.server.query(`CREATE DATABASE "${each}"`);
    }
    const env = { ...runs.server.env, name };
    expect(await reading.ask('load_archive "$file" "$name"', [file], env)).toEqual(['whole']);
    expect(await runs.server.query('SELECT id FROM student', name)).toEqual([['1']]);
    expect(await runs.server.query("SELECT to_regclass('student') IS NULL", other)).toEqual([['t']]);
    // A second load is stopped by what is there already.
    expect((await reading.ask('load_archive "$file" "$name"', [file], env))[0]).toMatch(
      /^(psql|pg_restore) ended with status [13]: .*"student" already exists/,
    );
  });

  test('that is damaged is no success of loading', async () => {
    const name = `damaged_${format}`;
    await runs.server.query(`CREATE DATABASE ${name}`);
    const file = reading.file(`cut${END[format]}`, bytes().subarray(0, bytes().length - 20));
    expect((await reading.ask(`load_archive "$file" ${name}`, [file], runs.server.env))[0]).toMatch(
      /^(gzip|zstd) -dc /,
    );
  });

  test('that is encrypted is read and loaded with its key, and refused without or with another', async () => {
    const plain = reading.file(`secret${END[format]}`, bytes());
    const folder = reading.folder(`keys-${format}`);
    const keys = ['right', 'wrong'].map((name) => join(folder, name));
    for (const key of keys) {
      expect((await run('age-keygen', ['-o', key], { unprivileged: true })).code).toBe(0);
    }
    const recipient = /age1\w+/.exec((await run('age-keygen', ['-y', keys[0] ?? ''])).stdout)?.[0] ?? '';
    expect(await run('age', ['-r', recipient, '-o', `${plain}.age`, plain])).toMatchObject({ code: 0 });
    await run('chmod', ['644', `${plain}.age`]);
    const read = (env: Record<string, string>): Promise<string[]> =>
      reading.ask('read_archive "$file"', [`${plain}.age`], env);

    const sha256 = createHash('sha256')
      .update(readFileSync(`${plain}.age`))
      .digest('hex');
    expect(await read({ AGE_IDENTITY: keys[0] ?? '' })).toEqual([`whole ${sha256}`]);
    expect(await read({})).toEqual(['it is encrypted, and AGE_IDENTITY names no file with the key that can be read']);
    expect((await read({ AGE_IDENTITY: keys[1] ?? '' }))[0]).toMatch(/^age ended with status 1: .*no identity matched/);

    const name = `secret_${format}`;
    await runs.server.query(`CREATE DATABASE ${name}`);
    const env = { ...runs.server.env, AGE_IDENTITY: keys[0] ?? '' };
    expect(await reading.ask(`load_archive "$file" ${name}`, [`${plain}.age`], env)).toEqual(['whole']);
    expect(await runs.server.query('SELECT id FROM student', name)).toEqual([['1']]);
  });
});

test('a file that is not there is refused', async () => {
  const missing = join(reading.scratch, 'missing.sql.gz');
  expect(await reading.ask('read_archive "$file"', [missing])).toEqual(['it is not a file that can be read']);
});

test('a file of another kind is refused', async () => {
  const file = reading.file('notes.txt', 'hello');
  expect(await reading.ask('read_archive "$file"', [file])).toEqual([
    'its name ends neither in .sql.gz nor in .dump.zst',
  ]);
});
