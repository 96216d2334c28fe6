import { killGroup, type Running } from '../support/process';
import type { Commands } from './commands';

/** A program that runs until it is left, and what it has printed. */
export class Follower {
  readonly #running: Running;
  #text = '';

  /** @param read gets each piece of text as it comes. @default - nobody */
  public constructor(
    commands: Commands,
    program: string,
    args: readonly string[],
    read: (text: string) => void = () => undefined,
  ) {
    this.#running = commands.start(program, args);
    this.#running.process.stdout?.on('data', (text: string) => {
      this.#text += text;
      read(text);
    });
  }

  /** Everything until now. */
  public get text(): string {
    return this.#text;
  }

  /** The whole lines until now. */
  public lines(): string[] {
    return this.#text.split('\n').slice(0, -1);
  }

  /** Ends the program and all it started. */
  public async leave(): Promise<void> {
    killGroup(this.#running.process, 'SIGTERM');
    await this.#running.finished;
  }
}
