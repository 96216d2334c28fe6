import type { ColumnDef, Constraint } from 'libpg-query';
import { quoted } from './identifier';
import { oneLine, type SqlText } from './sql-text';

/** A named constraint of a column as ADD CONSTRAINT takes it: with the column's name in it. */
export function columnConstraintText(constraint: Constraint, column: ColumnDef, source: SqlText): string {
  const start = constraint.location ?? 0;
  const next = (column.constraints ?? []).flatMap((node) =>
    'Constraint' in node &&
    node.Constraint.contype?.startsWith('CONSTR_ATTR') !== true &&
    (node.Constraint.location ?? 0) > start
      ? [node.Constraint.location ?? 0]
      : [],
  );
  const end = Math.min(...next);
  const [, , ...body] = source.element(start).filter((word) => word.start < end);
  const text = oneLine(body);
  const key = `(${quoted(column.colname ?? '')})`;
  const named = `CONSTRAINT ${quoted(constraint.conname ?? '')}`;
  if (constraint.contype === 'CONSTR_FOREIGN') {
    return `${named} FOREIGN KEY ${key} ${text}`;
  }
  return constraint.contype === 'CONSTR_CHECK'
    ? `${named} ${text}`
    : `${named} ${text.replace(/^PRIMARY\s+KEY|^UNIQUE(\s+NULLS(\s+NOT)?\s+DISTINCT)?/i, (words) => `${words} ${key}`)}`;
}
