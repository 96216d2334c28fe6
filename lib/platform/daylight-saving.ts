import { parseCron, runsOn } from './cron';

/**
 * The years whose clock changes are looked at. Fixed, so that a schedule that was accepted once is not refused later
 * because time went by; 2037 is as far as many time zone databases spell out each change.
 */
export const DAYLIGHT_SAVING_YEARS = { first: 2025, last: 2037 } as const;

/** Times of one day that the clocks of a zone leave out. */
export interface DaylightSavingGap {
  /** The IANA name of the zone. */
  readonly timeZone: string;
  /** The day on which the gap begins, `YYYY-MM-DD`. */
  readonly date: string;
  /** The first time of day that does not exist, `HH:MM`. */
  readonly start: string;
  /** The first time of day that exists again, `HH:MM`. */
  readonly end: string;
}

/** A gap in milliseconds of a clock that has never heard of zones. */
interface LocalInterval {
  readonly start: number;
  readonly end: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** No zone's clocks go back and forward again within three weeks; around Ramadan Morocco's take more than four. */
const STEP = 21 * DAY;
const AREAS =
  /^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)\/[A-Z]/;

/** Parts of the names of zones, spelt as the time zone database spells them. */
const SPELT =
  /^(?:(?!Utc$|Uct$|Gmt$)[A-Z][a-z]+|au|es|of|GMT[+-]?0?|UCT|UTC|US|ACT|LHI|NSW|IN|DeNoronha|EasterIsland|Baja(?:Norte|Sur)|ComodRivadavia)$/;

const gapsByZone = new Map<string, readonly LocalInterval[]>();

/**
 * The gap that swallows all runs of some day, or `undefined` when there is none: Kubernetes skips a run whose time does
 * not exist. Days with another run outside the gap are fine, and so is `@every`, which has no time of day.
 *
 * @param cron what a CronJob's `schedule` holds
 * @param timeZone an IANA name
 * @throws when Kubernetes would refuse one of them
 */
export function daylightSavingGap(cron: string, timeZone: string): DaylightSavingGap | undefined {
  checkTimeZone(timeZone);
  if (cron.trim().startsWith('@every ')) {
    return undefined;
  }
  const fields = parseCron(cron);
  const swallowed = gapsOf(timeZone).find((gap) => {
    for (let midnight = Math.floor(gap.start / DAY) * DAY; midnight < gap.end; midnight += DAY) {
      const date = new Date(midnight);
      const day = { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() };
      const isSwallowed = (hour: number, minute: number): boolean => {
        const time = midnight + (hour * 60 + minute) * MINUTE;
        return time >= gap.start && time < gap.end;
      };
      if (
        runsOn(fields, day) &&
        fields.hours.every((hour) => fields.minutes.every((minute) => isSwallowed(hour, minute)))
      ) {
        return true;
      }
    }
    return false;
  });
  if (swallowed === undefined) {
    return undefined;
  }
  const [start, end] = [swallowed.start, swallowed.end].map((time) => new Date(time).toISOString());
  return { timeZone, date: `${start?.slice(0, 10)}`, start: `${start?.slice(11, 16)}`, end: `${end?.slice(11, 16)}` };
}

/**
 * Refuses what the API server refuses as a CronJob's `timeZone`, on any machine: names are case-sensitive there, and
 * abbreviations and offsets (`AWST`, `+08:00`) are not names of zones.
 *
 * @throws when it is neither `UTC` nor a known zone in the form `Area/City`
 */
export function checkTimeZone(timeZone: string): void {
  clockOf(timeZone);
}

/** Every gap of a zone in `DAYLIGHT_SAVING_YEARS`, in order. */
function gapsOf(timeZone: string): readonly LocalInterval[] {
  const known = gapsByZone.get(timeZone);
  if (known !== undefined) {
    return known;
  }
  const offset = clockOf(timeZone);
  const last = Date.UTC(DAYLIGHT_SAVING_YEARS.last + 1, 0);
  const gaps: LocalInterval[] = [];
  let from = Date.UTC(DAYLIGHT_SAVING_YEARS.first, 0);
  let before = offset(from);
  while (from < last) {
    const to = from + STEP;
    const after = offset(to);
    if (after > before) {
      const change = changeBetween(offset, from, to);
      gaps.push({ start: change + before, end: change + after });
    }
    from = to;
    before = after;
  }
  gapsByZone.set(timeZone, gaps);
  return gaps;
}

/** The first minute with the later offset. */
function changeBetween(offset: OffsetClock, from: number, to: number): number {
  const before = offset(from);
  let low = from;
  let high = to;
  while (high - low > MINUTE) {
    const middle = low + Math.floor((high - low) / MINUTE / 2) * MINUTE;
    if (offset(middle) === before) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
}

/** How far a zone's clocks are ahead of UTC at a moment; both in milliseconds. */
type OffsetClock = (moment: number) => number;

/** The clock of a zone. It reads one formatted string: luxon's way through its parts takes ten times as long. */
function clockOf(timeZone: string): OffsetClock {
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    // Unknown to Intl, and so to the next check.
  }
  if (format === undefined || !(timeZone === 'UTC' || (AREAS.test(timeZone) && isSpelt(timeZone, format)))) {
    throw new Error(
      `time zone "${timeZone}" is not known; name it by area and city as in Australia/Perth, or use Etc/UTC`,
    );
  }
  return (moment) => {
    // "3/30/2025, GMT-02:30"; plain "GMT" at an offset of zero.
    const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(format.format(moment)) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE;
  };
}

/**
 * Whether a name that Intl takes, whatever its capitals, has those of the time zone database, in which the API server
 * looks it up. Intl says how it spells a name, unless it knows the zone by another one.
 */
function isSpelt(timeZone: string, format: Intl.DateTimeFormat): boolean {
  const known = format.resolvedOptions().timeZone;
  return known.toLowerCase() === timeZone.toLowerCase()
    ? known === timeZone
    : timeZone.split(/[/_]|-(?!0)/).every((word) => SPELT.test(word));
}
