import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { run } from '../support/process';
import { CatalogueRuns, PREFIX } from './catalogue-runs';

// Every damaged archive must be refused: 14 truncations, from 5 % to the last byte, and 40 flips of one bit.

let runs: CatalogueRuns;
beforeAll(async () => {
  runs = await CatalogueRuns.begin();
}, 60_000);
afterAll(() => runs.end());

const TRUNCATIONS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

function truncated(archive: Buffer): Buffer[] {
  const lengths = [
    ...TRUNCATIONS.map((part) => Math.floor(archive.length * part)),
    archive.length - 2,
    archive.length - 1,
  ];
  return lengths.map((length) => Buffer.from(archive.subarray(0, length)));
}

/** Copies with one bit of another value, spread over the whole file from `first` on. */
function flipped(archive: Buffer, first = 0): Buffer[] {
  return Array.from({ length: 40 }, (_, i) => {
    const copy = Buffer.from(archive);
    const at = first + Math.round(((archive.length - 1 - first) * i) / 39);
    copy[at] = (copy[at] ?? 0) ^ (1 << (i % 8));
    return copy;
  });
}

/** The format of zstd without compression and without a checksum: nothing but our own can find a changed bit. */
function stored(content: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50])];
  for (let at = 0; at < content.length; at += 65_536) {
    const block = content.subarray(at, at + 65_536);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (at + 65_536 >= content.length ? 1 : 0), 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}

async function uncompressed(): Promise<Buffer> {
  const folder = runs.folder();
  writeFileSync(join(folder, 'dump.zst'), runs.archive('custom'));
  const result = await run('bash', ['-c', 'zstd -qdc dump.zst >dump'], { cwd: folder });
  expect(result.code).toBe(0);
  return stored(readFileSync(join(folder, 'dump')));
}

/** Metadata as if this had been the archive from the beginning. */
function metadataOf(archive: Buffer): (text: string) => string {
  const sum = createHash('sha256').update(archive).digest('hex');
  return (text) =>
    text
      .replaceAll(/"(bytes|plainBytes)": \d+/g, `"$1": ${archive.length}`)
      .replaceAll(/"(sha256|plainSha256)": "\w+"/g, `"$1": "${sum}"`);
}

function stampOf(index: number): string {
  return `20260101_00${String(Math.floor(index / 60)).padStart(2, '0')}${String(index % 60).padStart(2, '0')}`;
}

test.each([
  ['gzip', 'plain', () => runs.archive('plain')],
  ['zstd', 'custom', () => runs.archive('custom')],
  ['uncompressed', 'custom', uncompressed],
] as const)(
  'of a backup with metadata, all damaged copies are refused: %s',
  async (_, format, make) => {
    const archive = await make();
    const folder = runs.folder();
    const metadata = metadataOf(archive);
    const good = runs.put(folder, '20270101_000000', { format, archive: () => archive, metadata });
    const damaged = [...truncated(archive), ...flipped(archive)];
    damaged.forEach((copy, i) => {
      runs.put(folder, stampOf(i), { format, archive: () => copy, metadata });
    });
    const { entries, code } = await runs.run(folder, ['verify', '--all']);
    expect(entries.filter(({ verification }) => verification === 'verified').map(({ name }) => name)).toEqual([good]);
    expect(entries.filter(({ verification }) => verification === 'damaged')).toHaveLength(54);
    expect(code).toBe(1);
  },
  120_000,
);

test.each([
  // What gzip's header says of the file's name and time is nothing that could be checked.
  ['gzip', 'plain', 10],
  ['zstd', 'custom', 0],
] as const)(
  'of an archive without metadata, no damaged copy is adopted: %s',
  async (_, format, first) => {
    const archive = runs.archive(format);
    const folder = runs.folder();
    const damaged = [...truncated(archive), ...flipped(archive, first)];
    damaged.forEach((copy, i) => {
      runs.put(folder, stampOf(i), { format, archive: () => copy, metadata: null });
    });
    const { entries } = await runs.run(folder, ['verify', '--all']);
    expect(entries.map(({ name }) => name)).toEqual(damaged.map((_copy, i) => `${PREFIX}_${stampOf(i)}`).reverse());
    expect(entries.filter(({ verification }) => verification !== 'unverified')).toEqual([]);
  },
  120_000,
);

test('a dump that ended early, whole as a gzip file, is not adopted', async () => {
  const folder = runs.folder();
  const text = gunzipSync(runs.archive('plain'));
  const ends = [0, 0.5, 0.9].map((part) => Math.floor(text.length * part));
  [...ends, text.lastIndexOf('-- PostgreSQL database dump complete')].forEach((end, i) => {
    runs.put(folder, stampOf(i), { archive: () => gzipSync(text.subarray(0, end)), metadata: null });
  });
  const { entries } = await runs.run(folder, ['verify', '--all']);
  expect(entries.map(({ verification }) => verification)).toEqual(ends.concat(0).map(() => 'unverified'));
  expect(entries[0]?.problems).toEqual([expect.stringMatching(/cannot be read in full: the dump has no end marker/)]);
});
