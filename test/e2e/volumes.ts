import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Commands } from './commands';
import { pageCommands } from './page-commands';

/** What is asked of the administrator of the file server. */
const PAGE = 'docs/file-server.md';
const HEADING = 'How do I make them?';

/** A path of the file server, where a command names one. */
const EXPORTED_PATH = /(?<=^|\s)(?=\/school(\/|\s|$))/gm;

/** Directories of this machine that stand in for the file server's exports. */
export class Volumes {
  /**
   * @param folder root of the "file server"; others may enter it
   * @param project folder of the project, for its documentation
   */
  public constructor(
    readonly folder: string,
    readonly project: string,
    readonly commands: Commands,
  ) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }

  /** The directory that stands in for a path of the file server. */
  public path(exported: string): string {
    return join(this.folder, exported);
  }

  /** Makes the directories anew and empty, with the commands of the page for the file server's administrator. */
  public async prepare(): Promise<void> {
    this.empty();
    await this.run(pageCommands(join(this.project, PAGE), HEADING));
  }

  /** Runs commands as the administrator of the file server would there; returns what they print. */
  public run(script: string): Promise<string> {
    return this.commands.output('bash', ['-eu', '-c', script.replace(EXPORTED_PATH, this.folder)]);
  }

  /** Leaves a directory as somebody does who makes it and forgets its owner. */
  public giveToRoot(exported: string): void {
    chownSync(this.path(exported), 0, 0);
    chmodSync(this.path(exported), 0o755);
  }

  /** Removes what lies in the directories. */
  public empty(): void {
    for (const entry of readdirSync(this.folder)) {
      rmSync(join(this.folder, entry), { recursive: true, force: true });
    }
  }
}
