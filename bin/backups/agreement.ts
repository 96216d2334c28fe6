import { CommandFailure } from './command-failure';
import { type Conversation, canAsk, confirm } from './confirmation';
import { databaseOf } from './database-of';
import { plainText } from './plain-text';
import type { Target } from './plan';
import type { Request } from './request';
import type { Role } from './role';
import type { Session } from './session';

const CONVERSATION: Conversation = { input: process.stdin, output: process.stderr };

/** The user's word that exactly this database is meant: typed now, or given with `--yes-i-mean`. */
export class Agreement {
  /** @throws CommandFailure with status 2 when there is nobody to ask and nothing was given */
  public static possible(request: Request): Agreement {
    if (request.meant === undefined && !canAsk(CONVERSATION)) {
      throw new CommandFailure(
        2,
        `"${request.action}" asks for the name of the database, but nobody can answer here; give it with --yes-i-mean`,
      );
    }
    return new Agreement(request);
  }

  private constructor(private readonly request: Request) {}

  /**
   * The database that a role's Jobs work on.
   *
   * @throws CommandFailure with status 2 when another one was given
   */
  public async target(session: Session, role: Role): Promise<Target> {
    const { platform, environment, meant } = this.request;
    const { cronJob, container } = session.template(role);
    const namespace = cronJob.metadata.namespace ?? 'default';
    const { database, server } = await databaseOf(session.kubectl, namespace, container);
    if (meant !== undefined && meant !== database) {
      throw new CommandFailure(
        2,
        `--yes-i-mean names "${meant}", but the database of ${platform} ${environment} is ` +
          `"${database}"; nothing was done`,
      );
    }
    return { platform, environment, namespace, context: session.kubectl.context, database, server };
  }

  /** Shows what will happen and asks. @throws CommandFailure when the answer is not the name of the database */
  public async reach(plan: string, { database }: Target): Promise<void> {
    process.stderr.write(plainText(plan));
    if (this.request.meant === undefined) {
      await confirm(CONVERSATION, database);
    }
  }
}
