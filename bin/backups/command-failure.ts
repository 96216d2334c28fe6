/** 1 the thing itself failed, 2 the command line is wrong, 3 the cluster is not reachable or not the right one. */
export type FailureStatus = 1 | 2 | 3;

/** Why a command ends: a text for people, who need no stack trace, and the exit status. */
export class CommandFailure extends Error {
  public constructor(
    public readonly status: FailureStatus,
    message: string,
  ) {
    super(message);
  }
}
