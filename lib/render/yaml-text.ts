/**
 * One-line text that needs no quotes in any reader. It starts with a letter, `_`, `/`, `$` or the dash of an option, or
 * with a digit when a `/` or a letter occurs that no number or date of YAML 1.1 or 1.2 has (those have hex digits, `e`,
 * `o`, `x`, `t`, `z` and `_`). It holds no `: `, no ` #` and no space at its end.
 */
const PLAIN =
  /^(?:[A-Za-z_/$]|--?[A-Za-z]|\d(?=.*[g-np-suvwyG-NP-SUVWY/]))(?:[!"$-9;-~]|:(?=[!-~])|(?<! )#| (?=[ -~]))*$/;

/**
 * Words that YAML 1.1 or 1.2 reads as booleans or null, in any case; and bare exponents like `e2`, which the `yaml`
 * package (cdk8s reads with it) takes for NaN in YAML 1.1.
 */
const RESERVED = /^(?:y|yes|n|no|on|off|true|false|null|-?e[-+]?\d+)$/i;

/**
 * What a reviewer could not see (control and format characters, no-break space, bidirectional marks, byte order mark,
 * lone surrogates) and what a reader takes for a line break or refuses: written as an escape. Listed by code point,
 * because Unicode's own classes grow with the version of Node and the bytes must not.
 */
const HIDDEN =
  '[^\\t\\n -~\\u00a1-\\u00ac\\u00ae-\\u061b\\u061d-\\u180d\\u180f-\\u200a\\u2010-\\u2027\\u202f-\\u205f' +
  '\\u2070-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufff8\\ufffc\\ufffd\\u{10000}-\\u{dffff}\\u{e0080}-\\u{10ffff}]';
const UNFIT_FOR_BLOCK = new RegExp(HIDDEN, 'u');
const UNFIT_FOR_SINGLE_QUOTES = new RegExp(`[\\t\\n]|${HIDDEN}`, 'u');
const ESCAPED = new RegExp(`["\\\\\\t\\n]|${HIDDEN}`, 'gu');
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\t': '\\t', '\n': '\\n' };

/** Nothing at all, or a last line of white space only, which the `yaml` package loses in a block. */
const BLANK_END = /(?:^|\n)[ \t]+\n*$|^\n*$/;

/** A finite number, as every reader takes it for one. */
export function yamlNumber(value: number): string {
  const digits = String(value);
  // YAML 1.1 takes `1e+21` for text: an exponent needs a point before it.
  return digits.includes('e') && !digits.includes('.') ? digits.replace('e', '.0e') : digits;
}

/**
 * Text on one line: as it is where no reader minds, else in double quotes, or in single ones where those spare escapes.
 * Lone surrogates, which UTF-8 does not have, are escaped; the caller refuses them.
 */
export function yamlLine(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) {
    return text;
  }
  if (/["\\]/.test(text) && !UNFIT_FOR_SINGLE_QUOTES.test(text)) {
    return `'${text.replaceAll("'", "''")}'`;
  }
  return `"${text.replace(ESCAPED, escaped)}"`;
}

/** Text of several lines as a literal block whose lines begin with `indent`; any other text on one line. */
export function yamlText(text: string, indent: string): string {
  if (text.length <= SHORT) {
    return written(text, indent);
  }
  const key = `${indent.length} ${text}`;
  const known = blocks.get(key);
  if (known !== undefined) {
    return known;
  }
  if (blocks.size >= 1000) {
    blocks.clear();
  }
  const block = written(text, indent);
  blocks.set(key, block);
  return block;
}

/** Longest text that is written anew each time; longer ones are scripts, which many trees share. */
const SHORT = 200;

const blocks = new Map<string, string>();

function written(text: string, indent: string): string {
  if (!text.includes('\n') || BLANK_END.test(text) || UNFIT_FOR_BLOCK.test(text)) {
    return yamlLine(text);
  }
  // Readers find the indent by the first line; where that one starts with white space it must be said.
  const indicator = /^\n*[ \t]/.test(text) ? '2' : '';
  const lines = text.replace(/^(?=.)/gm, indent);
  if (!text.endsWith('\n')) {
    return `|${indicator}-\n${lines}`;
  }
  return `|${indicator}${text.endsWith('\n\n') ? '+' : ''}\n${lines.slice(0, -1)}`;
}

/** The escape of one character in double quotes. */
export function escaped(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) {
    return short;
  }
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}
