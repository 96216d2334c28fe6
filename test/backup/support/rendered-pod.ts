import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../../lib/platform/manifest';
import type { Platform } from '../../../lib/platform/platform';
import { debianBinFolder } from '../../support/postgres';
import { type Finished, run } from '../../support/process';
import { containerOf, only, templateOf } from '../../support/test-platform';

/** Runs containers of rendered CronJobs as processes: what a kubelet would mount lies below a folder instead of the root. */
export class RenderedPod {
  public constructor(
    private readonly platform: Platform,
    /** Stands for the root of the file system; `postgres` may write there. */
    private readonly root: string,
  ) {}

  /**
   * Runs one container.
   *
   * @param options.args in place of the container's own
   */
  public run(
    cronJob: string,
    container: string,
    options: { readonly jobName: string; readonly args?: readonly string[] },
  ): Promise<Finished> {
    const manifest = only(this.platform, 'CronJob', cronJob);
    const {
      command,
      env = [],
      args = [],
    } = containerOf(manifest, container) as ReturnType<typeof containerOf> & {
      readonly command: readonly string[];
      readonly args?: readonly string[];
    };
    const paths = this.#mount(manifest, container);
    const pattern = new RegExp(`(?<=^| )(${paths.join('|')})(?=/|$)`, 'g');
    const local = (text: string) => text.replaceAll(pattern, `${this.root}$1`);
    const variables = env.map(({ name, value, valueFrom }) => {
      return [name, value ?? (JSON.stringify(valueFrom).includes('job-name') ? options.jobName : undefined)] as const;
    });
    const known = variables.flatMap(([name, value]) => (value === undefined ? [] : [[name, local(value)] as const]));
    const [program = '', ...rest] = [...command, ...(options.args ?? args)].map(local);
    return run(program, rest, {
      unprivileged: true,
      env: { ...Object.fromEntries(known), PATH: `${debianBinFolder()}:${process.env.PATH}`, HOME: this.root },
    });
  }

  /** Makes what the container mounts. @returns the paths as the container has them */
  #mount(manifest: Manifest, container: string): string[] {
    const { volumes = [] } = templateOf(manifest).spec;
    const mounts = containerOf(manifest, container).volumeMounts ?? [];
    for (const { name, mountPath } of mounts) {
      const folder = join(this.root, mountPath);
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o777);
      const { configMap } = volumes.find((each) => each.name === name) as { readonly configMap?: { name: string } };
      const files = configMap === undefined ? {} : (only(this.platform, 'ConfigMap', configMap.name).data as object);
      for (const [file, text] of Object.entries(files)) {
        writeFileSync(join(folder, file), text as string);
      }
    }
    return mounts.map(({ mountPath }) => mountPath).filter((path) => path !== '/tmp');
  }
}
