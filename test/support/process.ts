import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a command ended and what it printed. */
export interface Finished {
  /** Exit status, `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall time in milliseconds. */
  readonly milliseconds: number;
}

/** Options of `start` and `run`. */
export interface RunOptions {
  /** The whole environment of the command; `PATH` is added when absent. Nothing else of the test's own leaks in. */
  readonly env?: Record<string, string | undefined>;
  readonly cwd?: string;
  /** Text for standard input. */
  readonly input?: string;
  /** Run as the `postgres` user when the test itself runs as root (PostgreSQL refuses root). */
  readonly unprivileged?: boolean;
}

/** A started command: its process, and the promise of its end. */
export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** Starts a command in its own process group, so that `killGroup` reaches its children too. */
export function start(command: string, args: readonly string[], options: RunOptions = {}): Running {
  const [program, ...rest] =
    options.unprivileged && process.getuid?.() === 0
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--', command, ...args]
      : [command, ...args];
  const begun = performance.now();
  const child = spawn(program as string, rest, {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env.PATH, ...options.env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - begun }),
    );
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return { process: child, finished };
}

/** Runs a command to its end; a non-zero exit is a value, not an exception. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return start(command, args, options).finished;
}

/** Sends a signal to a started command and to every process it started. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, signal);
  }
}

/** A new folder that the `postgres` user may enter and write to; removed by `removeFolder`. */
export async function scratchFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-'));
  if (process.getuid?.() === 0) {
    await run('chown', ['postgres:postgres', folder]);
  }
  return folder;
}

/** Copies a file or folder to where the `postgres` user can read it (a clone below a private home cannot be entered). */
export function readableCopy(source: string, folder: string, name: string): string {
  const target = join(folder, name);
  cpSync(source, target, { recursive: true, dereference: true });
  return target;
}

/** Removes a folder that `scratchFolder` made. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Awaits a condition, looking every 20 ms, and less often when looking takes long: a look that starts psql would keep a
 * core busy. Throws with `what` after `milliseconds`.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  milliseconds = 30_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const begun = performance.now();
    if (await condition()) {
      return;
    }
    const ended = performance.now();
    if (ended > deadline) {
      throw new Error(`waited ${milliseconds} ms in vain until ${what}`);
    }
    const pause = Math.max(20, 2 * (ended - begun));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
