import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../lib/platform/manifest';
import { type Running, start } from '../support/process';
import { containerOf } from '../support/test-platform';

/** Shells of the images that apps are built on: Alpine's and Debian's. */
export const SHELLS = ['busybox', 'dash'] as const;

export type Shell = (typeof SHELLS)[number];

/** What the containers of a pod find here. */
interface PodProcessesProps {
  /** The Job or Deployment, as it is rendered. */
  readonly workload: Manifest;
  /** What the cluster would give its containers, beside what is rendered. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder here that a path in the containers stands for. */
  readonly mounted: Readonly<Record<string, string>>;
  /** Folder with a folder of programs for each shell. */
  readonly shells: string;
  /** What the containers share. */
  readonly state: string;
  readonly temporary: string;
  /** Told of each process. */
  readonly started: (running: Running) => void;
}

/** A rendered pod whose containers are run as processes. */
export class PodProcesses {
  public constructor(private readonly props: PodProcessesProps) {}

  /** Starts a container; one of the app's image starts in the image's folder, with a shell's programs only. */
  public start(name: string, app?: { readonly folder: string; readonly shell: Shell }): Running {
    const { workload, env, shells, state, temporary, started } = this.props;
    const container = containerOf(workload, name);
    const [program = '', ...args] = (container.command as string[]).map((each) => this.#here(each));
    const rendered = (container.env ?? []).map((each) => [each.name, this.#here(each.value ?? '')]);
    writeFileSync(this.#log(name), '');
    const path = app && join(shells, app.shell);
    const running = start(path === undefined ? program : join(path, program), args, {
      cwd: app?.folder ?? '/',
      env: {
        ...Object.fromEntries(rendered),
        ...env,
        STATE_DIR: state,
        TMPDIR: temporary,
        HOME: '/none',
        TERMINATION_LOG: this.#log(name),
        ...(path !== undefined && { PATH: path }),
      },
    });
    started(running);
    return running;
  }

  /** What `kubectl describe pod` shows of a container that was started. */
  public message(name: string): string {
    return readFileSync(this.#log(name), 'utf8');
  }

  #log(container: string): string {
    return join(this.props.temporary, `${container}.message`);
  }

  #here(text: string): string {
    const mounts = Object.entries(this.props.mounted);
    const mount = mounts.find(([path]) => text === path || text.startsWith(`${path}/`));
    return mount === undefined ? text : mount[1] + text.slice(mount[0].length);
  }
}
