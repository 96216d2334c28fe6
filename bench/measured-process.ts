import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** What a process took, seen from outside. */
export interface ProcessCost {
  /** Wall time from the start to the exit. */
  readonly seconds: number;
  /** Largest resident memory; `undefined` where there is no `/proc`. */
  readonly peakMiB: number | undefined;
}

/** Milliseconds between two looks at the memory; what a process allocates after the last one is not seen. */
const SAMPLE_EVERY = 5;

/**
 * Runs a program to its end, its standard output in a file.
 *
 * @throws Error when it cannot be started or does not exit with 0
 */
export function measure(
  program: string,
  args: readonly string[],
  output: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessCost> {
  const descriptor = openSync(output, 'w');
  return new Promise<ProcessCost>((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', descriptor, 'inherit'] });
    let peakMiB: number | undefined;
    const timer = setInterval(() => {
      peakMiB = residentPeak(child.pid) ?? peakMiB;
    }, SAMPLE_EVERY);
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('exit', (code, signal) => {
      clearInterval(timer);
      if (code === 0) {
        resolve({ seconds: (performance.now() - start) / 1000, peakMiB });
      } else {
        reject(new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}`));
      }
    });
  }).finally(() => closeSync(descriptor));
}

/**
 * The peak that Linux keeps for a running process. getrusage(2) would not do for a child: it counts what the parent
 * held when it forked.
 */
function residentPeak(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  } catch {
    return undefined;
  }
}
