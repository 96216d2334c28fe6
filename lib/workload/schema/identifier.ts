import type { Node, RangeVar } from 'libpg-query';

/** A name and the schema it lies in; what is not qualified lies in `public`, where schema-sync creates it. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** An identifier for SQL, always quoted: `User "x"` → `"User ""x"""`. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** A string for SQL. */
export function literal(text: string): string {
  return text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

/** `"schema"."name"`. */
export function quotedName({ schema, name }: QualifiedName): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** Name of a table, view, index or sequence. */
export function relationName(relation: RangeVar | undefined): QualifiedName {
  return { schema: relation?.schemaname ?? 'public', name: relation?.relname ?? '' };
}

/** Name of a type or function: a list of one or two strings. */
export function listedName(parts: readonly Node[] | undefined): QualifiedName {
  const names = strings(parts);
  return { schema: names.at(-2) ?? 'public', name: names.at(-1) ?? '' };
}

/** The texts of a list of strings. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}
