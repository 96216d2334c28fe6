import { type Backup, readCatalogue } from '../../../bin/backups/catalogue';
import { catalogueTable } from '../../../bin/backups/catalogue-table';

const NOW = new Date('2026-11-21T12:00:00Z');

function backup(changes: Partial<Backup>): Backup {
  return {
    name: 'school_20261120_190000',
    time: '2026-11-20T19:00:00Z',
    bytes: 1_234_567,
    rows: 4567,
    tables: 12,
    verification: 'verified',
    compatibility: 'compatible',
    ...changes,
  };
}

test('figures stand below each other, and nothing trails', () => {
  const old = { name: 'school_20240102_190000', time: '2024-01-02T19:00:00Z' };
  const backups = [
    backup({ rows: 1_234_567, compatibility: 'newer' }),
    backup({ ...old, bytes: 999, rows: null, tables: null, verification: 'unverified', compatibility: 'unknown' }),
  ];
  expect(catalogueTable({ backups, pruningFrozen: null }, NOW)).toBe(
    [
      'NAME                    TIME (UTC)           AGE     SIZE       ROWS  VERIFIED    COMPATIBLE',
      'school_20261120_190000  2026-11-20 19:00:00  17h  1.2 MiB  1,234,567  verified    NEWER THAN THE APP',
      'school_20240102_190000  2024-01-02 19:00:00   2y    999 B          -  unverified  unknown',
      '',
    ].join('\n'),
  );
});

test('frozen pruning is told above the table, with its reason', () => {
  const text = catalogueTable({ backups: [backup({})], pruningFrozen: 'rows fell from 9,000 to 4,000' }, NOW);
  expect(text.split('\n').slice(0, 2)).toEqual([
    'pruning is frozen: rows fell from 9,000 to 4,000',
    'nothing old is removed until you run "confirm"',
  ]);
});

test('what verify found is told below the table, and a size that is not known is a dash', () => {
  const missing = backup({ bytes: null, verification: 'missing', problems: ['there is no archive'] });
  const lines = catalogueTable({ backups: [missing, backup({ problems: [] })], pruningFrozen: null }, NOW).split('\n');
  expect(lines[1]).toMatch(/17h +- +4,567 {2}missing +compatible$/);
  expect(lines.slice(3)).toEqual(['', 'school_20261120_190000: there is no archive', '']);
});

test('no backup at all is said, with the way out', () => {
  expect(catalogueTable({ backups: [], pruningFrozen: null }, NOW)).toBe('there is no backup; "create" makes one\n');
});

describe('the log of the catalogue', () => {
  const line = (changes: object) => JSON.stringify(backup(changes));

  test('is data among words for people, and comes newest first', () => {
    const newer = { name: 'school_20261121_190000', time: '2026-11-21T19:00:00Z' };
    const log = ['reading /backups', line({}), line(newer), '{"pruningFrozen":"half of the rows"}', 'done'];
    const { backups, pruningFrozen } = readCatalogue(log);
    expect(backups.map(({ name }) => name)).toEqual(['school_20261121_190000', 'school_20261120_190000']);
    expect(pruningFrozen).toBe('half of the rows');
  });

  test.each([
    ['{"name":"school_2026', 'JSON'],
    ['{"name":"school_20261120_190000"}', 'time'],
    [line({ rows: 'many' }), 'rows'],
  ])('that is not understood is shown: %s', (odd, reason) => {
    expect(() => readCatalogue([odd])).toThrow(expect.objectContaining({ message: expect.stringContaining(reason) }));
    expect(() => readCatalogue([odd])).toThrow(odd);
  });
});
