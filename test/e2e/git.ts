import { mkdirSync } from 'node:fs';
import type { Commands } from './commands';

/** The branch that Flux follows. */
export const BRANCH = 'main';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'mooring e2e',
  GIT_AUTHOR_EMAIL: 'e2e@mooring.invalid',
  GIT_COMMITTER_NAME: 'mooring e2e',
  GIT_COMMITTER_EMAIL: 'e2e@mooring.invalid',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** A folder whose content is published as commits, the way a pipeline publishes `dist`. */
export class GitFolder {
  readonly #git: (...args: string[]) => Promise<string>;

  public constructor(
    public readonly path: string,
    public readonly url: string,
    commands: Commands,
  ) {
    mkdirSync(path, { recursive: true });
    const own = commands.with(IDENTITY);
    this.#git = (...args) => own.output('git', ['-C', path, ...args]);
  }

  /** Joins the history that the remote repository has already, without its files. */
  public async open(): Promise<void> {
    await this.#git('init', '--quiet', `--initial-branch=${BRANCH}`);
    await this.#git('remote', 'add', 'origin', this.url);
    const heads = await this.#git('ls-remote', '--heads', 'origin', BRANCH).catch(() => '');
    if (heads !== '') {
      await this.#git('fetch', '--quiet', 'origin', BRANCH);
      await this.#git('reset', '--quiet', '--soft', 'FETCH_HEAD');
    }
  }

  /** Makes the folder as it is the next commit. @returns its hash */
  public async publish(message: string): Promise<string> {
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--allow-empty', '--message', message);
    await this.#git('push', '--quiet', 'origin', `HEAD:refs/heads/${BRANCH}`);
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }
}
