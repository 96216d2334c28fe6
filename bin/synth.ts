import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type FolderUpdate, updateFiles, updateFolder } from '../lib/render/update-folder';

const PROJECT = resolve(__dirname, '..');

/** What asks a program to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Lets `cdk8s synth`, which empties its output folder before it runs the program, write to a scratch folder, and then
 * brings the project's files up to date by content: when synth fails, they stay as they were.
 *
 * @returns the exit status
 */
export async function synth(): Promise<number> {
  let cdk8s: ChildProcess | undefined;
  for (const signal of SIGNALS) {
    process.once(signal, () => killAll(cdk8s, signal));
  }
  const scratch = mkdtempSync(join(tmpdir(), 'mooring-synth-'));
  try {
    cdk8s = startCdk8s(join(scratch, 'dist'), join(scratch, 'project'));
    const status = await statusOf(cdk8s);
    if (status !== 0) {
      process.stderr.write('synth failed; dist is as it was\n');
      return status;
    }
    report('dist', updateFolder({ from: join(scratch, 'dist'), to: join(PROJECT, 'dist') }));
    report('project', updateFiles({ from: join(scratch, 'project'), to: PROJECT }));
    return 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function startCdk8s(output: string, projectFiles: string): ChildProcess {
  const cdk8s = join(PROJECT, 'node_modules/.bin/cdk8s');
  if (!existsSync(cdk8s)) {
    throw new Error(`${cdk8s} is not there; run "npm ci"`);
  }
  return spawn(cdk8s, ['synth', '--output', output], {
    cwd: PROJECT,
    env: {
      // From 22.1 on, Node keeps what it compiled of the packages there: a sixth of a synth. Node 20 does not know it.
      NODE_COMPILE_CACHE: join(PROJECT, 'node_modules/.cache/node'),
      ...process.env,
      CDK8S_CHECK_UPGRADE: 'false',
      MOORING_PROJECT_FILES: projectFiles,
    },
    // A process group of its own, so that a signal ends all that it starts.
    detached: true,
    // Standard output is cdk8s' list of files in the scratch folder; what changed is reported instead.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolveStatus, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolveStatus(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Ends a program with all that it started. One that has ended is no error: dist is being brought up to date. */
function killAll(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, signal);
  }
}

function report(what: string, { written, removed, unchanged }: FolderUpdate): void {
  for (const path of written) {
    process.stdout.write(`  written  ${path}\n`);
  }
  for (const path of removed) {
    process.stdout.write(`  removed  ${path}\n`);
  }
  process.stdout.write(`${what}: ${written.length} written, ${removed.length} removed, ${unchanged} unchanged\n`);
}
