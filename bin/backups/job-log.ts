import { setTimeout as delay } from 'node:timers/promises';
import type { Kubectl } from './kubectl';
import type { Pod } from './kubernetes-objects';

/** After the end of a container its log is read to the end, but not for longer than this. */
const LAST_LINES_WAIT_MS = 5000;

/** For this long the API server may be away when a log is read. */
const PATIENCE_MS = 60_000;

/** Nothing else ends one: a JSON text may have any other character. */
const LINE_END = /\r?\n/;

/** A log that is being followed. */
export interface FollowedLog {
  /** Resolves when everything was handed on. */
  end(): Promise<void>;
  /** Gives up what is not handed on yet, so that nothing keeps the program running. */
  stop(): void;
}

/** Hands on each line of a container's log as it comes; one that has no end yet may be half of one, and is not. */
export function followLog(
  kubectl: Kubectl,
  namespace: string,
  pod: Pod,
  container: string,
  onLine: (line: string) => void,
): FollowedLog {
  const child = kubectl.start(['logs', '--follow', ...target(namespace, pod, container)]);
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    rest += text;
    if (text.includes('\n')) {
      const lines = rest.split(LINE_END);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        onLine(line);
      }
    }
  });
  const closed = new Promise<void>((resolve) => {
    child.stdout.on('close', resolve);
    child.on('error', () => resolve());
  });
  const stop = () => {
    child.kill();
    // Where `kubectl` is a script that calls another one, that one has the pipe still and does not end.
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
  const begun = performance.now();
  const read = () => kubectl.run(['logs', ...target(namespace, pod, container)]);
  let answer = await read();
  // What the API server itself refuses it refuses again.
  while (answer.code !== 0 && !answer.stderr.includes('Error from server') && performance.now() - begun < PATIENCE_MS) {
    await delay(1000);
    answer = await read();
  }
  const { code, stdout } = answer;
  const lines = stdout.split(LINE_END);
  return code === 0 ? lines.slice(0, lines.at(-1) === '' ? -1 : undefined) : undefined;
}

/**
 * The whole log of which some lines came at once and the others are read at the end; undefined when there is a hole
 * between them, because the node has removed its beginning meanwhile.
 */
export function wholeLog(followed: readonly string[], read: readonly string[]): readonly string[] | undefined {
  if (followed.every((line, index) => line === read[index])) {
    return read;
  }
  for (let common = Math.min(followed.length, read.length); common > 0; common -= 1) {
    if (read.slice(0, common).every((line, index) => line === followed[followed.length - common + index])) {
      return [...followed, ...read.slice(common)];
    }
  }
  return undefined;
}

function target(namespace: string, pod: Pod, container: string): string[] {
  return ['-n', namespace, pod.metadata.name, '-c', container];
}
