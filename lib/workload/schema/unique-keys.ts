import type { Node } from 'libpg-query';
import { quotedName, relationName, strings } from './identifier';
import type { UniqueKeys } from './insert-guard';

/** The unique keys of the tables that some statements create. */
export function uniqueKeys(statements: readonly Node[]): UniqueKeys {
  const keys = new Map<string, string[][]>();
  for (const node of statements) {
    if ('CreateStmt' in node) {
      const table = quotedName(relationName(node.CreateStmt.relation));
      keys.set(table, [...(keys.get(table) ?? []), ...(node.CreateStmt.tableElts ?? []).flatMap(elementKeys)]);
    }
    if ('IndexStmt' in node && node.IndexStmt.unique === true && node.IndexStmt.whereClause === undefined) {
      const table = quotedName(relationName(node.IndexStmt.relation));
      const columns = (node.IndexStmt.indexParams ?? []).flatMap((parameter) =>
        'IndexElem' in parameter ? [parameter.IndexElem.name] : [],
      );
      const plain = columns.filter((column) => column !== undefined);
      keys.get(table)?.push(...(plain.length === columns.length ? [plain] : []));
    }
  }
  return keys;
}

function elementKeys(element: Node): string[][] {
  if ('Constraint' in element) {
    return isUnique(element.Constraint.contype) ? [strings(element.Constraint.keys)] : [];
  }
  if (!('ColumnDef' in element)) {
    return [];
  }
  const { colname, constraints = [] } = element.ColumnDef;
  const unique = constraints.some((node) => 'Constraint' in node && isUnique(node.Constraint.contype));
  return unique && colname !== undefined ? [[colname]] : [];
}

function isUnique(kind: string | undefined): boolean {
  return kind === 'CONSTR_PRIMARY' || kind === 'CONSTR_UNIQUE';
}
