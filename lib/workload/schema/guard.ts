import type { Node, SelectStmt } from 'libpg-query';
import { parseSql } from './sql-grammar';

/** What keeps a statement of a DO block from running, or from failing, a second time. */
export interface Guard {
  /** What the `IF NOT EXISTS (SELECT …)` around it reads; only the catalog tells whether an object is there. */
  readonly reads: 'nothing' | 'data' | 'catalog';
  /** SQLSTATEs that the handlers of the blocks around it catch. */
  readonly catches: ReadonlySet<string>;
}

/** A statement outside of any DO block. */
export const UNGUARDED: Guard = { reads: 'nothing', catches: new Set() };

/** Names of the conditions that tell of a duplicate (appendix A of PostgreSQL's manual), by SQLSTATE. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '42701': 'duplicate_column',
  '42710': 'duplicate_object',
  '42723': 'duplicate_function',
  '42P06': 'duplicate_schema',
  '42P07': 'duplicate_table',
  '42P16': 'invalid_table_definition',
  '23505': 'unique_violation',
};

/** Name of a condition: `42710` → `duplicate_object`. */
export function conditionName(sqlstate: string): string {
  return CONDITIONS[sqlstate] ?? sqlstate;
}

/** SQLSTATE of a condition as a handler names it, `undefined` when it tells of no duplicate (`OTHERS` does not). */
export function duplicateState(condition: string): string | undefined {
  return Object.keys(CONDITIONS).find((state) => state === condition || CONDITIONS[state] === condition.toLowerCase());
}

/** What the condition of an IF guards, and whether nothing but that decides. */
export function guardOf(condition: string): { reads: Guard['reads']; alone: boolean } {
  const [statement] = parseSql(`SELECT ${condition}`);
  const target = selectOf(statement?.stmt)?.targetList?.[0];
  const terms = target !== undefined && 'ResTarget' in target ? conjuncts(target.ResTarget.val) : [];
  const read = terms.flatMap((term) => {
    const tables = tablesIn(notExists(term)?.fromClause);
    return tables.length === 0 ? [] : [tables.some(isCatalog) ? ('catalog' as const) : ('data' as const)];
  });
  const reads = read.includes('catalog') ? 'catalog' : (read[0] ?? 'nothing');
  return { reads, alone: terms.length === 1 };
}

/** Terms that are joined by AND. */
export function conjuncts(node: Node | undefined): Node[] {
  if (node !== undefined && 'BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR') {
    return (node.BoolExpr.args ?? []).flatMap(conjuncts);
  }
  return node === undefined ? [] : [node];
}

/** The query of `NOT EXISTS (SELECT …)`. */
export function notExists(node: Node): SelectStmt | undefined {
  const inner = 'BoolExpr' in node && node.BoolExpr.boolop === 'NOT_EXPR' ? node.BoolExpr.args?.[0] : undefined;
  return inner !== undefined && 'SubLink' in inner && inner.SubLink.subLinkType === 'EXISTS_SUBLINK'
    ? selectOf(inner.SubLink.subselect)
    : undefined;
}

/** Names of the tables in a FROM clause, `schema.table` where qualified. */
export function tablesIn(from: readonly Node[] | undefined): string[] {
  return (from ?? []).flatMap((node) => {
    if ('RangeVar' in node) {
      const { schemaname, relname } = node.RangeVar;
      return [schemaname === undefined ? `${relname}` : `${schemaname}.${relname}`];
    }
    if ('JoinExpr' in node) {
      return tablesIn([node.JoinExpr.larg, node.JoinExpr.rarg].filter((side) => side !== undefined));
    }
    return [];
  });
}

/** The SELECT that a node is. */
export function selectOf(node: Node | undefined): SelectStmt | undefined {
  return node !== undefined && 'SelectStmt' in node ? node.SelectStmt : undefined;
}

function isCatalog(table: string): boolean {
  return /^(pg_|information_schema\.)/.test(table);
}
