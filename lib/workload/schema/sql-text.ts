import { type SqlToken, tokensOf } from './sql-tokens';

/** SQL with its place in a file. All offsets are bytes of UTF-8, as PostgreSQL's parser counts. */
export class SqlText {
  readonly #bytes: Buffer;
  #lineStarts: number[] | undefined;
  #tokens: readonly SqlToken[] | undefined;

  /**
   * @param text the SQL
   * @param firstLine line of the file on which it begins
   */
  public constructor(
    public readonly text: string,
    public readonly firstLine = 1,
  ) {
    this.#bytes = Buffer.from(text);
  }

  /** All tokens in order, comments included. */
  public get tokens(): readonly SqlToken[] {
    this.#tokens ??= tokensOf(this.#bytes);
    return this.#tokens;
  }

  /** Line of the file at an offset. */
  public lineAt(offset: number): number {
    this.#lineStarts ??= lineStarts(this.#bytes);
    return this.firstLine + firstIndex(this.#lineStarts, (start) => start > offset) - 1;
  }

  /** The text between two offsets, as written. */
  public slice(start: number, end?: number): string {
    return this.#bytes.toString('utf8', start, end);
  }

  /** Tokens from an offset on until one ends it, without comments. */
  public words(start: number, ends: (token: SqlToken) => boolean = () => false): readonly SqlToken[] {
    const words: SqlToken[] = [];
    for (let index = firstIndex(this.tokens, (token) => token.start >= start); ; index++) {
      const token = this.tokens[index];
      if (token === undefined || ends(token)) {
        return words;
      }
      if (!token.comment) {
        words.push(token);
      }
    }
  }

  /** The lines of a statement when nothing else stands on them, so that they can be left blank. */
  public ownLines(start: number, end: number): { first: number; last: number } | undefined {
    const from = firstIndex(this.tokens, (token) => token.start >= start);
    const semicolon = firstIndex(this.tokens, (token) => token.start >= end);
    const first = this.lineAt(start);
    const last = this.lineAt(this.tokens[semicolon]?.start ?? end);
    /** Whether tokens in one direction leave the lines, with nothing but whole comments on them. */
    const clear = (index: number, step: number): boolean => {
      const token = this.tokens[index];
      const begins = token === undefined ? 0 : this.lineAt(token.start);
      const ends = token === undefined ? 0 : this.lineAt(token.end - 1);
      if (token === undefined || ends < first || begins > last) {
        return true;
      }
      return token.comment && begins >= first && ends <= last && clear(index + step, step);
    };
    return clear(from - 1, -1) && clear(semicolon + 1, 1) ? { first, last } : undefined;
  }

  /** Words of the list element that begins at an offset: up to the next comma or bracket on its own level. */
  public element(start: number): readonly SqlToken[] {
    let depth = 0;
    return this.words(start, ({ text }) => {
      const ends = depth === 0 && (text === ',' || text === ')' || text === ';');
      depth += text === '(' || text === '[' ? 1 : text === ')' || text === ']' ? -1 : 0;
      return ends;
    });
  }
}

/** Words as one line of SQL. */
export function oneLine(words: readonly SqlToken[]): string {
  return words.map((word, i) => (i > 0 && word.start > (words[i - 1]?.end ?? 0) ? ' ' : '') + word.text).join('');
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

/** Index of the first item of a sorted list for which the condition holds, its length when there is none. */
function firstIndex<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && holds(item)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
