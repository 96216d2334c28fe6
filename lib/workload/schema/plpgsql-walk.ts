import { duplicateState, type Guard, guardOf } from './guard';
import { type Fields, fields, handlerConditions, queryOf } from './plpgsql-tree';

/** What is known at a place in PL/pgSQL. */
export interface Place {
  /** Line of the body, from 1; 0 where the tree names none. */
  readonly line: number;
  readonly guard: Guard;
  /** Whether a first run surely comes here. */
  readonly certain: boolean;
  /** How many statements of the innermost block with a handler rely on that handler. */
  readonly relying: { count: number };
}

/** What a walk finds. */
export interface Visitor {
  /** SQL that runs as it is written; its result may go into a variable or loop. */
  sql(text: string, place: Place, intoVariable: boolean): void;
  /** EXECUTE and its like, with the expression that gives the string. */
  dynamic(expression: string, place: Place): void;
  /** COMMIT or ROLLBACK. */
  transaction(statement: string, place: Place): void;
  /** A RETURN that may leave out what follows. */
  leaves(): void;
  /** Any other statement: it does something even when every object is there. */
  other(): void;
}

/** Walks a PL/pgSQL tree; kinds that it does not know are walked through, so that no SQL in them is missed. */
export function walkPlPgSql(node: unknown, place: Place, visitor: Visitor): void {
  if (Array.isArray(node)) {
    for (const item of node) {
      walkPlPgSql(item, place, visitor);
    }
    return;
  }
  for (const [kind, value] of Object.entries(fields(node))) {
    const { lineno } = fields(value);
    visit(kind, value, { ...place, line: typeof lineno === 'number' && lineno > 0 ? lineno : place.line }, visitor);
  }
}

function visit(kind: string, value: unknown, place: Place, visitor: Visitor): void {
  const node = fields(value);
  switch (kind) {
    case 'PLpgSQL_stmt_block':
      visitBlock(node, place, visitor);
      break;
    case 'PLpgSQL_stmt_if':
      visitIf(node, place, visitor);
      break;
    case 'PLpgSQL_stmt_execsql':
      visitor.sql(queryOf(node.sqlstmt), place, node.into === true);
      break;
    case 'PLpgSQL_stmt_perform':
    case 'PLpgSQL_stmt_call':
      visitor.sql(queryOf(node.expr), place, false);
      break;
    case 'PLpgSQL_stmt_dynexecute':
      visitor.dynamic(queryOf(node.query), place);
      break;
    case 'PLpgSQL_stmt_commit':
    case 'PLpgSQL_stmt_rollback':
      visitor.transaction(kind.slice('PLpgSQL_stmt_'.length).toUpperCase(), place);
      break;
    case 'PLpgSQL_stmt_return':
      // The tree ends with a RETURN that nobody wrote: it has no line.
      if (node.lineno !== undefined) {
        visitor.leaves();
      }
      break;
    case 'PLpgSQL_expr':
      visitExpression(node, place, visitor);
      break;
    default:
      visitOther(kind, value, place, visitor);
  }
}

function visitBlock(node: Fields, place: Place, visitor: Visitor): void {
  const conditions = handlerConditions(node);
  const caught = conditions.flatMap((condition) => duplicateState(condition) ?? []);
  const guard = { ...place.guard, catches: new Set([...place.guard.catches, ...caught]) };
  const relying = conditions.length > 0 ? { count: 0 } : place.relying;
  walkPlPgSql(node.body, { ...place, guard, relying }, visitor);
  walkPlPgSql(node.exceptions, { ...place, certain: false }, visitor);
}

function visitIf(node: Fields, place: Place, visitor: Visitor): void {
  const { reads, alone } = guardOf(queryOf(node.cond));
  const guard = { ...place.guard, reads: reads === 'nothing' ? place.guard.reads : reads };
  const certain = place.certain && alone && reads !== 'nothing';
  walkPlPgSql(node.then_body, { ...place, guard, certain }, visitor);
  walkPlPgSql([node.elsif_list, node.else_body], { ...place, certain: false }, visitor);
}

/** An expression; the query of a loop or cursor is a whole statement. */
function visitExpression(node: Fields, place: Place, visitor: Visitor): void {
  if (node.parseMode === 0) {
    visitor.other();
    visitor.sql(queryOf({ PLpgSQL_expr: node }), place, true);
  }
}

function visitOther(kind: string, value: unknown, place: Place, visitor: Visitor): void {
  const node = fields(value);
  const isStatement = kind.startsWith('PLpgSQL_stmt_');
  if (isStatement) {
    visitor.other();
  }
  const computed = kind === 'PLpgSQL_stmt_dynfors' ? node.query : node.dynquery;
  if (computed !== undefined) {
    visitor.dynamic(queryOf(computed), place);
  }
  walkPlPgSql(value, { ...place, certain: place.certain && !isStatement }, visitor);
}
