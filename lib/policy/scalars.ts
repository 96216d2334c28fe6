/** Names and list positions that lead to a value. */
export type Path = readonly (string | number)[];

/** A value that is no list and no plain object, where it was found. */
export interface Scalar {
  readonly value: unknown;
  readonly path: Path;
}

/**
 * The values of plain data that a test picks out. Lists are transparent to the test: it is given the name of the nearest
 * field and of the one around that, so that `value` within `env` can be told from other values.
 */
export function pickScalars(
  root: unknown,
  test: (value: unknown, field: string, around: string) => boolean,
): readonly Scalar[] {
  const path: (string | number)[] = [];
  let picked: Scalar[] = NONE;
  const walk = (value: unknown, field: string, around: string): void => {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        path.push(index);
        walk(value[index], field, around);
        path.pop();
      }
    } else if (isPlainObject(value)) {
      for (const key in value) {
        path.push(key);
        walk(value[key], key, field);
        path.pop();
      }
    } else if (test(value, field, around)) {
      picked = [...picked, { value, path: [...path] }];
    }
  };
  walk(root, '', '');
  return picked;
}

/** Nearly every object has nothing to pick, and shares this list. */
const NONE: Scalar[] = [];

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  // Only the root of all prototypes has none itself; each realm (a test runner's, a worker's) has its own.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
