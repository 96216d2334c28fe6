import { readdirSync } from 'node:fs';
import { incomplete, unfounded } from './backup-runs';

/** What faults did to the backups of a folder. */
export interface FaultCount {
  /** Faults that were tried. */
  readonly tried: number;
  /** Files that were there before and are gone; not those of expired backups once there is a new one. */
  readonly lost: number;
  /** Promises that are not kept: half archives under a final name, metadata of what is not there, a false success. */
  readonly wrong: number;
}

/** The files that a folder had before a fault. */
export interface Before {
  readonly kept: readonly string[];
  /** Those of backups that a run removes when it has done well. */
  readonly expired: readonly string[];
}

/** Counts what faults did, for each script that was tried. */
export class FaultTable {
  private readonly counts = new Map<string, FaultCount>();

  /** Looks at a folder after a fault; `succeeded` is what the run itself said. */
  public count(script: string, folder: string, before: Before, succeeded: boolean): FaultCount {
    const after = readdirSync(folder);
    const isNew = (name: string): boolean => !before.kept.includes(name) && !before.expired.includes(name);
    const published = after.filter((name) => isNew(name) && name.endsWith('.meta.json')).length;
    const mustBeThere = published > 0 ? before.kept : [...before.kept, ...before.expired];
    const fault: FaultCount = {
      tried: 1,
      lost: mustBeThere.filter((name) => !after.includes(name)).length,
      wrong:
        incomplete(folder).filter(isNew).length +
        unfounded(folder).filter(isNew).length +
        (succeeded && published === 0 ? 1 : 0),
    };
    const sum = this.of(script);
    this.counts.set(script, {
      tried: sum.tried + fault.tried,
      lost: sum.lost + fault.lost,
      wrong: sum.wrong + fault.wrong,
    });
    return fault;
  }

  public of(script: string): FaultCount {
    return this.counts.get(script) ?? { tried: 0, lost: 0, wrong: 0 };
  }

  /** Writes the table to standard output. */
  public print(): void {
    const row = (...cells: readonly (string | number)[]): string =>
      cells.map((cell, i) => (i === 0 ? String(cell).padEnd(38) : String(cell).padStart(14))).join('');
    const lines = [...this.counts].map(([script, { tried, lost, wrong }]) => row(script, tried, lost, wrong));
    process.stdout.write(`\n${[row('script', 'faults tried', 'data lost', 'wrong answers'), ...lines].join('\n')}\n\n`);
  }
}
