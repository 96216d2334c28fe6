import { z } from 'zod';
import { CommandFailure } from './command-failure';

const backupSchema = z.looseObject({
  name: z.string(),
  time: z.iso.datetime(),
  bytes: z.number().nullable(),
  rows: z.number().nullable(),
  tables: z.number().nullable(),
  /** `verified`, or in one word what is wrong. */
  verification: z.string(),
  /** What a restore into the running app means; `newer` and `needs-migration` are told to the user. */
  compatibility: z.string(),
  /** What `verify` found. */
  problems: z.array(z.string()).optional(),
});

/** One backup, as `catalogue.sh` describes it; other fields are kept for `--json`. */
export type Backup = z.infer<typeof backupSchema>;

const frozenSchema = z.strictObject({ pruningFrozen: z.string().nullable() });

/** What `catalogue.sh` printed. */
export interface Catalogue {
  /** Why no old backup is removed at the moment; null when they are, undefined when nothing was said. */
  readonly pruningFrozen?: string | null;
  /** Newest first. */
  readonly backups: readonly Backup[];
}

/** Whether a line of the log is data: the log of a container mixes its standard output with what is for people. */
export function isData(line: string): boolean {
  return line.startsWith('{');
}

/**
 * Reads the JSON lines among a log.
 *
 * @throws CommandFailure when one is not understood
 */
export function readCatalogue(log: readonly string[]): Catalogue {
  const backups: Backup[] = [];
  let pruningFrozen: string | null | undefined;
  for (const line of log.filter(isData)) {
    const value = parse(line);
    const frozen = frozenSchema.safeParse(value);
    const backup = backupSchema.safeParse(value);
    if (frozen.success) {
      ({ pruningFrozen } = frozen.data);
    } else if (backup.success) {
      backups.push(backup.data);
    } else {
      throw notUnderstood(line, z.prettifyError(backup.error));
    }
  }
  return { pruningFrozen, backups: backups.toSorted((a, b) => b.time.localeCompare(a.time)) };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw notUnderstood(line, (error as Error).message);
  }
}

function notUnderstood(line: string, reason: string): CommandFailure {
  return new CommandFailure(
    1,
    `a line of the catalogue is not understood; do the cluster and this program have one version?\n  ${line}\n${reason}`,
  );
}
