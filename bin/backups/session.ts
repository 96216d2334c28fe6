import { type Catalogue, isData, readCatalogue } from './catalogue';
import { CommandFailure } from './command-failure';
import { type FoundCronJobs, findCronJobs } from './find-cron-jobs';
import type { JobChanges } from './job-from-cron-job';
import { Kubectl } from './kubectl';
import type { Container, CronJob } from './kubernetes-objects';
import { plainText } from './plain-text';
import { Progress } from './progress';
import { renderedBackups } from './rendered-backups';
import type { Request } from './request';
import { containerOf, type Role } from './role';
import { type JobEnd, runJob } from './run-job';

/** The last line of a `verify` to which all is well, with the number of backups. */
const VERIFIED = /^verify complete: (\d+) backups, all whole$/;

/** The backups of one environment on its cluster. */
export class Session {
  /** @throws CommandFailure when `dist` has no such environment, or the current context is not its cluster */
  public static async open({ platform, environment }: Request, dist: string): Promise<Session> {
    const rendered = renderedBackups(dist, platform, environment);
    const kubectl = await Kubectl.withCurrentContext();
    return new Session(kubectl, await findCronJobs(kubectl, platform, rendered));
  }

  readonly #progress = new Progress(process.stderr);

  private constructor(
    public readonly kubectl: Kubectl,
    private readonly cronJobs: FoundCronJobs,
  ) {}

  /** The CronJob of a role and its container that does the work. @throws CommandFailure when there is none */
  public template(role: Role): { readonly cronJob: CronJob; readonly container: Container } {
    const cronJob = this.cronJobs[role];
    const container = cronJob && containerOf(cronJob.spec.jobTemplate, role);
    if (cronJob === undefined || container === undefined) {
      throw new CommandFailure(
        1,
        `the cluster of ${this.kubectl.context} has no CronJob of this environment for "${role}"; ` +
          'add it to the platform, or wait until Flux has applied it',
      );
    }
    return { cronJob, container };
  }

  /** Whether the cluster has a CronJob for that. */
  public has(role: Role): boolean {
    return this.cronJobs[role] !== undefined;
  }

  /**
   * Runs a Job to its end and prints what it says, as it comes.
   *
   * @returns whether that was all; if not, that is said
   * @throws CommandFailure when it fails
   */
  public async run(role: Role, changes?: JobChanges): Promise<boolean> {
    const { log, failure } = await this.#run(role, changes, (line) => process.stdout.write(`${plainText(line)}\n`));
    if (failure !== undefined) {
      throw new CommandFailure(1, failure);
    }
    if (log === undefined) {
      process.stderr.write('the Job is complete, but its log cannot be read: lines of it may be missing here\n');
    }
    return log !== undefined;
  }

  /** What there is. @throws CommandFailure when it cannot be told in full */
  public async list(): Promise<Catalogue> {
    const { failure, ...catalogue } = await this.#ask(['list']);
    if (failure !== undefined) {
      throw new CommandFailure(1, failure);
    }
    if (catalogue.pruningFrozen === undefined) {
      throw new CommandFailure(1, 'the list of backups is cut off: its last line is missing; try again');
    }
    return catalogue;
  }

  /**
   * Reads backups again in full; what was found is told also when something is wrong with it.
   *
   * @param what name of a backup, or `--all`
   * @throws CommandFailure when all is well but not everything was told
   */
  public async verify(what: string): Promise<Catalogue & Pick<JobEnd, 'failure'>> {
    let whole: string | undefined;
    const found = await this.#ask(['verify', what], (line) => {
      whole = VERIFIED.exec(line)?.[1] ?? whole;
    });
    if (found.failure === undefined && Number(whole) !== found.backups.length) {
      throw new CommandFailure(1, 'what verify found is cut off: not every backup is in the log of the Job; try again');
    }
    return found;
  }

  /**
   * A Job of the catalogue. Second copies in a store matter to `confirm` alone: a store that is away must not stand in
   * the way of the others.
   */
  public catalogueJob(args: readonly string[]): JobChanges {
    const { container } = this.template('catalogue');
    const holdsCopies = container.env?.some(({ name, value }) => name === 'STORE' && value === 'copy') ?? false;
    return { args, withoutStore: holdsCopies && args[0] !== 'confirm' };
  }

  /** What the catalogue says to people goes to standard error. */
  async #ask(args: readonly string[], onWords?: (line: string) => void): Promise<Catalogue & Pick<JobEnd, 'failure'>> {
    const { log, failure } = await this.#run('catalogue', this.catalogueJob(args), (line) => {
      if (!isData(line)) {
        process.stderr.write(`${plainText(line)}\n`);
        onWords?.(line);
      }
    });
    if (log === undefined) {
      throw new CommandFailure(1, failure ?? 'the log of the Job cannot be read, so nothing can be told; try again');
    }
    return { ...readCatalogue(log), failure };
  }

  #run(role: Role, changes: JobChanges | undefined, onLine: (line: string) => void): Promise<JobEnd> {
    const { cronJob, container } = this.template(role);
    return runJob(this.kubectl, this.#progress, { cronJob, container: container.name, changes, onLine });
  }
}
