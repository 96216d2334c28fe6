/** The rule of `lib/backup/scripts/retention.sh` a second time, by the calendar of `Date` and without its shortcuts. */

const DAY = 24 * 60 * 60_000;

/** Days as in the settings; 0 keeps nothing, infinity everything. */
export interface Keep {
  readonly all: number;
  readonly daily: number;
  readonly monthly: number;
  readonly newest: number;
}

/** A moment in milliseconds as it stands in a name. */
export function stampOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
}

function dayOf(moment: number): number {
  return Math.floor(moment / DAY);
}

/** Those of the moments that go, newest first. */
export function expectedToGo(moments: readonly number[], keep: Keep, now: number): number[] {
  const known = [...new Set(moments)].filter((moment) => moment <= now).sort((a, b) => b - a);
  const firsts = (length: number): Set<number> =>
    new Set(new Map(known.map((moment) => [new Date(moment).toISOString().slice(0, length), moment])).values());
  const firstOfDay = firsts('2026-11-21'.length);
  const firstOfMonth = firsts('2026-11'.length);
  const longestGap = [keep.all, keep.daily, keep.monthly].find((days) => days > 0) ?? 0;

  const edges = known.slice(1).map((older, i) => ({ newer: known[i] ?? Number.NaN, older }));
  const holes = edges.filter(
    ({ newer, older }) =>
      dayOf(newer) - dayOf(older) > longestGap && new Set(known.filter((other) => other > older).map(dayOf)).size < 7,
  );

  const gone: number[] = [];
  for (const [index, moment] of known.entries()) {
    const hole = holes.filter(
      ({ older }) => older >= moment && !gone.some((other) => other > older && firstOfDay.has(other)),
    );
    const age = dayOf(hole.at(-1)?.older ?? now) - dayOf(moment);
    const within = (days: number): boolean => days > 0 && age <= days;
    const stays =
      index < keep.newest ||
      within(keep.all) ||
      (firstOfDay.has(moment) && within(keep.daily)) ||
      (firstOfMonth.has(moment) && within(keep.monthly));
    if (!stays) {
      gone.push(moment);
    }
  }
  return gone;
}
