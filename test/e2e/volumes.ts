import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Owner and mode of a directory on the "file server". */
interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const ROOT: Ownership = { uid: 0, gid: 0, mode: 0o755 };

/** What the administrator of the file server is asked to make, by path on it. */
const EXPORTS: Readonly<Record<string, Ownership>> = {
  '/school': { uid: 1000, gid: 1000, mode: 0o755 },
  '/school/db': { uid: 999, gid: 999, mode: 0o700 },
  '/school/backups': { uid: 999, gid: 999, mode: 0o2770 },
};

/** Directories of this machine that stand in for the NFS exports. */
export class Volumes {
  /** @param folder where the directories are made; others may enter it */
  public constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }

  /** The directory that stands in for a path of the file server. */
  public path(exported: string): string {
    return join(this.folder, exported);
  }

  /** Makes the directories anew and empty; those named in `asRoot` as somebody leaves them who forgot the owner. */
  public prepare(asRoot: readonly string[] = []): void {
    this.empty();
    for (const [exported, ownership] of Object.entries(EXPORTS)) {
      mkdirSync(this.path(exported), { recursive: true });
      this.#give(exported, asRoot.includes(exported) ? ROOT : ownership);
    }
  }

  /** Gives one directory the owner and mode that it should have. */
  public correct(exported: string): void {
    this.#give(exported, EXPORTS[exported] ?? ROOT);
  }

  /** Removes what lies in the directories. */
  public empty(): void {
    for (const entry of readdirSync(this.folder)) {
      rmSync(join(this.folder, entry), { recursive: true, force: true });
    }
  }

  #give(exported: string, { uid, gid, mode }: Ownership): void {
    chownSync(this.path(exported), uid, gid);
    chmodSync(this.path(exported), mode);
  }
}
