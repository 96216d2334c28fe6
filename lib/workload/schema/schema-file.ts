import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { refuse } from '../../platform/problems';
import { type DeclaredObject, identity } from './declared-object';
import { expectations } from './expectations';
import { problemLine } from './problem';
import { readSchema } from './schema-reader';
import { SqlText } from './sql-text';

export { loadSqlGrammar } from './sql-grammar';

/** Files of the script that applies a schema file; they never differ. */
const SCRIPT_FOLDER = join(__dirname, '../scripts');
const SCRIPTS = ['schema-sync.sh', 'schema-sync-apply.sql', 'schema-sync-check.sql'];

/** Bytes of a schema file; a ConfigMap holds 1 MiB, of which the expectations and the script need their part. */
const LARGEST = 300_000;

const read = new Map<string, SchemaFile>();

/**
 * An SQL file that can be run at every start of an app, checked with PostgreSQL's own grammar.
 *
 * `loadSqlGrammar` must have been awaited. The same text under the same name is read once.
 */
export class SchemaFile {
  /** The file as messages call it. */
  public readonly name: string;

  public readonly text: string;

  /** sha256 of the text, hexadecimal. The database records it when the file was applied. */
  public readonly sha256: string;

  /** What the file creates on an empty database, each object once. */
  public readonly declared: readonly DeclaredObject[];

  readonly #configMapData: Readonly<Record<string, string>>;

  private constructor(name: string, text: string, sha256: string) {
    const { problems, declared, skippable } = readSchema(new SqlText(text));
    refuse(problems.map((found) => problemLine(name, found)));
    this.name = name;
    this.text = text;
    this.sha256 = sha256;
    this.declared = eachOnce(declared);
    this.#configMapData = {
      'schema.sql': text,
      'declared.jsonl': expectations(this.declared, skippable),
      ...Object.fromEntries(SCRIPTS.map((script) => [script, readFileSync(join(SCRIPT_FOLDER, script), 'utf8')])),
    };
  }

  /**
   * Reads a file.
   *
   * @throws Error that lists every statement that is not safe to run at every start, with the form that is
   */
  public static fromFile(path: string): SchemaFile {
    const bytes = readFileSync(path);
    if (!isUtf8(bytes)) {
      throw new Error(`${path}: is not UTF-8; save it as UTF-8`);
    }
    return SchemaFile.fromText(bytes.toString(), basename(path));
  }

  /**
   * Reads SQL text.
   *
   * @param name what messages call it
   * @throws Error as `fromFile`
   */
  public static fromText(text: string, name: string): SchemaFile {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const key = JSON.stringify([name, sha256]);
    const known = read.get(key);
    if (known !== undefined) {
      return known;
    }
    refuse(unreadable(text, name));
    const file = new SchemaFile(name, text, sha256);
    read.set(key, file);
    return file;
  }

  /** Files that `schema-sync.sh` needs beside itself, itself included: file name → text. */
  public configMapData(): Readonly<Record<string, string>> {
    return this.#configMapData;
  }
}

/** The file holds the statement of an object that it declares twice, in a CREATE TABLE and in an ADD COLUMN. */
function eachOnce(declared: readonly DeclaredObject[]): DeclaredObject[] {
  const objects = new Map<string, DeclaredObject>();
  for (const object of declared) {
    const first = objects.get(identity(object));
    const { statement, written } = first === undefined || object.written ? object : first;
    objects.set(identity(object), { ...(first ?? object), statement, written });
  }
  return [...objects.values()];
}

function unreadable(text: string, name: string): string[] {
  const problems: string[] = [];
  if (text.startsWith('\uFEFF')) {
    problems.push(`${name}:1: begins with a byte order mark; save it as UTF-8 without one`);
  }
  if (text.includes('\0')) {
    problems.push(`${name}: holds a NUL character; remove it`);
  }
  if (Buffer.byteLength(text) > LARGEST) {
    problems.push(`${name}: has ${Buffer.byteLength(text)} bytes, more than ${LARGEST}; use a MigrationJob`);
  }
  return problems;
}
