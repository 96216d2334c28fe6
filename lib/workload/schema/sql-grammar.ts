import type { Node, RawStmt } from 'libpg-query';

type Grammar = typeof import('libpg-query');

/** Text that is not SQL; `position` counts characters from 0. */
export class SqlSyntaxError extends Error {
  public constructor(
    message: string,
    public readonly position: number,
  ) {
    super(message);
  }
}

/** Name of a node of the syntax tree, e.g. `CreateStmt`. */
export type NodeTag = Node extends infer N ? (N extends unknown ? keyof N : never) : never;

/** Fields of the node with that name. */
export type NodeBody<T extends NodeTag> = Extract<Node, Record<T, unknown>>[T];

let grammar: Grammar | undefined;

/**
 * Loads PostgreSQL's own grammar (a WebAssembly module, about 40 ms); await it once before the first schema file.
 * It is not loaded with this module: a synth without schema files shall not pay for it.
 */
export async function loadSqlGrammar(): Promise<void> {
  const module = await import('libpg-query');
  await module.loadModule();
  grammar = module;
}

/** Statements of a text. @throws SqlSyntaxError where it is not SQL; Error when the grammar was not loaded */
export function parseSql(text: string): RawStmt[] {
  const { parseSync, hasSqlDetails } = loaded();
  try {
    return text === '' ? [] : (parseSync(text).stmts ?? []);
  } catch (error) {
    const position = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    throw new SqlSyntaxError(error instanceof Error ? error.message : String(error), position);
  }
}

/** Syntax tree of the PL/pgSQL inside a DO statement. @throws Error where it is not PL/pgSQL */
export function parsePlPgSql(statement: string): unknown {
  return loaded().parsePlPgSQLSync(statement);
}

function loaded(): Grammar {
  if (grammar === undefined) {
    throw new Error('the SQL grammar is not loaded; await loadSqlGrammar() before the first schema file is read');
  }
  return grammar;
}
