import { type DeclaredObject, identity } from './declared-object';
import type { SkippableStatement } from './schema-reader';

/**
 * What the database must hold, a JSON array a line: kind, schema, table or type, name, line of the file, the statement
 * to add (`null` when the file holds it), and the first and last line of each statement that does nothing once this and
 * all else that it declares is there.
 */
export function expectations(declared: readonly DeclaredObject[], skippable: readonly SkippableStatement[]): string {
  const lines = new Map<string, [number, number][]>();
  for (const { first, last, declares } of skippable) {
    for (const key of new Set(declares.map(identity))) {
      lines.set(key, [...(lines.get(key) ?? []), [first, last]]);
    }
  }
  return declared
    .map((object) => {
      const { kind, schema, parent, name, line, statement, written } = object;
      const row = [kind, schema, parent, name, line, written ? null : statement, lines.get(identity(object)) ?? []];
      return `${JSON.stringify(row)}\n`;
    })
    .join('');
}
