/** A word, literal, operator character or comment of SQL; `start` and `end` are offsets in bytes. */
export interface SqlToken {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly comment: boolean;
}

/** What may lie between the parts of one string: strings with a line break between them are one. */
const BREAK = '[ \\t\\f\\v]*[\\n\\r]\\s*';

/** A string whose characters match `character`. */
function stringOf(prefix: string, character: string): string {
  const part = `'(?:${character})*'`;
  return `${prefix}${part}(?:${BREAK}${part})*`;
}

/**
 * One token of PostgreSQL's lexical rules, over the bytes of the text: every byte from 0x80 on is a letter.
 * libpg_query's own scanner answers in JSON with what each keyword is, which takes longer than parsing the file does.
 */
const TOKEN = new RegExp(
  [
    '\\s+',
    '(?<comment>--[^\\n\\r]*|/\\*)',
    stringOf('[eE]', "[^'\\\\]|''|\\\\[^]"),
    stringOf('(?:[uU]&)?', "[^']|''"),
    stringOf('[bBxX]', "[^']"),
    '(?:[uU]&)?"(?:[^"]|"")*"',
    '\\$(?<tag>(?:[A-Za-z_\\x80-\\xff][\\w\\x80-\\xff]*)?)\\$[^]*?\\$\\k<tag>\\$',
    '[A-Za-z_\\x80-\\xff][\\w$\\x80-\\xff]*',
    '(?:\\d[\\d_]*(?:\\.(?!\\.)\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?\\w*',
    '::|:=|\\.\\.|\\$\\d+',
    '[^]',
  ].join('|'),
  'gy',
);

/** Tokens of a text in order, without white space. A string that does not end comes as its single characters. */
export function tokensOf(bytes: Buffer): SqlToken[] {
  const text = bytes.toString('latin1');
  const tokens: SqlToken[] = [];
  for (let start = 0; start < text.length; ) {
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(text);
    const word = match?.[0] ?? '';
    const comment = match?.groups?.comment !== undefined;
    const end = word === '/*' ? endOfComment(text, start) : start + word.length;
    if (comment || !/^\s/.test(word)) {
      tokens.push({ start, end, text: bytes.toString('utf8', start, end), comment });
    }
    start = end;
  }
  return tokens;
}

/** Comments between slash and star can hold others. */
function endOfComment(text: string, start: number): number {
  const bound = /\/\*|\*\//g;
  bound.lastIndex = start + 2;
  for (let depth = 1; depth > 0; ) {
    const match = bound.exec(text);
    if (match === null) {
      return text.length;
    }
    depth += match[0] === '/*' ? 1 : -1;
  }
  return bound.lastIndex;
}
