import type { Figures } from './context';
import { secondsSince } from './waiting';

/** How one scenario ended. */
export interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly figures: Figures;
}

/** What the person in front of it reads while it runs, and the table at its end. */
export class Progress {
  readonly #begun = performance.now();

  /** A line with the time since the start. */
  public say(text: string): void {
    process.stdout.write(`${String(secondsSince(this.#begun).toFixed(1)).padStart(7)} s  ${text}\n`);
  }

  /** What was changed in `dist`, or beside it, for this run. */
  public changes(changes: readonly string[]): void {
    this.say('differs from dist as it is committed, for this test only:');
    for (const change of changes) {
      process.stdout.write(`             - ${change}\n`);
    }
  }

  /** An error that ended the run or a scenario. */
  public fail(error: unknown): void {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }

  /** The table: scenario, result, seconds, figures. */
  public table(results: readonly Result[]): void {
    const total = secondsSince(this.#begun);
    process.stdout.write('\n| scenario | result | seconds | figures |\n|---|---|---:|---|\n');
    for (const { name, passed, seconds, figures } of results) {
      const words = Object.entries(figures).map(([what, figure]) => `${what}: ${figure}`);
      process.stdout.write(`| ${name} | ${passed ? 'passed' : 'FAILED'} | ${seconds} | ${words.join('; ')} |\n`);
    }
    const failed = results.filter(({ passed }) => !passed).length;
    process.stdout.write(`\n${results.length} scenarios, ${failed} failed, ${total} s with the cluster\n`);
  }
}
