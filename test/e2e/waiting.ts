/** Limits of `waitFor`. */
export interface WaitOptions {
  /** The test's own end. */
  readonly signal: AbortSignal;
  readonly seconds: number;
  /** Time between two looks, in milliseconds. @default 300 */
  readonly every?: number;
}

/**
 * Looks again and again until there is a value. An error of the look counts as "not yet": the API server may be busy.
 *
 * @throws after the time, with what was waited for and the last error; at once when the test is stopped
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined>,
  { signal, seconds, every = 300 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let last = '';
  while (true) {
    signal.throwIfAborted();
    try {
      const value = await look();
      if (value !== undefined) {
        return value;
      }
      last = '';
    } catch (error) {
      last = `; the last look: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${seconds} s in vain until ${what}${last}`);
    }
    await pause(every);
  }
}

/** Longest text of what was seen instead. */
const LONGEST = 3_000;

/** Checks one fact of a scenario. @throws with the fact in words */
export function expect(fact: string, holds: boolean, seen: unknown): void {
  if (!holds) {
    const text = typeof seen === 'string' ? seen.trim() : JSON.stringify(seen);
    throw new Error(`expected that ${fact}; seen: ${text.slice(0, LONGEST)}`);
  }
}

/** Seconds since a moment of `performance.now()`, with one decimal. */
export function secondsSince(begun: number): number {
  return Math.round((performance.now() - begun) / 100) / 10;
}

/** Between two looks at a condition. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
