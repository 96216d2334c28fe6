import { Duration } from 'cdk8s';
import { fiveFields } from './cron';
import { daylightSavingGap } from './daylight-saving';
import { longestGap } from './longest-gap';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A day of the week, in English and lower case. */
export type Weekday = (typeof WEEKDAYS)[number];

/**
 * When something runs: five cron fields and the IANA zone in which they are read.
 *
 * Every factory throws when Kubernetes would refuse the expression or the zone, when the expression never runs, and
 * when on some day from 2025 to 2037 its only run falls into the hour that the zone's clocks leave out.
 */
export class Schedule {
  /**
   * Once a day.
   *
   * @param time `HH:MM`, 24 hours
   * @param timeZone an IANA name such as `Australia/Perth`
   */
  public static daily(time: string, timeZone: string): Schedule {
    return Schedule.cron(`${clockFields(time)} * * *`, timeZone);
  }

  /**
   * Once an hour.
   *
   * @param minute of each hour, 0 to 59
   * @param timeZone an IANA name; it matters where clocks differ from UTC by half hours
   */
  public static hourly(minute: number, timeZone: string): Schedule {
    return Schedule.cron(`${minute} * * * *`, timeZone);
  }

  /**
   * Once a week.
   *
   * @param time `HH:MM`, 24 hours
   * @param timeZone an IANA name such as `Australia/Perth`
   */
  public static weekly(day: Weekday, time: string, timeZone: string): Schedule {
    const index = WEEKDAYS.indexOf(day);
    if (index < 0) {
      throw new Error(`day "${day}" is not a day of the week; use one of ${WEEKDAYS.join(', ')}`);
    }
    return Schedule.cron(`${clockFields(time)} * * ${index}`, timeZone);
  }

  /**
   * Any five fields that Kubernetes accepts. `@daily` and its like are written out; `@every` and a `TZ=` prefix are
   * refused.
   *
   * @param timeZone an IANA name such as `Australia/Perth`
   */
  public static cron(expression: string, timeZone: string): Schedule {
    const fields = fiveFields(expression);
    const gap = daylightSavingGap(fields, timeZone);
    if (gap !== undefined) {
      throw new Error(
        `schedule "${expression}" falls into the daylight-saving gap of ${timeZone}; ` +
          `choose a time outside ${gap.start}–${gap.end} or Etc/UTC`,
      );
    }
    return new Schedule(fields, timeZone);
  }

  private constructor(
    /** Five cron fields: minute, hour, day of month, month, day of week. */
    public readonly expression: string,
    /** The IANA name of the zone in which the fields are read. */
    public readonly timeZone: string,
  ) {}

  /** The longest time between two runs from 2025 to 2037; an hour that clocks are put forward or back is left out. */
  public longestGap(): Duration {
    return Duration.minutes(longestGap(this.expression));
  }
}

/** Minute and hour fields of a time of day. */
function clockFields(time: string): string {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
  if (match === null) {
    throw new Error(`time "${time}" is not a time of day; write it as HH:MM from 00:00 to 23:59`);
  }
  return `${Number(match[2])} ${Number(match[1])}`;
}
