/** An object that a schema file declares. */
export interface DeclaredObject {
  readonly kind:
    | 'schema'
    | 'extension'
    | 'table'
    | 'column'
    | 'constraint'
    | 'index'
    | 'type'
    | 'label'
    | 'sequence'
    | 'view'
    | 'materialized view'
    | 'function'
    | 'trigger';

  /** Schema it lies in; empty for schemas and extensions. */
  readonly schema: string;

  /** Table of a column, constraint, index or trigger; type of an enum label; empty for others. */
  readonly parent: string;

  readonly name: string;

  /** Line of the file that declares it first. */
  readonly line: number;

  /** What a person adds to the file when it is missing: itself a statement that the file may hold. */
  readonly statement: string;

  /** Whether the file holds `statement` itself, so that running the file should have created the object. */
  readonly written: boolean;
}

/** What two objects of one file have in common when they are the same. */
export function identity({ kind, schema, parent, name }: DeclaredObject): string {
  return JSON.stringify([kind, schema, parent, name]);
}
