import { createInterface } from 'node:readline';
import type { Kubectl } from './kubectl';
import type { Pod } from './kubernetes-objects';

/** After the end of a container its log is read to the end, but not for longer than this. */
const LAST_LINES_WAIT_MS = 5000;

/** Where node:readline ends a line, too. */
const LINE_END = /\r\n|[\n\r\u2028\u2029]/;

/** A log that is being followed. */
export interface FollowedLog {
  /** Resolves when everything was handed on. */
  end(): Promise<void>;
  /** Gives up what is not handed on yet, so that nothing keeps the program running. */
  stop(): void;
}

/** Hands on each line of a container's log as it comes. */
export function followLog(
  kubectl: Kubectl,
  namespace: string,
  pod: Pod,
  container: string,
  onLine: (line: string) => void,
): FollowedLog {
  const child = kubectl.start(['logs', '--follow', ...target(namespace, pod, container)]);
  const lines = createInterface({ input: child.stdout }).on('line', onLine);
  const closed = new Promise<void>((resolve) => {
    lines.on('close', resolve);
    child.on('error', () => resolve());
  });
  const stop = () => {
    child.kill();
    // Where `kubectl` is a script that calls another one, that one has the pipe still and does not end.
    lines.close();
    child.stdout.destroy();
  };
  return {
    async end() {
      const timer = setTimeout(stop, LAST_LINES_WAIT_MS);
      await closed;
      clearTimeout(timer);
    },
    stop,
  };
}

/** The lines of a container's log so far; undefined when they cannot be read, which is not the same as none. */
export async function readLog(
  kubectl: Kubectl,
  namespace: string,
  pod: Pod | undefined,
  container: string,
): Promise<string[] | undefined> {
  if (pod === undefined) {
    return undefined;
  }
  const { code, stdout } = await kubectl.run(['logs', ...target(namespace, pod, container)]);
  const lines = stdout.split(LINE_END);
  return code === 0 ? lines.slice(0, lines.at(-1) === '' ? -1 : undefined) : undefined;
}

function target(namespace: string, pod: Pod, container: string): string[] {
  return ['-n', namespace, pod.metadata.name, '-c', container];
}
