import type { AlterTableCmd, ConstrType, Node } from 'libpg-query';
import type { NodeTag } from './sql-grammar';

/** SQLSTATE with which a statement fails when its object is already there; seen on PostgreSQL 15 and 18. */
const STATES: Partial<Record<NodeTag, string>> = {
  CreateStmt: '42P07',
  CreateForeignTableStmt: '42P07',
  CreateTableAsStmt: '42P07',
  IndexStmt: '42P07',
  ViewStmt: '42P07',
  CreateSeqStmt: '42P07',
  CreateEnumStmt: '42710',
  CompositeTypeStmt: '42710',
  CreateRangeStmt: '42710',
  CreateDomainStmt: '42710',
  CreateTrigStmt: '42710',
  CreatePolicyStmt: '42710',
  CreateRoleStmt: '42710',
  CreateExtensionStmt: '42710',
  CreateStatsStmt: '42710',
  CreatePublicationStmt: '42710',
  CreateCastStmt: '42710',
  CreateFdwStmt: '42710',
  RuleStmt: '42710',
  CreateSchemaStmt: '42P06',
  CreateFunctionStmt: '42723',
};

/**
 * SQLSTATE with which the second run of a statement fails; `undefined` when it would not fail but do its work again:
 * an unnamed index or constraint is made once more under another name.
 */
export function repetitionError(node: Node): string | undefined {
  if ('AlterTableStmt' in node) {
    const commands = node.AlterTableStmt.cmds ?? [];
    const [only] = commands;
    return commands.length === 1 && only !== undefined && 'AlterTableCmd' in only
      ? commandError(only.AlterTableCmd)
      : undefined;
  }
  if ('AlterEnumStmt' in node) {
    return node.AlterEnumStmt.oldVal === undefined ? '42710' : undefined;
  }
  const unnamed =
    ('IndexStmt' in node && node.IndexStmt.idxname === undefined) ||
    ('CreateStatsStmt' in node && node.CreateStatsStmt.defnames === undefined);
  return unnamed ? undefined : STATES[Object.keys(node)[0] as NodeTag];
}

function commandError({ subtype, def }: AlterTableCmd): string | undefined {
  if (subtype === 'AT_AddColumn') {
    return '42701';
  }
  if (subtype !== 'AT_AddConstraint' || def === undefined || !('Constraint' in def)) {
    return undefined;
  }
  const { contype, conname } = def.Constraint;
  return contype === 'CONSTR_PRIMARY' || conname !== undefined ? constraintError(contype) : undefined;
}

/** SQLSTATE with which a constraint is refused that is there: an index of its name, a second primary key, its name. */
export function constraintError(contype: ConstrType | undefined): string {
  if (contype === 'CONSTR_PRIMARY') {
    return '42P16';
  }
  return contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_EXCLUSION' ? '42P07' : '42710';
}
