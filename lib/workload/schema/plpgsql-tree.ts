import type { DoStmt } from 'libpg-query';
import { selectOf } from './guard';
import { parseSql } from './sql-grammar';

/** A node of libpg_query's PL/pgSQL tree, for which there are no types. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a node; none for anything else. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** SQL of an expression node. */
export function queryOf(expression: unknown): string {
  const { query } = fields(fields(expression).PLpgSQL_expr);
  return typeof query === 'string' ? query : '';
}

/** The conditions that a block's handlers name, e.g. `duplicate_object`, `42710`, `others`. */
export function handlerConditions(block: Fields): string[] {
  const list = fields(fields(block.exceptions).PLpgSQL_exception_block).exc_list;
  return nodes(list, 'PLpgSQL_exception').flatMap(({ conditions }) =>
    nodes(conditions, 'PLpgSQL_condition').flatMap(({ condname }) => (typeof condname === 'string' ? [condname] : [])),
  );
}

/** The text of an SQL expression that is one constant string. */
export function constantOf(expression: string): string | undefined {
  const target = selectOf(parseSql(`SELECT ${expression}`)[0]?.stmt)?.targetList?.[0];
  const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
  return value !== undefined && 'A_Const' in value ? value.A_Const.sval?.sval : undefined;
}

/** Language of a DO statement and where its body begins. */
export function bodyOf(statement: DoStmt): { language: string; location: number } {
  let language = 'plpgsql';
  let location = 0;
  for (const argument of statement.args ?? []) {
    if ('DefElem' in argument) {
      const { defname, arg, location: at } = argument.DefElem;
      if (defname === 'language') {
        language = arg !== undefined && 'String' in arg ? (arg.String.sval ?? language) : language;
      } else {
        location = at ?? 0;
      }
    }
  }
  return { language, location };
}

function nodes(list: unknown, kind: string): Fields[] {
  return Array.isArray(list) ? list.map((item) => fields(fields(item)[kind])) : [];
}
