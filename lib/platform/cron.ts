/** When a cron expression runs, each field as the sorted list of its values. */
export interface CronFields {
  /** 0 to 59. */
  readonly minutes: readonly number[];
  /** 0 to 23. */
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[];
  /** Must a day match both day fields, or is one of them enough? One is enough when both are restricted. */
  readonly bothDayFields: boolean;
}

/** A calendar day: month 1 to 12, day 1 to 31, weekday 0 (Sunday) to 6. */
export interface CronDay {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for `min`, `min + 1`, … */
  readonly names?: readonly string[];
  readonly hint?: string;
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  {
    name: 'day of week',
    min: 0,
    max: 6,
    names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
    hint: ' (Sunday is 0)',
  },
];

/** Kubernetes' parser takes no number of more than 63 bits; beyond a day's minutes, no step differs from another. */
const LARGEST_STEP = Number.MAX_SAFE_INTEGER;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * The five fields of an expression that Kubernetes accepts, single-spaced; `@daily` and its like are written out.
 *
 * @throws for `@every` (it counts from the last run and has no time of day), a `TZ=` prefix, other than five fields
 */
export function fiveFields(expression: string): string {
  const text = expression.trim().split(/\s+/).join(' ');
  if (/^(CRON_)?TZ=/.test(text)) {
    throw new Error(`schedule "${expression}" carries a time zone; give it as the second argument instead`);
  }
  if (text.startsWith('@')) {
    const macro = MACROS[text];
    if (macro === undefined) {
      throw new Error(
        `schedule "${expression}" has no time of day; use five fields or one of ${Object.keys(MACROS).join(', ')}`,
      );
    }
    return macro;
  }
  const count = text === '' ? 0 : text.split(' ').length;
  if (count !== FIELDS.length) {
    const names = FIELDS.map((field) => field.name).join(', ');
    throw new Error(`schedule "${expression}" has ${count} fields; give five: ${names}`);
  }
  return text;
}

/**
 * Reads an expression as Kubernetes does (robfig/cron's standard parser). cron-parser, the common library, differs in
 * what matters here: it takes day of week `1/2` for Monday to Sunday where Kubernetes ends at Saturday, accepts `7`,
 * `L`, `#` and six fields, and counts the day `*` + `/2` as unrestricted.
 *
 * @throws naming every field that Kubernetes would refuse, or that the expression never runs (30 February)
 */
export function parseCron(expression: string): CronFields {
  const problems: string[] = [];
  const parts = fiveFields(expression).split(' ');
  const values = FIELDS.map((field, i) => fieldValues(parts[i] ?? '', field, problems));
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] = values;
  if (problems.length > 0) {
    throw new Error(`schedule "${expression}" is not valid: ${problems.join('; ')}`);
  }
  const bothDayFields = isOpen(parts[2] ?? '') || isOpen(parts[4] ?? '');
  const fields = { minutes, hours, daysOfMonth, months, daysOfWeek, bothDayFields };
  if (bothDayFields && !months.some((month) => daysOfMonth.some((day) => day <= daysIn(month)))) {
    throw new Error(`schedule "${expression}" never runs; none of its months has such a day`);
  }
  return fields;
}

/** Does the expression run on that day at all? */
export function runsOn(fields: CronFields, day: CronDay): boolean {
  const ofMonth = fields.daysOfMonth.includes(day.day);
  const ofWeek = fields.daysOfWeek.includes(day.weekday);
  return fields.months.includes(day.month) && (fields.bothDayFields ? ofMonth && ofWeek : ofMonth || ofWeek);
}

/** A field leaves its day open when one of its items is a star without a step (`* /2` restricts). */
function isOpen(text: string): boolean {
  return text.split(',').some((item) => /^[*?](\/0*1)?$/.test(item));
}

/** Days of a month in a leap year. */
function daysIn(month: number): number {
  return new Date(Date.UTC(2024, month, 0)).getUTCDate();
}

function fieldValues(text: string, field: Field, problems: string[]): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:[*?]|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    const first = match?.[1] === undefined ? field.min : numberOf(match[1], field);
    const single = match?.[3] === undefined ? first : field.max;
    const last = match?.[1] === undefined ? field.max : match[2] === undefined ? single : numberOf(match[2], field);
    const step = Number(match?.[3] ?? 1);
    if (
      match === null ||
      !(first >= field.min && first <= last && last <= field.max && step >= 1 && step <= LARGEST_STEP)
    ) {
      problems.push(`${field.name} "${item}" is not within ${field.min}–${field.max}${field.hint ?? ''}`);
      continue;
    }
    for (let value = first; value <= last; value += step) {
      values.add(value);
    }
  }
  return [...values].sort((a, b) => a - b);
}

/** A number or name as its value, NaN when it is neither. */
function numberOf(text: string, field: Field): number {
  const index = field.names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? field.min + index : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
