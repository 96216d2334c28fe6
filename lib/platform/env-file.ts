import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { problemsOf, refuse } from './problems';

/** What people write where a value has still to be filled in. */
const PLACEHOLDER = /^(change[-_ ]?me|replace[-_ ]?me|todo|fixme|tbd|x{3,}|your[-_ ].*|<.*>|\.{3}|placeholder)$/i;

const LINE = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/s;

/**
 * A value of which a shell and `parseEnv` make the same: all of it in quotes, or none of it; a comment after a blank.
 * Of others `parseEnv` keeps a part without a word: what stands before a `#` or between the first two quotes, also when
 * the second is on a later line.
 */
const VALUE = /^ *(?:"[^"\r]*"|'[^'\r]*'|`[^`\r]*`|[^\s"'`#](?:[^\t\r#]*[^\s#])?)?(?: +#.*| *)$/;

/** What an env file must be like. */
export interface EnvFileProps<Shape extends z.ZodRawShape> {
  /** Absolute path of the file. */
  readonly path: string;
  /** How messages name it, such as `platforms/shop/prod.env`. */
  readonly place: string;
  /** Schema of each variable; others are refused. */
  readonly variables: Shape;
  /** Variables that make sense together only: all of a group have a value, or none. @default - none */
  readonly allOrNone?: readonly (readonly (keyof Shape & string)[])[];
}

/**
 * The variables of an env file, one `NAME=value` a line, `#` before comments, quotes as a shell reads them. Variables
 * without a value are left out.
 *
 * @throws one Error with every problem: place, variable, value and the way out
 */
export function readEnvFile<Shape extends z.ZodRawShape>(props: EnvFileProps<Shape>): Readonly<Record<string, string>> {
  const text = readFileSync(props.path, 'utf8');
  const parsed = parseEnv(text);
  const all = Object.entries(parsed).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const values = Object.fromEntries(all.filter(([, value]) => value !== ''));
  refuse([
    ...lineProblems(text, parsed, props.place),
    ...problemsOf(z.strictObject(props.variables), values, props.place),
    ...Object.entries(values)
      .filter(([, value]) => PLACEHOLDER.test(value))
      .map(([name, value]) => `${props.place}: ${name} is "${value}"; write its value, or leave it empty`),
    ...(props.allOrNone ?? []).flatMap((group) => groupProblem(group, values, props.place)),
  ]);
  return values;
}

/** `parseEnv` passes over a line that it does not understand, and takes the last of two. */
function lineProblems(text: string, parsed: NodeJS.Dict<string>, place: string): string[] {
  const seen = new Set<string>();
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) {
      return [];
    }
    const [, name, value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) {
      return [`${place}: line ${index + 1} is ${JSON.stringify(line)}; write NAME=value on one line`];
    }
    const problems = seen.has(name) ? [`${place}: line ${index + 1} sets ${name} again; keep one of the two`] : [];
    seen.add(name);
    if (!VALUE.test(value)) {
      problems.push(
        `${place}: line ${index + 1} gives ${name} ${JSON.stringify(value)}; ` +
          'put all of the value into quotes that it does not hold itself, and a blank before the # of a comment',
      );
    } else if (name === '__proto__' && !Object.hasOwn(parsed, name)) {
      problems.push(`${place}: ${name} is not known here; remove it or correct its name`);
    }
    return problems;
  });
}

function groupProblem(group: readonly string[], values: Readonly<Record<string, string>>, place: string): string[] {
  const missing = group.filter((name) => values[name] === undefined);
  if (missing.length === 0 || missing.length === group.length) {
    return [];
  }
  const present = group.filter((name) => values[name] !== undefined);
  return [
    `${place}: ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no value but ${present.join(', ')} ${present.length === 1 ? 'has' : 'have'}; fill in all of them or none`,
  ];
}
