import type { Node } from 'libpg-query';
import { conditionName, type Guard } from './guard';
import { insertRefusal, type UniqueKeys, updateRefusal } from './insert-guard';
import { neverAllowed } from './never-allowed';
import { type Refusal, refusal } from './refusal';
import { repetitionError } from './repetition-error';
import type { NodeBody, NodeTag } from './sql-grammar';

/** A kind of statement that has a form which does nothing, or the same, when it runs again. */
interface Form {
  readonly write: string;
  readonly safe: (node: Node) => boolean | undefined;
}

/** A row of `FORMS` for statements with a flag. */
function form<T extends NodeTag>(tag: T, write: string, safe: (body: NodeBody<T>) => boolean | undefined): Form {
  return {
    write,
    safe: (node) => (tag in node ? safe((node as Extract<Node, Record<T, unknown>>)[tag]) === true : undefined),
  };
}

const FORMS: readonly Form[] = [
  form('CreateStmt', 'CREATE TABLE IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateForeignTableStmt', 'CREATE FOREIGN TABLE IF NOT EXISTS', (s) => s.base?.if_not_exists),
  form('CreateTableAsStmt', 'CREATE … IF NOT EXISTS … AS', (s) => s.if_not_exists),
  form('IndexStmt', 'CREATE INDEX IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateSeqStmt', 'CREATE SEQUENCE IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateSchemaStmt', 'CREATE SCHEMA IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateExtensionStmt', 'CREATE EXTENSION IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateStatsStmt', 'CREATE STATISTICS IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateForeignServerStmt', 'CREATE SERVER IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateUserMappingStmt', 'CREATE USER MAPPING IF NOT EXISTS', (s) => s.if_not_exists),
  form('CreateFunctionStmt', 'CREATE OR REPLACE', (s) => s.replace),
  form('ViewStmt', 'CREATE OR REPLACE VIEW', (s) => s.replace),
  form('RuleStmt', 'CREATE OR REPLACE RULE', (s) => s.replace),
  form('CreatePLangStmt', 'CREATE OR REPLACE LANGUAGE', (s) => s.replace),
  form('CreateTransformStmt', 'CREATE OR REPLACE TRANSFORM', (s) => s.replace),
  form('AlterEnumStmt', 'ALTER TYPE … ADD VALUE IF NOT EXISTS', (s) => s.skipIfNewValExists),
];

/** Statements that set what they name, so that a second run changes nothing. */
const HARMLESS: ReadonlySet<string> = new Set<NodeTag>([
  'CommentStmt',
  'GrantStmt',
  'GrantRoleStmt',
  'AlterDefaultPrivilegesStmt',
]);

/**
 * Why a statement may not run at every start, or `undefined` when it may.
 *
 * @param keys unique keys of the tables that the file itself declares
 */
export function refusalOf(node: Node, guard: Guard, keys: UniqueKeys): Refusal | undefined {
  const never = neverAllowed(node);
  if (never !== undefined) {
    return never;
  }
  for (const change of changesInside(node)) {
    const inside = refusalOf(change, guard, keys);
    if (inside !== undefined) {
      return inside;
    }
  }
  if ('InsertStmt' in node || 'UpdateStmt' in node) {
    const unsafe = 'InsertStmt' in node ? insertRefusal(node.InsertStmt, keys) : updateRefusal(node.UpdateStmt);
    return guard.reads !== 'nothing' || ('InsertStmt' in node && guard.catches.has('23505')) ? undefined : unsafe;
  }
  if ('SelectStmt' in node || 'CallStmt' in node) {
    return guard.reads !== 'nothing'
      ? undefined
      : refusal(
          'runs functions whose effect on a second run nobody can see',
          'leave it out, or put it into a DO block under IF NOT EXISTS (SELECT … FROM …) THEN PERFORM …',
        );
  }
  const tag = Object.keys(node)[0] ?? '';
  if (HARMLESS.has(tag) || isRepeatable(node) || guard.reads === 'catalog') {
    return undefined;
  }
  const state = repetitionError(node);
  return state !== undefined && guard.catches.has(state) ? undefined : repetitionRefusal(node, guard, state);
}

function isRepeatable(node: Node): boolean {
  if ('AlterTableStmt' in node) {
    const { cmds = [], objtype } = node.AlterTableStmt;
    const adds = cmds.every(
      (command) =>
        'AlterTableCmd' in command &&
        command.AlterTableCmd.subtype === 'AT_AddColumn' &&
        command.AlterTableCmd.missing_ok === true,
    );
    return adds && objtype === 'OBJECT_TABLE';
  }
  if ('CreateTrigStmt' in node) {
    return node.CreateTrigStmt.replace === true;
  }
  if ('DefineStmt' in node) {
    return node.DefineStmt.if_not_exists === true || node.DefineStmt.replace === true;
  }
  return FORMS.some(({ safe }) => safe(node) === true);
}

function repetitionRefusal(node: Node, guard: Guard, state: string | undefined): Refusal {
  const fails = 'fails at the second start, when its object is there';
  if (guard.catches.size > 0 && state !== undefined) {
    return refusal(
      `the handler does not catch ${conditionName(state)}, with which this fails when its object is there`,
      `write EXCEPTION WHEN ${conditionName(state)} THEN NULL`,
    );
  }
  const known = FORMS.find(({ safe }) => safe(node) !== undefined);
  if (known !== undefined && !('AlterEnumStmt' in node && node.AlterEnumStmt.oldVal !== undefined)) {
    return refusal(fails, `write ${known.write}`);
  }
  if ('CreateTrigStmt' in node && node.CreateTrigStmt.isconstraint !== true) {
    return refusal(fails, 'write CREATE OR REPLACE TRIGGER');
  }
  if ('AlterTableStmt' in node && node.AlterTableStmt.objtype === 'OBJECT_TABLE' && state === '42701') {
    return refusal(fails, 'write ALTER TABLE … ADD COLUMN IF NOT EXISTS');
  }
  return state === undefined
    ? refusal(
        'does its work again at every start',
        'put it into a DO block under IF NOT EXISTS (SELECT … FROM pg_catalog.…) THEN …; END IF',
      )
    : refusal(fails, `write DO $$ BEGIN …; EXCEPTION WHEN ${conditionName(state)} THEN NULL; END $$`);
}

/** The same for a query of a DO block whose result goes into a variable or loop: only its WITH clause can change rows. */
export function queryRefusalOf(node: Node, guard: Guard, keys: UniqueKeys): Refusal | undefined {
  if (!('SelectStmt' in node)) {
    return refusalOf(node, guard, keys);
  }
  return changesInside(node)
    .map((change) => refusalOf(change, guard, keys))
    .find((found) => found !== undefined);
}

/** Queries of a WITH clause that change rows. */
function changesInside(node: Node): Node[] {
  const body: { withClause?: { ctes?: Node[] } } | undefined = Object.values(node)[0];
  return (body?.withClause?.ctes ?? []).flatMap((cte) => {
    const query = 'CommonTableExpr' in cte ? cte.CommonTableExpr.ctequery : undefined;
    return query === undefined || 'SelectStmt' in query ? [] : [query];
  });
}
