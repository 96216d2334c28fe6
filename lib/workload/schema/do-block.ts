import type { DoStmt, Node } from 'libpg-query';
import { declaredBy, onlyCreates, type PlacedStatement } from './declared-by';
import type { DeclaredObject } from './declared-object';
import { type Guard, UNGUARDED } from './guard';
import { handledBy } from './handled';
import type { UniqueKeys } from './insert-guard';
import { bodyOf, constantOf } from './plpgsql-tree';
import { type Place, type Visitor, walkPlPgSql } from './plpgsql-walk';
import { problem, type SchemaProblem } from './problem';
import { type Refusal, refusal } from './refusal';
import { queryRefusalOf, refusalOf } from './repeatable';
import { repetitionError } from './repetition-error';
import { parsePlPgSql, parseSql } from './sql-grammar';
import { SqlText } from './sql-text';

const COMPUTED = refusal(
  'runs a string that is put together at run time, so nobody can check it',
  'write the statement itself, or EXECUTE with one constant string',
);
const SECOND = refusal(
  'is never reached once the statement before it fails: both rely on the handler of one block',
  'give each its own BEGIN … EXCEPTION … END',
);
const TRANSACTION = refusal('schema-sync itself runs the whole file in one transaction', 'leave it out');

/** A DO block read to its last statement: SQL's own parser sees only a string in it. */
export class DoBlock implements Visitor {
  /** What may not stand in it. */
  public readonly problems: SchemaProblem[] = [];
  readonly #block: PlacedStatement;
  readonly #keys: UniqueKeys;
  readonly #firstLine: number;
  readonly #declared: DeclaredObject[] = [];
  #onlyCreates = true;
  #leaves = false;

  /**
   * @param keys unique keys of the tables that the file declares
   * @param guard what stands around a block inside another one
   */
  public constructor(block: PlacedStatement, statement: DoStmt, keys: UniqueKeys, guard: Guard = UNGUARDED) {
    this.#block = block;
    this.#keys = keys;
    const { language, location } = bodyOf(statement);
    this.#firstLine = block.source.lineAt(location);
    if (language !== 'plpgsql') {
      this.#refuse(block.line, block.text, refusal(`cannot be checked in ${language}`, 'write it in PL/pgSQL'));
      return;
    }
    try {
      const tree = parsePlPgSql(block.text);
      walkPlPgSql(tree, { line: 1, guard, certain: true, relying: { count: 0 } }, this);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#refuse(block.line, block.text, refusal(`cannot be read as PL/pgSQL: ${message}`, 'correct it'));
    }
  }

  /** What it surely creates on an empty database. */
  public get declared(): readonly DeclaredObject[] {
    return this.#leaves ? [] : this.#declared;
  }

  /** Whether it does nothing at all once everything in `declared` is there. */
  public get onlyCreates(): boolean {
    return this.#onlyCreates;
  }

  public sql(text: string, place: Place, intoVariable: boolean): void {
    const source = new SqlText(text, this.#lineAt(place));
    for (const { stmt: node } of parseSql(text)) {
      if (node !== undefined && 'DoStmt' in node) {
        const inner = { node, source, line: source.firstLine, text };
        this.#nested(new DoBlock(inner, node.DoStmt, this.#keys, place.guard), place);
      } else if (node !== undefined) {
        this.#statement(node, source, place, intoVariable);
      }
    }
  }

  public dynamic(expression: string, place: Place): void {
    const constant = constantOf(expression);
    if (constant === undefined) {
      this.#refuse(this.#lineAt(place), `EXECUTE ${expression}`, COMPUTED);
    } else {
      this.sql(constant, place, false);
    }
  }

  public transaction(statement: string, place: Place): void {
    this.#refuse(this.#lineAt(place), statement, TRANSACTION);
  }

  public leaves(): void {
    this.#leaves = true;
    this.#onlyCreates = false;
  }

  public other(): void {
    this.#onlyCreates = false;
  }

  #lineAt({ line }: Place): number {
    return this.#firstLine + line - 1;
  }

  #nested(block: DoBlock, place: Place): void {
    this.problems.push(...block.problems);
    this.#onlyCreates &&= block.onlyCreates && place.certain;
    this.#declared.push(...(place.certain ? block.declared : []));
  }

  #statement(node: Node, source: SqlText, { guard, relying, certain }: Place, intoVariable: boolean): void {
    const judge = intoVariable ? queryRefusalOf : refusalOf;
    const line = source.firstLine;
    let found = judge(node, guard, this.#keys);
    if (found === undefined && judge(node, { ...guard, catches: new Set() }, this.#keys) !== undefined) {
      relying.count++;
      found = relying.count > 1 ? SECOND : undefined;
    }
    if (found !== undefined) {
      this.#refuse(line, source.text, found);
    }
    this.#onlyCreates &&= certain && onlyCreates(node);
    if (certain) {
      this.#declared.push(...declaredBy({ node, source, line, text: this.#standalone(node, source.text) }));
    }
  }

  /** The statement as it may stand in a file by itself. */
  #standalone(node: Node, text: string): string {
    const state = repetitionError(node);
    if (refusalOf(node, UNGUARDED, this.#keys) === undefined) {
      return text;
    }
    return state === undefined ? this.#block.text : handledBy(text, state);
  }

  #refuse(line: number, statement: string, found: Refusal): void {
    this.problems.push(problem(line, statement, found));
  }
}
