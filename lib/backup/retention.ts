import { daysOfPeriod, type RetentionPeriod } from './retention-period';

/** What `Retention.grandfatherFatherSon` keeps for how long, each longer than the one before. */
export interface GrandfatherFatherSon {
  /** How long every backup is kept. */
  readonly all: RetentionPeriod;

  /**
   * How long the first backup of each UTC day is kept.
   *
   * @default - no longer than all others
   */
  readonly firstOfDay?: RetentionPeriod | 'forever';

  /**
   * How long the first backup of each UTC month is kept.
   *
   * @default - no longer than the first of any other day
   */
  readonly firstOfMonth?: RetentionPeriod | 'forever';
}

/**
 * How long backups are kept. Whatever is chosen, the newest three stay, and nothing is removed by a run that failed;
 * docs/backups.md has the whole rule.
 */
export class Retention {
  /**
   * Keeps every backup whose UTC date lies at most that many days before the date of the newest one.
   *
   * @param days whole days, 1 to 36,600 (a hundred years)
   * @throws when `days` is anything else
   */
  public static days(days: number): Retention {
    const known = daysOfPeriod({ days });
    if (typeof known === 'string') {
      throw new Error(`backup retention: ${known}`);
    }
    return new Retention(known, 0, 0);
  }

  /**
   * Keeps every backup for a while, one a day for longer and one a month for longest. For backups that are made more
   * often than once a day:
   *
   * ```ts
   * Retention.grandfatherFatherSon({ all: { months: 1 }, firstOfDay: { years: 1 }, firstOfMonth: 'forever' })
   * ```
   *
   * @throws when a period is impossible, or not longer than the one before it
   */
  public static grandfatherFatherSon(periods: GrandfatherFatherSon): Retention {
    const days = { all: 0, firstOfDay: 0, firstOfMonth: 0 };
    const problems: string[] = [];
    let shorter: keyof GrandfatherFatherSon | undefined;
    for (const name of ['all', 'firstOfDay', 'firstOfMonth'] as const) {
      const period = periods[name];
      if (period === undefined) {
        continue;
      }
      const known = daysOfPeriod(period);
      if (typeof known === 'string') {
        problems.push(`${name}: ${known}`);
        continue;
      }
      if (shorter !== undefined && known <= days[shorter]) {
        problems.push(
          `${name}: ${inWords(known)} is not longer than ${shorter}, ${inWords(days[shorter])}; make it longer or leave it out`,
        );
      }
      days[name] = known;
      shorter = name;
    }
    if (problems.length > 0) {
      throw new Error(`backup retention: ${problems.join('; ')}`);
    }
    return new Retention(days.all, days.firstOfDay, days.firstOfMonth);
  }

  /** Days, 0 for what is not kept for that reason, infinity for "forever". */
  private constructor(
    private readonly all: number,
    private readonly firstOfDay: number,
    private readonly firstOfMonth: number,
  ) {}

  /** The environment variables of `scripts/retention.sh` that say so. */
  public get env(): readonly { readonly name: string; readonly value: string }[] {
    return [
      { name: 'KEEP_ALL_DAYS', value: inVariable(this.all) },
      { name: 'KEEP_DAILY_DAYS', value: inVariable(this.firstOfDay) },
      { name: 'KEEP_MONTHLY_DAYS', value: inVariable(this.firstOfMonth) },
    ];
  }
}

function inVariable(days: number): string {
  return days === Number.POSITIVE_INFINITY ? 'forever' : String(days);
}

function inWords(days: number): string {
  return days === Number.POSITIVE_INFINITY ? 'forever' : `${days} days`;
}
