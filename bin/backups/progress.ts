import { plainText } from './plain-text';

/** Where progress is written: standard error, or a test's own stream. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that tells what is going on and for how long: rewritten on a terminal, a new line at each change elsewhere. */
export class Progress {
  #begun = performance.now();
  #shown: string | undefined;

  public constructor(private readonly stream: ProgressStream) {}

  /** Counts the time from now on. */
  public restart(): void {
    this.#begun = performance.now();
    this.#shown = undefined;
  }

  /** Shows what is going on. */
  public show(text: string): void {
    const line = `${Math.floor((performance.now() - this.#begun) / 1000)} s  ${plainText(text)}`;
    if (this.stream.isTTY) {
      // A terminal that does not know its width says 0.
      const columns = this.stream.columns || 80;
      this.stream.write(`\r\u001b[K${line.length < columns ? line : `${line.slice(0, columns - 2)}…`}`);
    } else if (text !== this.#shown) {
      this.stream.write(`${line}\n`);
    }
    this.#shown = text;
  }

  /** Takes the line away, so that something else can be printed. */
  public clear(): void {
    if (this.stream.isTTY && this.#shown !== undefined) {
      this.stream.write('\r\u001b[K');
      this.#shown = undefined;
    }
  }
}
