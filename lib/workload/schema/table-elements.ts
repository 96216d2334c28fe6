import type { ColumnDef, Constraint, Node } from 'libpg-query';
import { columnConstraintText } from './constraint-text';
import type { DeclaredObject } from './declared-object';
import { handledBy } from './handled';
import { type QualifiedName, quotedName } from './identifier';
import { constraintError } from './repetition-error';
import { oneLine, type SqlText } from './sql-text';

/** A table whose elements are read. */
export interface ElementsOf {
  readonly table: QualifiedName;
  readonly source: SqlText;
  /** The ALTER TABLE that adds the elements; absent for those of a CREATE TABLE, which are never added to a table. */
  readonly alter?: string;
}

/** A column with its named constraints, or a named constraint. */
export function elementObjects(element: Node, of: ElementsOf): DeclaredObject[] {
  if ('Constraint' in element) {
    return isNamed(element.Constraint) ? [constraintOf(element.Constraint, of)] : [];
  }
  // A partition can repeat columns of its parent without their types.
  if (!('ColumnDef' in element) || element.ColumnDef.typeName === undefined) {
    return [];
  }
  const column = element.ColumnDef;
  const constraints = (column.constraints ?? []).flatMap((node) =>
    'Constraint' in node && isNamed(node.Constraint) ? [constraintOf(node.Constraint, of, column)] : [],
  );
  return [columnOf(column, of), ...constraints];
}

/** Whether a constraint has a name that PostgreSQL keeps; it keeps the name of a NOT NULL only since 18. */
export function isNamed({ contype, conname }: Constraint): boolean {
  return (
    conname !== undefined &&
    (contype === 'CONSTR_CHECK' ||
      contype === 'CONSTR_PRIMARY' ||
      contype === 'CONSTR_UNIQUE' ||
      contype === 'CONSTR_EXCLUSION' ||
      contype === 'CONSTR_FOREIGN')
  );
}

function columnOf({ colname = '', location = 0 }: ColumnDef, { table, source, alter }: ElementsOf): DeclaredObject {
  return {
    kind: 'column',
    schema: table.schema,
    parent: table.name,
    name: colname,
    line: source.lineAt(location),
    statement: `ALTER TABLE ${quotedName(table)} ADD COLUMN IF NOT EXISTS ${oneLine(source.element(location))}`,
    written: alter !== undefined,
  };
}

function constraintOf(
  constraint: Constraint,
  { table, source, alter }: ElementsOf,
  column?: ColumnDef,
): DeclaredObject {
  const { conname = '', contype, location = 0 } = constraint;
  const text =
    column === undefined ? oneLine(source.element(location)) : columnConstraintText(constraint, column, source);
  const written = alter !== undefined && column === undefined;
  return {
    kind: 'constraint',
    schema: table.schema,
    parent: table.name,
    name: conname,
    line: source.lineAt(location),
    statement: written ? alter : handledBy(`ALTER TABLE ${quotedName(table)} ADD ${text}`, constraintError(contype)),
    written,
  };
}
