import type { Node } from 'libpg-query';
import { problem, type SchemaProblem } from './problem';
import { refusal } from './refusal';
import { parseSql, SqlSyntaxError } from './sql-grammar';
import { SqlText } from './sql-text';

/** A statement and its place in a text, in bytes; it ends before its semicolon. */
export interface SplitStatement {
  readonly node: Node;
  /** The text that all offsets of the node count in. */
  readonly source: SqlText;
  readonly start: number;
  readonly end: number;
}

/** The statements of a text and, where it is not SQL, every place where it is not. */
export function splitStatements(source: SqlText): { statements: SplitStatement[]; problems: SchemaProblem[] } {
  try {
    return { statements: parsed(source), problems: [] };
  } catch (error) {
    return pieceByPiece(source, syntaxError(error));
  }
}

/** The parser stops at the first error; statement by statement the others are found too. */
function pieceByPiece(source: SqlText, first: SqlSyntaxError): ReturnType<typeof splitStatements> {
  const bounds = boundaries(source);
  if (bounds === undefined) {
    return { statements: [], problems: [syntaxProblem(source, 0, Buffer.byteLength(source.text), first)] };
  }
  const statements: SplitStatement[] = [];
  const problems: SchemaProblem[] = [];
  for (const [start, end] of bounds) {
    try {
      statements.push(...parsed(new SqlText(source.slice(start, end), source.lineAt(start))));
    } catch (error) {
      problems.push(syntaxProblem(source, start, end, syntaxError(error)));
    }
  }
  return { statements, problems };
}

function parsed(source: SqlText): SplitStatement[] {
  const length = Buffer.byteLength(source.text);
  return parseSql(source.text).flatMap(({ stmt, stmt_location: start = 0, stmt_len: size }) =>
    stmt === undefined ? [] : [{ node: stmt, source, start, end: size === undefined ? length : start + size }],
  );
}

/** Start and end of each statement; none when a function body holds semicolons. */
function boundaries(source: SqlText): [number, number][] | undefined {
  const words = source.words(0);
  if (words.some(({ text }) => text.toUpperCase() === 'ATOMIC')) {
    return undefined;
  }
  const bounds: [number, number][] = [];
  let start: number | undefined;
  for (const word of words) {
    if (word.text === ';') {
      bounds.push([start ?? word.start, word.start]);
      start = undefined;
    } else {
      start ??= word.start;
    }
  }
  const end = words.at(-1)?.end ?? 0;
  return start === undefined ? bounds : [...bounds, [start, end]];
}

function syntaxProblem(source: SqlText, start: number, end: number, error: SqlSyntaxError): SchemaProblem {
  const text = source.slice(start, end);
  const before = Buffer.byteLength([...text].slice(0, error.position).join(''));
  const found = text.startsWith('\\')
    ? refusal('is a command of psql, not SQL', 'leave it out; the file is also read by other programs than psql')
    : refusal(error.message, 'correct it');
  return problem(source.lineAt(start + before), text, found);
}

function syntaxError(error: unknown): SqlSyntaxError {
  if (error instanceof SqlSyntaxError) {
    return error;
  }
  throw error;
}
