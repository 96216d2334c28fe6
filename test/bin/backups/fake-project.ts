import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { dump } from 'js-yaml';
import type { NewJob } from '../../../bin/backups/job-from-cron-job';
import { type Finished, type Running, start } from '../../support/process';
import { applied, RENDERED, type Recording } from './recording';

const PROJECT = resolve(__dirname, '../../..');

/** A project with a small `dist`, and a cluster that is a recording behind a fake kubectl. */
export class FakeProject {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mooring-backups-'));

  /** @param rendered what the layer `backup` of `dist` has */
  public constructor(rendered = RENDERED) {
    cpSync(join(PROJECT, 'bin'), join(this.#folder, 'bin'), { recursive: true });
    copyFileSync(join(PROJECT, 'tsconfig.json'), join(this.#folder, 'tsconfig.json'));
    for (const each of ['lib', 'node_modules']) {
      symlinkSync(join(PROJECT, each), join(this.#folder, each));
    }
    const layer = join(this.#folder, 'dist/platforms/school-platform/prod/backup');
    mkdirSync(layer, { recursive: true });
    for (const each of rendered) {
      writeFileSync(join(layer, `cronjob-${each.metadata.name}.yaml`), dump(each));
    }
    mkdirSync(this.path);
    symlinkSync(process.execPath, join(this.path, 'node'));
    copyFileSync(join(__dirname, 'fake-kubectl.js'), join(this.path, 'kubectl'));
    chmodSync(join(this.path, 'kubectl'), 0o755);
  }

  /** Folder with the program that stands in for kubectl, and node. */
  public get path(): string {
    return join(this.#folder, 'path');
  }

  /** Says what the cluster is like; what is not given is healthy. */
  public record(recording: Partial<Recording>): void {
    const whole: Recording = {
      context: 'school-cluster',
      cronJobs: applied('school-platform-prod-backup'),
      secrets: { 'school-db-secret': 'school' },
      runs: [],
      ...recording,
    };
    writeFileSync(join(this.#folder, 'recording.json'), JSON.stringify(whole));
  }

  /** Runs `mooring backups school-platform prod` to its end. */
  public run(args: string, recording: Partial<Recording> = {}): Promise<Finished> {
    this.record(recording);
    return this.start(args.split(' ')).finished;
  }

  /** Starts `mooring backups <platform> prod`. */
  public start(args: readonly string[], platform = 'school-platform'): Running {
    return this.#start(join(this.#folder, 'bin/mooring'), ['backups', platform, 'prod', ...args]);
  }

  /** The same on a terminal, where somebody types the answer. */
  public startOnTerminal(args: readonly string[], answer: string): Running {
    const line = ['bin/mooring', 'backups', 'school-platform', 'prod', ...args].join(' ');
    return this.#start('/usr/bin/script', ['--quiet', '--return', '--command', line, '/dev/null'], answer);
  }

  #start(program: string, args: readonly string[], input?: string): Running {
    // Nothing but the stand-in is called kubectl.
    const env = { PATH: this.path, FAKE_KUBECTL: this.#folder, SHELL: '/bin/sh' };
    return start(program, args, { cwd: this.#folder, env, input });
  }

  /** Each call of kubectl so far, in words. */
  public calls(): string[] {
    const file = join(this.#folder, 'calls.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.map((line) => (JSON.parse(line) as string[]).join(' '));
  }

  /** The Job that was made from a CronJob. */
  public job(cronJob: string): NewJob {
    return JSON.parse(readFileSync(join(this.#folder, `${cronJob}-manual-x7k2p.json`), 'utf8'));
  }

  /** Its containers. */
  public containers(cronJob: string): readonly object[] {
    return this.job(cronJob).spec.template.spec.containers;
  }

  public remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
