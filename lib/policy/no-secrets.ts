import { defineRule, type Report } from './define-rule';
import type { Strings } from './objects';
import type { Where } from './place';
import { isPlaceholder } from './secret-patterns';
import { leakOf } from './suspects';
import type { TreeView } from './tree-view';

/** Names of variables and keys whose value is a secret: `DB_PASSWORD`, `API_KEY`, `token`, `clientSecret`. */
const SECRET_NAME = /(^|[^a-zA-Z])(PASSWD|SECRET|TOKEN|(API|ACCESS|PRIVATE)?KEY)$|PASSWORD$/i;
const SECRET_CAMEL_NAME = /[a-z](Secret|Token|(Api|Access|Private)Key)$/;

/** Names that end so and are public by their nature. */
const PUBLIC_NAME = /public|publishable/i;

/** Values that say where a secret is (a path), or whether there is one. */
const HARMLESS_VALUE = /^(true|false|yes|no|on|off|\.{0,2}(\/[\w.@-]+)+\/?)?$/i;

const WAY_OUT = 'put it into a Secret of the contract and reference it';

/**
 * Nothing secret leaves synth: no Secret with data, no value of a secret's form anywhere, no literal under a name such
 * as `DB_PASSWORD`. What was committed once is known for good, so this rule has no exceptions, and its messages show
 * four characters at most.
 */
export const noSecrets = defineRule('no-secrets', checkTree, { absolute: true });

function checkTree(view: TreeView, report: Report): void {
  for (const { where, path, leak } of view.suspects) {
    if (leak !== undefined) {
      report(where, `${path.join('.')} holds a ${leak.kind}: ${masked(leak.secret)}`, WAY_OUT);
    }
  }
  for (const where of view.ofKind('Secret')) {
    const keys = Object.keys({ ...(where.manifest.data ?? {}), ...(where.manifest.stringData ?? {}) });
    if (keys.length > 0) {
      report(where, `it holds data (${keys.join(', ')})`, 'render no Secret: people write them, encrypted with SOPS');
    }
  }
  for (const where of view.ofKind('ConfigMap')) {
    for (const [key, value] of Object.entries((where.manifest.data ?? {}) as Strings)) {
      checkNamed(where, `data.${key}`, key, value, report);
    }
  }
  for (const pod of view.pods) {
    for (const { name: container, env = [] } of pod.containers) {
      for (const { name, value } of env) {
        checkNamed(pod, `env ${name} of container "${container}"`, name, value, report);
      }
    }
  }
}

function checkNamed(where: Where, field: string, name: string, value: unknown, report: Report): void {
  if (typeof value !== 'string' || PUBLIC_NAME.test(name) || HARMLESS_VALUE.test(value) || isPlaceholder(value)) {
    return;
  }
  // What has the form of a secret is reported for that already.
  if ((SECRET_NAME.test(name) || SECRET_CAMEL_NAME.test(name)) && leakOf(value) === undefined) {
    report(where, `${field} is named like a secret and holds the literal ${masked(value)}`, WAY_OUT);
  }
}

/** At most a third of a secret, and never more than four characters. */
function masked(secret: string): string {
  return `"${secret.slice(0, Math.min(4, Math.floor(secret.length / 3)))}…"`;
}
