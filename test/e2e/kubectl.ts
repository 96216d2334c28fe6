import type { Finished } from '../support/process';
import type { Commands } from './commands';
import { isReady, type KubeObject, type Pod } from './objects';
import { waitFor } from './waiting';

/** Field manager of everything that the test itself applies. */
const FIELD_MANAGER = 'mooring-e2e';

/** kubectl with the test's cluster. */
export class Kubectl {
  public constructor(public readonly commands: Commands) {}

  /** Runs kubectl; a non-zero exit is a value. */
  public run(args: readonly string[], input?: string, seconds?: number): Promise<Finished> {
    return this.commands.run('kubectl', args, { input, seconds });
  }

  /** Standard output of kubectl. @throws when it fails */
  public output(args: readonly string[], input?: string, seconds?: number): Promise<string> {
    return this.commands.output('kubectl', args, { input, seconds });
  }

  /** One object. @throws when there is none */
  public async get<T extends KubeObject>(kind: string, name: string, namespace?: string): Promise<T> {
    return JSON.parse(await this.output(['get', kind, name, ...inNamespace(namespace), '-o', 'json'])) as T;
  }

  /** One object, if it is there. */
  public async find<T extends KubeObject>(kind: string, name: string, namespace?: string): Promise<T | undefined> {
    const text = await this.output(['get', kind, name, ...inNamespace(namespace), '--ignore-not-found', '-o', 'json']);
    return text === '' ? undefined : (JSON.parse(text) as T);
  }

  /** Every object of a kind in a namespace. */
  public async list<T extends KubeObject>(kind: string, namespace: string, selector?: string): Promise<T[]> {
    const filter = selector === undefined ? [] : ['-l', selector];
    const text = await this.output(['get', kind, '-n', namespace, ...filter, '-o', 'json']);
    return (JSON.parse(text) as { items: T[] }).items;
  }

  /** Server-side apply of objects that are the test's own. */
  public async apply(...objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.output(
      ['apply', '--server-side', '--force-conflicts', `--field-manager=${FIELD_MANAGER}`, '-f', '-'],
      input,
    );
  }

  /** Deletes an object if it is there and waits until it is gone. */
  public async remove(kind: string, name: string, namespace?: string, seconds = 90): Promise<void> {
    const wait = ['--ignore-not-found', '--wait=true', `--timeout=${seconds}s`];
    await this.output(['delete', kind, name, ...inNamespace(namespace), ...wait], undefined, seconds + 10);
  }

  /** Runs a command in a container; a non-zero exit is a value. */
  public exec(pod: Pod, container: string, command: readonly string[], input?: string): Promise<Finished> {
    const { name, namespace } = pod.metadata;
    const target = ['-n', namespace ?? 'default', name, '-c', container];
    return this.run(['exec', ...(input === undefined ? [] : ['-i']), ...target, '--', ...command], input);
  }

  /** Pods of a workload. */
  public pods(namespace: string, workload: string): Promise<Pod[]> {
    return this.list<Pod>('pods', namespace, `app.kubernetes.io/name=${workload}`);
  }

  /** The first ready pod of a workload, once there is one. */
  public readyPod(namespace: string, workload: string, seconds = 120): Promise<Pod> {
    return waitFor(
      `a pod of ${workload} is ready`,
      async () => (await this.pods(namespace, workload)).find(isReady),
      this.limits(seconds),
    );
  }

  /** Options of `waitFor` with the test's own end. */
  public limits(seconds: number): { readonly signal: AbortSignal; readonly seconds: number } {
    return { signal: this.commands.signal, seconds };
  }
}

function inNamespace(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['-n', namespace];
}
