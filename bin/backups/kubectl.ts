import { type ChildProcessByStdio, type StdioOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CommandFailure } from './command-failure';

/** How kubectl ended and what it printed. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  /** What it said, and by which signal it was ended. */
  readonly stderr: string;
  /** Whether a signal ended it. */
  readonly killed: boolean;
}

/** Options of a call. */
export interface CallOptions {
  /** Text for standard input. */
  readonly input?: string;
  /** Whether a sign-in plugin of the kubeconfig may talk to the user now. @default false */
  readonly signIn?: boolean;
}

/** A server that does not answer for this time is not reachable. */
const REQUEST_TIMEOUT = '--request-timeout=20s';

/** A call has a few requests; one that takes longer waits for something else. */
const LONGEST_CALL_MS = 60_000;

/** kubectl as a child process, for good with one context: a switch in another terminal changes nothing here. */
export class Kubectl {
  /** kubectl with the context that is the current one now. */
  public static async withCurrentContext(): Promise<Kubectl> {
    const { code, stdout, stderr, killed } = await call(['config', 'current-context'], {});
    if (killed) {
      // Without its answer every call would go to whatever context is current then.
      throw new CommandFailure(3, stderr);
    }
    return new Kubectl(code === 0 ? stdout.trim() : undefined);
  }

  private constructor(private readonly contextName: string | undefined) {}

  /** What the user knows the cluster by. */
  public get context(): string {
    return this.contextName === undefined ? 'a kubeconfig without current context' : `context "${this.contextName}"`;
  }

  /** Runs kubectl; a non-zero exit is a value. */
  public run(args: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return call([...this.contextArgs, REQUEST_TIMEOUT, ...args], options);
  }

  /**
   * Standard output of kubectl.
   *
   * @throws CommandFailure with status 1 when the cluster refused, with 3 when it did not answer
   */
  public async output(args: readonly string[], options: CallOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) {
      const words = stderr.trim() || `kubectl ${args[0]} ended with ${code}`;
      throw new CommandFailure(
        words.includes('Error from server') ? 1 : 3,
        `the cluster of ${this.context} said: ${words}`,
      );
    }
    return stdout;
  }

  /** Starts kubectl for as long as it runs, such as `logs --follow`. */
  public start(args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    return spawn('kubectl', [...this.contextArgs, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  }

  private get contextArgs(): string[] {
    return this.contextName === undefined ? [] : [`--context=${this.contextName}`];
  }
}

function call(args: readonly string[], { input, signIn = false }: CallOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // A sign-in plugin prints where to go in the browser: shown at once, so not repeated in an error.
    const stdio: StdioOptions = signIn
      ? ['inherit', 'pipe', 'inherit']
      : [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
    const child = spawn('kubectl', args, { stdio });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    let late = false;
    // People who sign in take their time; everywhere else a sign-in plugin may wait for somebody who sees nothing of it.
    const limit = signIn
      ? undefined
      : setTimeout(() => {
          late = true;
          child.kill();
          // A plugin goes on and has the pipes still.
          child.stdout?.destroy();
          child.stderr?.destroy();
        }, LONGEST_CALL_MS);
    child.on('error', (error) => {
      clearTimeout(limit);
      reject(notStarted(error));
    });
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const ended = signal === null ? '' : `kubectl was ended by ${signal}`;
      const end = late ? `kubectl did not end within ${LONGEST_CALL_MS / 1000} s; does it wait for a login?` : ended;
      resolve({ code: code ?? 1, stdout, stderr: stderr + end, killed: signal !== null });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function notStarted(error: Error): CommandFailure {
  return 'code' in error && error.code === 'ENOENT'
    ? new CommandFailure(3, 'kubectl is not in PATH; install it: https://kubernetes.io/docs/tasks/tools/')
    : new CommandFailure(3, `kubectl cannot be started: ${error.message}`);
}
