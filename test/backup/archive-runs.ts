import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, readableCopy, removeFolder, run, scratchFolder } from '../support/process';

/** Runs functions of `archive.sh` in a shell of their own. */
export class ArchiveRuns {
  public static async begin(): Promise<ArchiveRuns> {
    const scratch = await scratchFolder();
    readableCopy(join(__dirname, '../../lib/backup/scripts'), scratch, 'scripts');
    return new ArchiveRuns(scratch);
  }

  private constructor(public readonly scratch: string) {}

  public end(): void {
    removeFolder(this.scratch);
  }

  /** Writes a file that the script's user can read, and returns its path. */
  public file(name: string, bytes: Buffer | string): string {
    const path = join(this.scratch, name);
    writeFileSync(path, bytes);
    chmodSync(path, 0o644);
    return path;
  }

  /** A new folder in the scratch folder. */
  public folder(name: string): string {
    const folder = join(this.scratch, name);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    return folder;
  }

  /**
   * Calls `read_archive` or `load_archive` for each file; its answer is `whole` and the file's sha256, or the reason
   * why it was refused.
   */
  public async ask(call: string, files: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
    const script = `
      set -Eeuo pipefail
      TASK=test; . "$1/common.sh"; . "$1/archive.sh"; shift
      begin_run test; make_scratch
      for file; do
        if ${call}; then printf 'whole %s\\n' "$archive_sha256"; else printf '%s\\n' "$archive_problem"; fi
      done`;
    const args = ['--norc', '-c', script, 'bash', join(this.scratch, 'scripts'), ...files];
    const finished: Finished = await run('bash', args, { env: { TMPDIR: this.scratch, ...env }, unprivileged: true });
    if (finished.code !== 0 || finished.stderr !== '') {
      throw new Error(`it ended with ${finished.code}: ${finished.stderr}`);
    }
    return finished.stdout.trimEnd().split('\n');
  }
}
