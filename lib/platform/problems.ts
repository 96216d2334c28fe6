import type { z } from 'zod';

/**
 * What a schema refuses in a value, a line each: place, path, value, what is wrong and the way out.
 *
 * @param place where the value was written, e.g. `platforms/school-platform/images.yaml`
 */
export function problemsOf(schema: z.ZodType, value: unknown, place: string): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.flatMap((issue) => issueLines(issue, value, place));
}

/** Throws one Error that lists all problems, or does nothing when there are none. */
export function refuse(problems: readonly string[]): void {
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
}

function issueLines(issue: z.core.$ZodIssue, root: unknown, place: string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${place}: ${dotted([...issue.path, key])} is not known here; remove it or correct its name`,
    );
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((each) => `${place}: ${dotted(issue.path)} is not a name for this; ${wayOut(each)}`);
  }
  const received = valueAt(root, issue.path);
  const what = received === undefined ? 'is missing' : `is ${shown(received)}`;
  return [`${place}: ${dotted(issue.path)} ${what}; ${wayOut(issue)}`];
}

/** A value as JSON, also what JSON has no words for: it may be what is wrong, and YAML's anchors can make circles. */
function shown(value: unknown): string {
  const around: unknown[] = [];
  const text = JSON.stringify(value, function (this: unknown, _key, each: unknown) {
    while (around.length > 0 && around.at(-1) !== this) {
      around.pop();
    }
    if (typeof each !== 'object' || each === null) {
      return wordFor(each) ?? each;
    }
    return around.includes(each) ? '…' : around[around.push(each) - 1];
  });
  return wordFor(value) ?? text;
}

/** How a value is named that JSON would leave out, refuse or take for null. */
function wordFor(value: unknown): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') {
    return `a ${typeof value}`;
  }
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? String(value)
    : undefined;
}

function wayOut(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    return `write a value of type ${issue.expected}`;
  }
  if (issue.code === 'invalid_value') {
    return `write one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  return issue.message;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the document' : path.map(String).join('.');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}
