/** What a text gives away. */
export interface Leak {
  /** Words for the kind of secret, e.g. `private key (PEM)`. */
  readonly kind: string;
  /** The secret itself, never to be printed in full. */
  readonly secret: string;
}

/** Forms of secrets that can be told from any other text. */
const FORMS: readonly { readonly kind: string; readonly pattern: RegExp }[] = [
  { kind: 'private key (PEM)', pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/ },
  { kind: 'age key', pattern: /AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]{8,}/ },
  { kind: 'AWS access key', pattern: /\bAKIA[0-9A-Z]{16}\b/ },
  { kind: 'Stripe key', pattern: /\b[sr]k_live_[0-9A-Za-z]{8,}/ },
  { kind: 'Stripe webhook secret', pattern: /\bwhsec_[0-9A-Za-z+/=]{16,}/ },
  { kind: 'JSON Web Token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/ },
  { kind: 'Slack token', pattern: /\bxox[abeoprs]-[0-9A-Za-z-]{10,}/ },
  { kind: 'GitHub token', pattern: /\b(gh[opsur]_[0-9A-Za-z]{30,}|github_pat_\w{30,})/ },
  { kind: 'GitLab token', pattern: /\bglpat-[\w-]{16,}/ },
  { kind: 'webhook URL', pattern: /hooks\.slack(-gov)?\.com\/(services|workflows|triggers)\/[0-9A-Za-z]\S*/ },
  { kind: 'webhook URL', pattern: /discord(app)?\.com\/api\/webhooks\/[0-9A-Za-z]\S*/ },
];

/** A piece of each form and of URLs: a text without any of them is passed over at once. */
const HINT =
  /PRIVATE KEY|AGE-SECRET|AKIA|k_live_|whsec_|eyJ|xox|gh[opsur]_|github_pat_|glpat-|hooks\.slack|\/webhooks\/|:\/\//;

/** Length of the shortest form, `sk_live_` and eight characters; only URLs with a password are shorter. */
const SHORTEST = 16;

/** Characters of base64 in a row, of both alphabets, long enough for the shortest form. */
const BASE64 = /[\w+/-]{20,}/g;

/** A value that stands for another one: `$(VAR)`, `${VAR}`, `$VAR`, `<password>`, `{{ … }}`, `{password}`, `%s`, `***`. */
const PLACEHOLDER = /^(\$[({A-Za-z_]|<|\{\{|\{\w+\}$|%[s(]|\*+$|\.\.\.|…)/;

/** The first secret in a text, in the clear or in base64. */
export function findLeak(text: string): Leak | undefined {
  return text.length < SHORTEST ? findUrlPassword(text) : (findPlain(text) ?? findEncoded(text));
}

/** Whether a value only says where the real one is. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value);
}

function findPlain(text: string): Leak | undefined {
  if (!HINT.test(text)) {
    return undefined;
  }
  for (const { kind, pattern } of FORMS) {
    const secret = pattern.exec(text)?.[0];
    if (secret !== undefined) {
      return { kind, secret };
    }
  }
  return findUrlPassword(text);
}

function findUrlPassword(text: string): Leak | undefined {
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 1)) {
    const password = /^[^\s/:@'"`]*:([^\s/@'"`]+)@/.exec(text.slice(at + 3, at + 403))?.[1];
    if (password !== undefined && !isPlaceholder(password)) {
      return { kind: 'URL with a password', secret: password };
    }
  }
  return undefined;
}

function findEncoded(text: string): Leak | undefined {
  for (const token of text.match(BASE64) ?? []) {
    // Names are of this form too, but in lower case throughout, which encoded text never is.
    const leak = /[A-Z]/.test(token) ? findPlain(Buffer.from(token, 'base64').toString('latin1')) : undefined;
    if (leak !== undefined) {
      return { kind: `${leak.kind} in base64`, secret: token };
    }
  }
  return undefined;
}
