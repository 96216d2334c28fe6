const MOST_DAYS = 36_500;

/**
 * How long backups are kept. Whatever is chosen, the newest three stay, and nothing is removed by a run that failed;
 * docs/backups.md has the whole rule.
 */
export class Retention {
  /**
   * Keeps every backup whose UTC date lies at most that many days before the date of the newest one.
   *
   * @param days whole days, 1 to 36,500 (a hundred years)
   * @throws when `days` is anything else
   */
  public static days(days: number): Retention {
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) {
      throw new Error(
        `backup retention of ${days} days is not possible; give a whole number of days, at least 1 and at most ${MOST_DAYS}`,
      );
    }
    return new Retention(days);
  }

  private constructor(
    /** Whole days, at least 1. */
    public readonly days: number,
  ) {}

  /** The environment variables of `scripts/backup.sh` that say so. */
  public get env(): readonly { readonly name: string; readonly value: string }[] {
    return [{ name: 'RETENTION_DAYS', value: String(this.days) }];
  }
}
