import type { Backup, Catalogue } from './catalogue';
import { ageText, countText, sizeText, timeText } from './quantity-text';

interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly text: (backup: Backup, now: Date) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'TIME (UTC)', text: ({ time }) => timeText(new Date(time)) },
  { title: 'AGE', right: true, text: ({ time }, now) => ageText(new Date(time), now) },
  { title: 'SIZE', right: true, text: ({ bytes }) => (bytes === null ? '-' : sizeText(bytes)) },
  { title: 'ROWS', right: true, text: ({ rows }) => (rows === null ? '-' : countText(rows)) },
  { title: 'VERIFIED', text: ({ verification }) => verification },
  {
    title: 'COMPATIBLE',
    text: ({ compatibility }) => (compatibility === 'newer' ? 'NEWER THAN THE APP' : compatibility),
  },
];

/** The backups as a table for people; above it why pruning is frozen, below it what is wrong. */
export function catalogueTable({ backups, pruningFrozen }: Catalogue, now: Date): string {
  const frozen =
    pruningFrozen == null
      ? []
      : [`pruning is frozen: ${pruningFrozen}`, 'nothing old is removed until you run "confirm"', ''];
  const problems = backups.flatMap(({ name, problems = [] }) => problems.map((each) => `${name}: ${each}`));
  return [
    ...frozen,
    ...(backups.length === 0 ? ['there is no backup; "create" makes one'] : aligned(backups, now)),
    ...(problems.length === 0 ? [] : ['', ...problems]),
    '',
  ].join('\n');
}

function aligned(backups: readonly Backup[], now: Date): string[] {
  const cells = COLUMNS.map(({ title, right, text }) => {
    const column = [title, ...backups.map((each) => text(each, now))];
    const width = Math.max(...column.map(({ length }) => length));
    return column.map((cell) => (right ? cell.padStart(width) : cell.padEnd(width)));
  });
  return ['title', ...backups].map((_, row) =>
    cells
      .map((column) => column[row])
      .join('  ')
      .trimEnd(),
  );
}
