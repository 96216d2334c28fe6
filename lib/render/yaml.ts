import { escaped, yamlLine, yamlNumber, yamlText } from './yaml-text';

/** These keys say what an object is, so they come first wherever they occur; the others follow in code-unit order. */
const LEADING_KEYS = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'] as const;
const LEADING = new Set<string>(LEADING_KEYS);

/** Characters from which a key takes the explicit form `? key`: readers give up on an ordinary one at 1,024. */
const LONG_KEY = 1000;

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Writes one Kubernetes object as one YAML document: no `---`, one newline at the end (a last text that itself ends in
 * several newlines keeps them).
 *
 * Every key and scalar reads back the same in YAML 1.1 (PyYAML), go-yaml v2 and v3 (kubectl, Flux) and YAML 1.2.
 * `apiVersion`, `kind`, `metadata`, `name` and `namespace` come first at every level, other keys in code-unit order,
 * lists as given. Text of several lines is a literal block, unless it holds characters that a reviewer could not see
 * or ends in a line of white space only. As in JSON, a key whose value is `undefined` is left out and -0 is 0.
 *
 * js-yaml's `dump` takes three times as long, before anything is checked or ordered, writes `0O17` so that go-yaml
 * reads 15, and puts a script with a tab on one line.
 *
 * @throws Error that lists every value which YAML cannot carry, with its path: `undefined` in a list, functions,
 * symbols, bigints, NaN, infinities, class instances (Date too), text with a lone surrogate, an object inside itself
 */
export function toYaml(object: object): string {
  return new Writer().document(object);
}

/** One pass over an object that checks, orders and writes; a walk per concern would cost as much again. */
class Writer {
  /** Joined once, at the end: a text grown by `+=` keeps every piece in memory until somebody reads it. */
  private readonly pieces: string[] = [];
  private readonly path: (string | number)[] = [];
  private readonly ancestors: unknown[] = [];
  private readonly problems: string[] = [];

  public document(root: object): string {
    if (isPlainObject(root)) {
      this.ancestors.push(root);
      this.map(root, '', '');
    } else {
      this.problem('only an object with keys can be a Kubernetes object');
    }
    if (this.problems.length > 0) {
      throw new Error(`${titleOf(root)} cannot be written as YAML:\n${this.problems.join('\n')}`);
    }
    this.pieces.push('\n');
    return this.pieces.join('');
  }

  /** Writes a value behind `key:` or, `inList`, behind `-`; `indent` is that of the key or dash. */
  private value(value: unknown, indent: string, inList: boolean): void {
    switch (typeof value) {
      case 'string':
        this.pieces.push(` ${this.checked(value, yamlText(value, `${indent}  `))}`);
        return;
      case 'boolean':
        this.pieces.push(value ? ' true' : ' false');
        return;
      case 'number':
        if (!Number.isFinite(value)) {
          this.problem(`${value} is not a number that JSON can carry; give a finite one`);
        }
        this.pieces.push(` ${yamlNumber(value)}`);
        return;
      case 'object':
        if (value === null) {
          this.pieces.push(' null');
        } else {
          this.collection(value, `${indent}  `, inList);
        }
        return;
      case 'undefined':
        this.problem('undefined in a list; leave the item out');
        return;
      default:
        this.problem(`a ${typeof value} is not data; give text, a number, true, false, null, a list or a plain object`);
    }
  }

  private collection(value: object, indent: string, inList: boolean): void {
    if (this.ancestors.includes(value)) {
      this.problem('contains itself; give a copy without the circle');
      return;
    }
    this.ancestors.push(value);
    const lead = inList ? ' ' : `\n${indent}`;
    if (Array.isArray(value)) {
      this.list(value, indent, lead);
    } else if (isPlainObject(value)) {
      this.map(value, indent, lead);
    } else {
      const name: unknown = value.constructor?.name;
      this.problem(`an instance of ${String(name)} is not plain data; give its text, number or a plain object`);
    }
    this.ancestors.pop();
  }

  private list(list: readonly unknown[], indent: string, lead: string): void {
    if (list.length === 0) {
      this.pieces.push(' []');
    }
    for (let index = 0; index < list.length; index++) {
      this.path.push(index);
      this.pieces.push(index === 0 ? `${lead}-` : `\n${indent}-`);
      this.value(list[index], indent, true);
      this.path.pop();
    }
  }

  private map(map: Readonly<Record<string, unknown>>, indent: string, lead: string): void {
    let before = lead;
    let empty = true;
    for (const key of orderedKeys(map)) {
      const value = map[key];
      if (value === undefined) {
        continue;
      }
      this.path.push(key);
      const written = this.checked(key, yamlLine(key));
      this.pieces.push(written.length < LONG_KEY ? `${before}${written}:` : `${before}? ${written}\n${indent}:`);
      this.value(value, indent, false);
      this.path.pop();
      before = `\n${indent}`;
      empty = false;
    }
    if (empty) {
      this.pieces.push(indent === '' ? '{}' : ' {}');
    }
  }

  /** Passes written text on and refuses what UTF-8 cannot carry; that is never written without double quotes. */
  private checked(text: string, written: string): string {
    const lone = written.startsWith('"') ? LONE_SURROGATE.exec(text) : null;
    if (lone !== null) {
      this.problem(`lone surrogate ${escaped(lone[0])} at character ${lone.index + 1}; give well-formed Unicode text`);
    }
    return written;
  }

  private problem(what: string): void {
    this.problems.push(this.path.length === 0 ? what : `${pathText(this.path)}: ${what}`);
  }
}

function orderedKeys(map: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(map).sort();
  const leading = LEADING_KEYS.filter((key) => Object.hasOwn(map, key));
  return leading.length === 0 ? keys : [...leading, ...keys.filter((key) => !LEADING.has(key))];
}

/** Whether a value is an object literal or the like; by prototypes, so that objects of another realm count too. */
function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (!Array.isArray(value) && Object.getPrototypeOf(prototype) === null);
}

/** `spec.containers[0].args`, with quotes around what would not read as a name. */
function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step) => {
      if (typeof step === 'number') {
        return `[${step}]`;
      }
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** `ConfigMap school/settings`, as far as the object says it. */
function titleOf(object: object): string {
  const { kind, metadata } = object as { kind?: unknown; metadata?: { namespace?: unknown; name?: unknown } | null };
  const name = [metadata?.namespace, metadata?.name].filter((part) => typeof part === 'string').join('/');
  return [typeof kind === 'string' ? kind : 'object', name].filter((part) => part !== '').join(' ');
}
