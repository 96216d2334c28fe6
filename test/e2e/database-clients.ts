import type { Context } from './context';
import { Follower } from './follower';
import { APP, NAMESPACE } from './school';
import { waitFor } from './waiting';

/** How many connect again and again at the same time. */
const CLIENTS = 5;

/** One connection with one query. */
export interface Attempt {
  /** Seconds since 1970. */
  readonly begun: number;
  readonly ended: number;
  readonly answered: boolean;
}

/** Programs in the app's pod that connect to the database by its Service, read, and leave, until `leave`. */
export class DatabaseClients {
  readonly #loop: Follower;

  public static async start(context: Context): Promise<DatabaseClients> {
    const pod = await context.kubectl.readyPod(NAMESPACE, APP);
    return new DatabaseClients(context, pod.metadata.name);
  }

  private constructor(
    readonly context: Context,
    pod: string,
  ) {
    const one = [
      'export PGCONNECT_TIMEOUT=3',
      'while :; do begun=$EPOCHREALTIME',
      `if psql "$DATABASE_URL" -XAtqc 'SELECT count(*) FROM "User"' >/dev/null 2>&1; then end=yes; else end=no; fi`,
      'echo "$begun $EPOCHREALTIME $end"; sleep 0.1; done',
    ].join('\n');
    const all = `for ((n = 0; n < ${CLIENTS}; n++)); do (${one}) & done; wait`;
    const target = ['exec', '-n', NAMESPACE, pod, '-c', 'app'];
    this.#loop = new Follower(context.kubectl.commands, 'kubectl', [...target, '--', 'bash', '-c', all]);
  }

  /** Every attempt until now, in order of their ends. */
  public attempts(): Attempt[] {
    return this.#loop
      .lines()
      .map((line) => line.split(' '))
      .map(([begun, ended, answered]) => ({
        begun: Number(begun),
        ended: Number(ended),
        answered: answered === 'yes',
      }));
  }

  /** Waits for more answers than there are now. */
  public async more(count: number): Promise<void> {
    const answers = () => this.attempts().filter(({ answered }) => answered).length;
    const wanted = answers() + count;
    await waitFor(
      `there are ${count} more answers of the database`,
      async () => (answers() >= wanted ? true : undefined),
      this.context.kubectl.limits(60),
    );
  }

  /**
   * Seconds from the begin of the first attempt without an answer until the end of the last; 0 for none.
   *
   * @param since number of attempts that do not count, from the first on
   */
  public refused(since: number): number {
    const failed = this.attempts()
      .slice(since)
      .filter(({ answered }) => !answered);
    const seconds = Math.max(...failed.map(({ ended }) => ended)) - Math.min(...failed.map(({ begun }) => begun));
    return failed.length === 0 ? 0 : Math.round(seconds * 100) / 100;
  }

  /** Ends them. */
  public leave(): Promise<void> {
    return this.#loop.leave();
  }
}
