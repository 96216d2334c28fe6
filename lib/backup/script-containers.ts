import type { Construct } from 'constructs';
import { ConfigFiles } from '../pod/config-files';
import type { ContainerProps } from '../pod/container';
import { scratchMount } from '../pod/mount';
import { commandOf, type Program, scriptFiles } from './scripts';

/** Where the scripts are mounted. */
const SCRIPTS_PATH = '/scripts';

/** A container that runs one of the scripts. */
export interface ScriptContainer extends Omit<ContainerProps, 'command'> {
  /** Script that it runs; `args` are the script's. */
  readonly program: Program;

  /** Whether the pod goes on when the script fails. @default false */
  readonly mayFail?: boolean;
}

/** What `scriptsFor` must know of the pod. */
export interface ScriptPod {
  readonly workload: string;

  /** First part of the names of its volumes, where other containers of the pod have theirs. @default - none */
  readonly prefix?: string;
}

/**
 * A ConfigMap with the scripts of the containers of a pod, and what gives each of them its command, the scripts and a
 * folder for temporary files.
 */
export function scriptsFor(
  scope: Construct,
  containers: readonly ScriptContainer[],
  { workload, prefix = '' }: ScriptPod,
): (container: ScriptContainer) => ContainerProps {
  const volume = `${prefix}scripts`;
  const scripts = new ConfigFiles(scope, `Files-${volume}`, {
    name: `${workload}-${volume}`,
    workload,
    files: scriptFiles(containers.map(({ program }) => program)),
  }).mount(SCRIPTS_PATH, volume);
  return ({ program, mayFail, ...container }) => ({
    ...container,
    command: commandOf(program, SCRIPTS_PATH, mayFail),
    mounts: [...(container.mounts ?? []), scripts, scratchMount('/tmp', { name: `${prefix}tmp` })],
  });
}
