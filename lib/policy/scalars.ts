/** Names and list positions that lead to a value. */
export type Path = readonly (string | number)[];

/** A value that is no list and no plain object, where it was found. */
export interface Scalar {
  readonly value: unknown;
  readonly path: Path;
}

/**
 * Picks a value out. Lists are transparent to it: it is given the name of the nearest field and of the one around that,
 * so that `value` within `env` can be told from other values.
 */
export type ScalarTest = (value: unknown, field: string, around: string) => boolean;

/** The values of plain data that a test picks out. */
export function pickScalars(root: unknown, test: ScalarTest): Scalar[] {
  // Nearly every object has nothing to pick: paths are made only for those that have.
  return holds(root, '', '', test) ? pick(root, [], '', '', test) : [];
}

function holds(value: unknown, field: string, around: string, test: ScalarTest): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (holds(value[index], field, around, test)) {
        return true;
      }
    }
    return false;
  }
  if (isPlainObject(value)) {
    for (const key in value) {
      if (holds(value[key], key, field, test)) {
        return true;
      }
    }
    return false;
  }
  return test(value, field, around);
}

function pick(value: unknown, path: Path, field: string, around: string, test: ScalarTest): Scalar[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => pick(item, [...path, index], field, around, test));
  }
  if (isPlainObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => pick(item, [...path, key], key, field, test));
  }
  return test(value, field, around) ? [{ value, path }] : [];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  // Only the root of all prototypes has none itself; each realm (a test runner's, a worker's) has its own.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}
