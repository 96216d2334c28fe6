const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** How long ago something was, in the one unit that people would use; below two of a unit the smaller one tells more. */
export function ageText(time: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - time.getTime()) / 1000);
  if (seconds < 0) {
    return `in ${ageText(now, time)}`;
  }
  const [unit, name] = (
    [
      [2 * YEAR, YEAR, 'y'],
      [2 * DAY, DAY, 'd'],
      [2 * HOUR, HOUR, 'h'],
      [2 * MINUTE, MINUTE, 'm'],
    ] as const
  )
    .filter(([from]) => seconds >= from)
    .map(([, length, letter]) => [length, letter] as const)[0] ?? [1, 's'];
  return `${Math.floor(seconds / unit)}${name}`;
}

/** A size in binary units with three figures at most: `987 B`, `1.2 MiB`, `34 GiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 would be rounded to 1024 of the smaller unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A count with commas: `1,234,567`. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** A moment as UTC without a zone: `2026-11-20 19:00:00`. */
export function timeText(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ');
}
