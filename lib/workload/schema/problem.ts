import type { Refusal } from './refusal';
import { oneLine, SqlText } from './sql-text';

/** A statement that may not stand in a schema file. */
export interface SchemaProblem extends Refusal {
  readonly line: number;
  /** The statement, shortened to one line. */
  readonly statement: string;
}

/** Characters of a statement that a message shows. */
const SHOWN = 60;

/** Tells of a statement. */
export function problem(line: number, statement: string, refusal: Refusal): SchemaProblem {
  const characters = [...withoutComments(statement).replace(/\s+/g, ' ').trim()];
  const shown = characters.length > SHOWN ? [...characters.slice(0, SHOWN - 1), '…'] : characters;
  return { line, statement: shown.join(''), ...refusal };
}

/** The problem as people read it. */
export function problemLine(file: string, { line, statement, wrong, instead }: SchemaProblem): string {
  return `${file}:${line}: ${statement}: ${wrong}; ${instead}`;
}

function withoutComments(statement: string): string {
  return oneLine(new SqlText(statement).words(0));
}
