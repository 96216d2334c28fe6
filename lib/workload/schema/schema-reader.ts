import { declaredBy, onlyCreates, type PlacedStatement } from './declared-by';
import type { DeclaredObject } from './declared-object';
import { DoBlock } from './do-block';
import { UNGUARDED } from './guard';
import type { UniqueKeys } from './insert-guard';
import { problem, type SchemaProblem } from './problem';
import { refusal } from './refusal';
import { refusalOf } from './repeatable';
import { splitStatements } from './split-statements';
import type { SqlText } from './sql-text';
import { uniqueKeys } from './unique-keys';

/** A statement that does nothing once what it declares is there, on lines that hold nothing else. */
export interface SkippableStatement {
  readonly first: number;
  readonly last: number;
  readonly declares: readonly DeclaredObject[];
}

/** What a schema file says. */
export interface SchemaContent {
  readonly problems: readonly SchemaProblem[];
  /** In the order of the file; the same object can come twice. */
  readonly declared: readonly DeclaredObject[];
  readonly skippable: readonly SkippableStatement[];
}

/** Reads all statements of a schema file. */
export function readSchema(text: SqlText): SchemaContent {
  const { statements, problems: syntax } = splitStatements(text);
  const problems = syntax.length > 0 ? [...syntax] : psqlVariables(text);
  if (statements.length === 0 && problems.length === 0) {
    problems.push(problem(1, 'the file', refusal('holds no statement', 'write CREATE TABLE IF NOT EXISTS …')));
  }
  const keys = uniqueKeys(statements.map(({ node }) => node));
  const declared: DeclaredObject[] = [];
  const skippable: SkippableStatement[] = [];
  for (const { node, source, start, end } of statements) {
    const statement = { node, source, line: source.lineAt(start), text: source.slice(start, end) };
    const read = readStatement(statement, keys);
    problems.push(...read.problems);
    declared.push(...read.declares);
    const lines = read.onlyCreates && read.declares.length > 0 ? source.ownLines(start, end) : undefined;
    if (lines !== undefined) {
      skippable.push({ ...lines, declares: read.declares });
    }
  }
  return { problems: problems.sort((a, b) => a.line - b.line), declared, skippable };
}

function readStatement(statement: PlacedStatement, keys: UniqueKeys) {
  const { node, line, text } = statement;
  if ('DoStmt' in node) {
    const block = new DoBlock(statement, node.DoStmt, keys);
    return { declares: block.declared, onlyCreates: block.onlyCreates, problems: block.problems };
  }
  const refused = refusalOf(node, UNGUARDED, keys);
  return {
    declares: declaredBy(statement),
    onlyCreates: onlyCreates(node),
    problems: refused === undefined ? [] : [problem(line, text, refused)],
  };
}

/** psql puts the value of its variable in the place of `:name`, which in SQL itself is the end of a slice. */
function psqlVariables(source: SqlText): SchemaProblem[] {
  return source.words(0).flatMap((word, i, words) => {
    const next = words[i + 1];
    return word.text === ':' && next?.start === word.end && /^\w/.test(next.text) && !/^\d/.test(next.text)
      ? [
          problem(
            source.lineAt(word.start),
            `:${next.text}`,
            refusal('is a variable to psql', `write a space in between: : ${next.text}`),
          ),
        ]
      : [];
  });
}
