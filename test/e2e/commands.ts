import { type Finished, killGroup, type Running, start } from '../support/process';

/** How one command runs. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Text for standard input. @default - none */
  readonly input?: string;
  /** The command is killed after this time. @default 120 */
  readonly seconds?: number;
}

/** Runs programs that end with the test: on Ctrl-C, at the overall deadline and at their own limit. */
export class Commands {
  /**
   * @param signal aborts every command that runs and refuses new ones
   * @param env environment of every command
   */
  public constructor(
    public readonly signal: AbortSignal,
    public readonly env: Readonly<Record<string, string | undefined>> = process.env,
  ) {}

  /** The same with more environment. */
  public with(env: Readonly<Record<string, string>>): Commands {
    return new Commands(this.signal, { ...this.env, ...env });
  }

  /** Starts a program in its own process group, without a limit. */
  public start(program: string, args: readonly string[], options: CommandOptions = {}): Running {
    this.signal.throwIfAborted();
    const running = start(program, args, { env: { ...this.env }, cwd: options.cwd, input: options.input });
    const kill = () => killGroup(running.process, 'SIGKILL');
    this.signal.addEventListener('abort', kill);
    const finished = running.finished.finally(() => this.signal.removeEventListener('abort', kill));
    // Nobody may be waiting when the program cannot be started at all; whoever waits later still gets the error.
    finished.catch(() => undefined);
    return { process: running.process, finished };
  }

  /**
   * Runs a program to its end; a non-zero exit is a value.
   *
   * @throws at its limit, and when the test is stopped
   */
  public async run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
    const limit = options.seconds ?? 120;
    const running = this.start(program, args, options);
    let late = false;
    // Only a limit: what is awaited is the program's end.
    const timer = setTimeout(() => {
      late = true;
      killGroup(running.process, 'SIGKILL');
    }, limit * 1000);
    const finished = await running.finished.finally(() => clearTimeout(timer));
    this.signal.throwIfAborted();
    if (late) {
      throw new Error(`${line(program, args)} was killed after ${limit} s: ${finished.stderr.trim()}`);
    }
    return finished;
  }

  /**
   * Standard output of a program.
   *
   * @throws when it fails, with what it said
   */
  public async output(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(program, args, options);
    if (code !== 0) {
      throw new Error(
        `${line(program, args)} ended with ${code ?? signal}: ${`${stderr.trim()}\n${stdout.trim()}`.trim()}`,
      );
    }
    return stdout;
  }
}

function line(program: string, args: readonly string[]): string {
  const text = [program, ...args].join(' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
