import fc from 'fast-check';
import { ageText, countText, sizeText, timeText } from '../../../bin/backups/quantity-text';

const NOW = new Date('2026-11-21T12:00:00Z');

test.each([
  ['2026-11-21T12:00:00Z', '0s'],
  ['2026-11-21T11:58:01Z', '119s'],
  ['2026-11-21T11:58:00Z', '2m'],
  ['2026-11-21T10:00:01Z', '119m'],
  ['2026-11-21T10:00:00Z', '2h'],
  ['2026-11-19T12:00:01Z', '47h'],
  ['2026-11-19T12:00:00Z', '2d'],
  ['2024-11-22T12:00:00Z', '729d'],
  ['2024-11-21T12:00:00Z', '2y'],
  ['2026-11-21T15:00:00Z', 'in 3h'],
])('a backup of %s is %s old', (time, expected) => expect(ageText(new Date(time), NOW)).toBe(expected));

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [10_188, '9.9 KiB'],
  [10_189, '10 KiB'],
  [1_048_063, '1023 KiB'],
  [1_048_064, '1.0 MiB'],
  [1_234_567, '1.2 MiB'],
  [5 * 1024 ** 4, '5.0 TiB'],
  [3000 * 1024 ** 5, '3000 PiB'],
])('%d bytes are %s', (bytes, expected) => expect(sizeText(bytes)).toBe(expected));

test('a size is never off by more than a twentieth', () => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const [value, unit] = sizeText(bytes).split(' ');
      const shown = Number(value) * 1024 ** units.indexOf(unit ?? '');
      expect(Math.abs(shown - bytes) / bytes).toBeLessThanOrEqual(0.05);
    }),
  );
});

test('counts have commas whatever the locale', () => expect(countText(1_234_567)).toBe('1,234,567'));

test('a time is UTC, to the second', () => {
  expect(timeText(new Date('2026-11-21T03:00:00.999+08:00'))).toBe('2026-11-20 19:00:00');
});
