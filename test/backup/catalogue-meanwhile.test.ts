import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/process';
import { CatalogueRuns } from './catalogue-runs';

// What else happens to the folder while backups are verified; and backups that only a key opens.

let runs: CatalogueRuns;
beforeAll(async () => {
  runs = await CatalogueRuns.begin();
}, 60_000);
afterAll(() => runs.end());

const STAMP = '20261120_190000';
const NAME = `school_platform_${STAMP}`;

test('an archive whose metadata come while it is verified is not adopted', async () => {
  const folder = runs.folder();
  runs.put(folder, STAMP);
  const metadata = join(folder, `${NAME}.meta.json`);
  // A run that publishes has this file before the archive has its name.
  const partial = join(folder, `.${NAME}.meta.pod-1.partial`);
  await run('mv', [metadata, partial]);
  const verify = await runs.run(folder, ['verify', '--all'], runs.program('sleep', `mv ${partial} ${metadata}`));
  expect(verify.entries).toMatchObject([{ name: NAME, verification: 'verified', kind: 'manual' }]);
  expect(existsSync(partial)).toBe(false);
});

test('the metadata that a run leaves of a backup stay, also when it was adopted meanwhile', async () => {
  const folder = runs.folder();
  runs.put(folder, STAMP);
  const metadata = join(folder, `${NAME}.meta.json`);
  const text = readFileSync(metadata, 'utf8');
  await run('mv', [metadata, join(folder, 'kept')]);
  const verify = await runs.run(
    folder,
    ['verify', '--all'],
    runs.program('ln', `cp ${folder}/kept ${metadata}; exec ln "$@"`),
  );
  expect(verify.entries).toMatchObject([{ name: NAME, verification: 'verified', kind: 'manual' }]);
  expect(readFileSync(metadata, 'utf8')).toBe(text);
  expect(readdirSync(folder).filter((file) => file.endsWith('.partial'))).toEqual([]);
});

test('what a killed run left delays the adoption of many archives only once', async () => {
  const folder = runs.folder();
  for (let day = 10; day < 20; day += 1) {
    runs.put(folder, `202611${day}_190000`, { metadata: null });
  }
  writeFileSync(join(folder, `.${NAME}.meta.pod-1.partial`), '');
  const verify = await runs.run(folder, ['verify', '--all']);
  expect([verify.code, verify.stderr]).toEqual([0, expect.stringMatching(/verify complete: 10 backups, all whole\n$/)]);
  expect(verify.milliseconds).toBeLessThan(30_000);
});

test('while a backup is made, everything is whole and nothing is adopted', async () => {
  const folder = runs.folder();
  runs.put(folder, STAMP);
  const backup = runs.backup(folder);
  let running = true;
  void backup.then(() => {
    running = false;
  });
  while (running) {
    const { code, stderr } = await runs.run(folder, ['verify', '--all']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^verify complete: [12] backups, all whole\n$/)]);
  }
  expect((await backup).code).toBe(0);
  expect((await runs.run(folder, ['verify', '--all'])).entries.map(({ kind }) => kind)).toEqual(['manual', 'manual']);
});

test('a backup that is removed while it is read is passed over', async () => {
  const folder = runs.folder();
  const names = [runs.put(folder, STAMP), runs.put(folder, '20261121_190000')];
  const env = runs.program('gzip', `rm -f ${folder}/${NAME}.*\nexec gzip "$@"`);
  const { code, entries, stderr } = await runs.run(folder, ['verify', ...names], env);
  expect([code, stderr]).toEqual([0, `${NAME} was removed meanwhile\nverify complete: 1 backups, all whole\n`]);
  expect(entries).toHaveLength(1);
});

test('a folder that cannot be written to is told when an archive is to be adopted', async () => {
  const folder = runs.folder();
  runs.put(folder, STAMP, { metadata: null });
  chmodSync(folder, 0o555);
  const { code, entries } = await runs.run(folder, ['verify', '--all']);
  expect(entries[0]?.problems).toEqual([
    expect.stringMatching(/^the metadata cannot be written: .*Permission denied$/),
  ]);
  expect([code, entries[0]?.verification]).toEqual([1, 'unverified']);
  // The same for what is to be removed.
  chmodSync(folder, 0o777);
  runs.put(folder, '20261121_190000');
  chmodSync(folder, 0o555);
  const remove = await runs.run(folder, ['delete', NAME]);
  expect([remove.code, remove.stderr]).toEqual([3, expect.stringMatching(/cannot be removed: .*Permission denied/)]);
  chmodSync(folder, 0o777);
});

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return copy;
}

test('of an encrypted backup the checksum is verified, and with the key all of it', async () => {
  const folder = runs.folder();
  const key = join(folder, 'key.txt');
  const recipient = /age1\w+/.exec((await run('age-keygen', ['-o', key])).stderr)?.[0] ?? '';
  chmodSync(key, 0o644);
  const plain = join(folder, `${NAME}.dump.zst`);
  const archive = `${plain}.age`;
  const metadata = join(folder, `${NAME}.meta.json`);
  runs.put(folder, STAMP, { format: 'custom' });
  expect((await run('age', ['-r', recipient, '-o', archive, plain])).code).toBe(0);
  await run('rm', [plain]);
  const bytes = readFileSync(archive);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const original = JSON.parse(readFileSync(metadata, 'utf8'));
  const cipher = { file: `${NAME}.dump.zst.age`, bytes: bytes.length, sha256 };
  const text = JSON.stringify({ ...original, ...cipher, encryptedTo: [recipient] }, null, 2);
  writeFileSync(metadata, `${text.replace(/\[\s+(".*")\s+\]/, '[$1]')}\n`);

  const verify = async (env = {}) => (await runs.run(folder, ['verify', '--all'], env)).entries[0];
  const withKey = { AGE_IDENTITY: key };
  const whole = { verification: 'verified', encrypted: true, format: 'custom', rows: 314, problems: [] };
  expect(await verify()).toMatchObject(whole);
  expect(await verify(withKey)).toMatchObject(whole);
  writeFileSync(archive, damaged(bytes));
  expect((await verify())?.problems).toEqual([expect.stringMatching(/has the sha256/)]);
  expect((await verify(withKey))?.problems).toEqual([expect.stringMatching(/cannot be read in full: age /)]);
  writeFileSync(archive, bytes);

  await run('rm', [metadata]);
  expect((await verify())?.problems).toEqual([expect.stringMatching(/it is encrypted, and AGE_IDENTITY/)]);
  expect(existsSync(metadata)).toBe(false);
  expect(await verify(withKey)).toMatchObject({ ...whole, kind: 'adopted' });
  const { plainBytes, plainSha256, rowsOfTable } = original;
  expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({ ...cipher, plainBytes, plainSha256, rowsOfTable });
}, 30_000);
