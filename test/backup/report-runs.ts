import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, type Running, removeFolder, scratchFolder, start, until } from '../support/process';
import { curlImage } from './curl-image';
import { WebhookServer } from './webhook-server';

const SCRIPTS = join(__dirname, '../../lib/backup/scripts');

/** What every worker of the tests begins with, and the function with which it ends. */
const WORKER = `
worker=$1
mkfifo "$RUN_DIR/$worker.alive" 2>/dev/null || [ -p "$RUN_DIR/$worker.alive" ]
exec 9<>"$RUN_DIR/$worker.alive"
result() { printf '%s\\n' "$@" >"$RUN_DIR/.$worker.result" && mv "$RUN_DIR/.$worker.result" "$RUN_DIR/$worker.result"; }
`;

/** The reporter as the curl image runs it, with workers that are real processes, and a Slack that listens. */
export class ReportRuns {
  public static async begin(): Promise<ReportRuns> {
    const scratch = await scratchFolder();
    return new ReportRuns(scratch, await curlImage(scratch), await WebhookServer.begin());
  }

  private count = 0;
  private readonly started: Running[] = [];

  private constructor(
    private readonly scratch: string,
    private readonly path: string,
    public readonly slack: WebhookServer,
  ) {}

  /** Ends every process of a test and forgets what Slack got. */
  public async clear(): Promise<void> {
    for (const { process } of this.started) {
      killAll(process.pid);
    }
    await Promise.all(this.started.splice(0).map(({ finished }) => finished));
    this.slack.forget();
  }

  public async end(): Promise<void> {
    await this.clear();
    await this.slack.end();
    removeFolder(this.scratch);
  }

  /** A pod: its shared folder, with the given files. */
  public pod(files: Readonly<Record<string, string>> = {}): ReportedPod {
    this.count += 1;
    const folder = join(this.scratch, `pod-${this.count}`);
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
    }
    return new ReportedPod(
      folder,
      (command, args, env) => {
        const running = start(command, args, { env });
        this.started.push(running);
        return running;
      },
      {
        PATH: this.path,
        RUN_DIR: folder,
        TITLE: 'School Platform',
        SUBJECT: 'Backup',
        WORKERS: 'dump',
        CRON_JOB: 'school-platform-db-backup',
        JOB_NAME: 'school-platform-db-backup-29391480',
        NAMESPACE: 'school',
        WEBHOOK_URL: this.slack.url('/services/T0/B0/secret'),
      },
    );
  }
}

/** One pod of a test. */
export class ReportedPod {
  public constructor(
    /** The folder that its containers share. */
    public readonly folder: string,
    private readonly begin: (command: string, args: string[], env: Record<string, string | undefined>) => Running,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Starts the reporter. */
  public report(env: Readonly<Record<string, string | undefined>> = {}): Running {
    return this.begin('sh', [join(SCRIPTS, 'report.sh')], { ...this.env, ...env });
  }

  /** Runs the reporter to its end. */
  public async reported(env: Readonly<Record<string, string | undefined>> = {}): Promise<Finished> {
    return this.report(env).finished;
  }

  /** Starts a worker that takes hold of its FIFO and then runs the text; `result LINE…` is its last act. */
  public worker(name: string, text: string): Running {
    const env = { RUN_DIR: this.folder, PATH: process.env.PATH };
    return this.begin('bash', ['--norc', '-c', `${WORKER}${text}`, 'bash', name], env);
  }

  /** Awaits the moment from which on the reporter gets end-of-file when the worker dies. */
  public heard(name: string): Promise<void> {
    const fifo = join(this.folder, `${name}.alive`);
    return until(`the reporter listens to ${name}`, () =>
      readdirSync('/proc').some((pid) => standardInput(pid) === fifo),
    );
  }

  /** A file that its containers share, or `undefined`. */
  public read(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }
}

function standardInput(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return undefined; // no process, or none of ours
  }
}

/** Ends a group of processes, also when the one that began it is gone. */
export function killAll(group: number | undefined): void {
  if (group === undefined) {
    return; // it was never started, and 0 would be this process' own group
  }
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // nobody is left
  }
}
