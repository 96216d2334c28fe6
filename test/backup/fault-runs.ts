import { readdirSync } from 'node:fs';
import type { Finished } from '../support/process';
import { BackupRuns, daily } from './backup-runs';
import { FaultTable } from './fault-table';

/** Tells the compression of an archive from that of the roles. */
export const LEVEL = { COMPRESSION_LEVEL: '2' };

/** A fault: what it is, the exit code and the reason that the script must give, and a run that meets it. */
export type Fault = readonly [string, number, string | RegExp, (folder: string) => Promise<Finished>];

/** Runs of the backup script that meet faults. */
export class FaultRuns {
  public static async begin(): Promise<FaultRuns> {
    return new FaultRuns(await BackupRuns.begin());
  }

  public readonly table = new FaultTable();

  private constructor(public readonly runs: BackupRuns) {}

  public async end(): Promise<void> {
    this.table.print();
    await this.runs.end();
  }

  /** A folder with a program in the place of the archive's compressor. */
  public compressor(text: string): string {
    return this.runs.program('zstd', `case "$*" in *-2) ;; *) exec zstd "$@" ;; esac; ${text}`);
  }

  /** Expects a run to fail as it should, in a folder with forty backups, and to touch none of them. */
  public async expectRefusal([, code, reason, fault]: Fault): Promise<void> {
    const { runs, table } = this;
    const old = daily(40, 1, Date.now());
    const folder = runs.folder(...old);
    const finished = await fault(folder);
    const count = table.count('as shipped', folder, { kept: old, expired: [] }, finished.code === 0);
    expect(count).toEqual({ tried: 1, lost: 0, wrong: 0 });
    expect([finished.code, finished.stderr]).toEqual([code, expect.stringContaining('backup failed: ')]);
    expect(runs.termination).toMatch(/^backup failed: [^\n]*\n$/);
    const said = runs.termination.slice('backup failed: '.length).trimEnd();
    expect(said).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
    expect(finished.stderr).toContain(said);
    expect(runs.result).toMatch(/^failed\nTime: [^\n]*\nReason: [^\n]*\n$/);
    expect(runs.result).toContain(`\nReason: ${said}\n`);
    for (const text of [finished.stdout, finished.stderr, said]) {
      expect(text).not.toMatch(/correct-horse|wrong-battery/);
    }
    expect(readdirSync(folder)).toEqual(old);
  }
}
