import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kubectl } from './kubectl';
import { waitFor } from './waiting';

const NAME = 'kustomize-controller';

/** Flux' kustomize-controller: a pod of the cluster, or a program beside a local cluster that leaves its id in a file. */
export class FluxController {
  public constructor(readonly kubectl: Kubectl) {}

  /** Whether its flags can be changed here. */
  public get isProgram(): boolean {
    return existsSync(this.#idFile);
  }

  /**
   * Kills it and starts it anew.
   *
   * @param requeueDependency value of `--requeue-dependency`; only where `isProgram` @default - as before
   */
  public async restart(requeueDependency?: string): Promise<void> {
    if (this.isProgram) {
      await this.#restartProgram(requeueDependency);
      return;
    }
    const pods = ['pods', '-n', 'flux-system', '-l', `app=${NAME}`];
    await this.kubectl.output(['delete', ...pods, '--grace-period=0', '--force']);
    await this.kubectl.output(
      ['rollout', 'status', '-n', 'flux-system', `deployment/${NAME}`, '--timeout=120s'],
      '',
      130,
    );
  }

  get #idFile(): string {
    return join(dirname(this.kubectl.commands.env.KUBECONFIG ?? ''), 'run', `${NAME}.pid`);
  }

  async #restartProgram(requeueDependency: string | undefined): Promise<void> {
    const id = Number(readFileSync(this.#idFile, 'utf8'));
    const [program = '', ...args] = strings(id, 'cmdline');
    const env = Object.fromEntries(strings(id, 'environ').map((line) => line.split(/=(.*)/s)));
    if (requeueDependency !== undefined) {
      args.splice(args.indexOf('--requeue-dependency') + 1, 1, requeueDependency);
    }
    const log = openSync(join(dirname(this.#idFile), `../log/${NAME}.log`), 'a');
    process.kill(id, 'SIGKILL');
    const gone = async () => (existsSync(`/proc/${id}`) ? undefined : true);
    await waitFor(`${NAME} is gone`, gone, this.kubectl.limits(30));
    const child = spawn(program, args, { env, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    writeFileSync(this.#idFile, `${child.pid}\n`);
  }
}

/** The strings of a file of /proc, each ended by a zero byte. */
function strings(id: number, file: string): string[] {
  return readFileSync(`/proc/${id}/${file}`, 'utf8').split('\0').slice(0, -1);
}
