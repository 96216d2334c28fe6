import type { Manifest } from '../platform/manifest';
import type { Where } from './place';
import type { Placed } from './pods';
import { pickScalars, type Scalar } from './scalars';
import { findLeak, type Leak } from './secret-patterns';

/** A value that rules look at closer, and the object that holds it. */
export interface Suspect extends Scalar {
  readonly where: Where;
  /** The secret that a text gives away. @default - none: the value is no plain data, or no text where text is due */
  readonly leak: Leak | undefined;
}

/** Anything beside what nearly all texts are made of; it is searched much faster than what follows. */
const UNUSUAL = /[^ -~\n]/;

/** Control characters that a file of text does not have, and halves of surrogate pairs. */
const NOT_TEXT = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** Fields of which every value is text by the API, where YAML invites numbers and booleans. */
const TEXT_FIELDS = new Set(['annotations', 'labels', 'matchLabels', 'nodeSelector']);

/** Longest text that is looked at anew each time; longer ones are scripts, which many trees share. */
const SHORT = 200;

/**
 * All values of a tree that give away a secret or would not be read back as they are, found in one walk that
 * `no-secrets` and `plain-scalars` share: walking the data is what costs.
 */
export function suspectsOf(objects: readonly Placed[], flux: readonly Manifest[]): Suspect[] {
  const layer = { name: 'flux' };
  return [
    ...objects.flatMap((placed) => suspectsIn(placed, placed.manifest)),
    ...flux.flatMap((manifest) => suspectsIn({ layer, manifest }, manifest)),
  ];
}

/** What a text gives away; a long one is searched once. */
export function leakOf(text: string): Leak | undefined {
  return text.length <= SHORT ? findLeak(text) : aboutLong(text).leak;
}

/** The first character of a text that is none. */
export function strayCharacter(text: string): string | undefined {
  return text.length <= SHORT ? strayIn(text) : aboutLong(text).stray;
}

function suspectsIn(where: Where, manifest: Manifest): Suspect[] {
  const isConfig = manifest.kind === 'ConfigMap';
  const isSecret = manifest.kind === 'Secret';
  const picked = pickScalars(manifest, (value, field, around) => {
    if (typeof value === 'string') {
      return (!isSecret && leakOf(value) !== undefined) || strayCharacter(value) !== undefined;
    }
    if (typeof value !== 'boolean' && !Number.isFinite(value)) {
      return true;
    }
    return (
      TEXT_FIELDS.has(around) ||
      (isConfig && (around === 'data' || around === 'binaryData')) ||
      (around === 'env' && field === 'value')
    );
  });
  return picked.map(({ value, path }) => ({
    where,
    value,
    path,
    leak: typeof value === 'string' && !isSecret ? leakOf(value) : undefined,
  }));
}

function strayIn(text: string): string | undefined {
  return UNUSUAL.test(text) ? NOT_TEXT.exec(text)?.[0] : undefined;
}

/** What is known of a long text. */
interface Known {
  readonly leak: Leak | undefined;
  readonly stray: string | undefined;
}

const known = new Map<string, Known>();

function aboutLong(text: string): Known {
  const found = known.get(text);
  if (found !== undefined) {
    return found;
  }
  if (known.size >= 1000) {
    known.clear();
  }
  const about = { leak: findLeak(text), stray: strayIn(text) };
  known.set(text, about);
  return about;
}
