import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { measure, type ProcessCost } from './measured-process';

const VERSION = 'v3.19.0';
const PROGRAMS = resolve(__dirname, '../.cache/bin');

/** `helm template` with a chart of the bench. */
export class Helm {
  private constructor(private readonly program: string) {}

  /**
   * Helm of this project's cache, built once when Go is there. One in PATH is not taken: figures of another version
   * could not be compared.
   *
   * @returns `undefined` when Go is not installed
   * @throws Error when Go could not build it
   */
  public static find(): Helm | undefined {
    const program = join(PROGRAMS, 'helm');
    if (!existsSync(program)) {
      const go = (process.env.PATH ?? '').split(delimiter).find((folder) => existsSync(join(folder, 'go')));
      if (go === undefined) {
        return undefined;
      }
      process.stdout.write(`go install helm ${VERSION} into .cache/bin (once; up to five minutes)\n`);
      const { status } = spawnSync(join(go, 'go'), ['install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
        env: { ...process.env, GOBIN: PROGRAMS },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      if (status !== 0) {
        throw new Error(`helm ${VERSION} could not be built; see the lines above`);
      }
    }
    return new Helm(program);
  }

  /**
   * Renders a chart into a file.
   *
   * @param home folder for what helm keeps, so that a person's own repositories and plugins play no part
   */
  public template(chart: string, environments: number, output: string, home: string): Promise<ProcessCost> {
    const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
    return measure(this.program, ['template', 'bench', chart, '--set', `n=${environments}`], output, env);
  }
}
