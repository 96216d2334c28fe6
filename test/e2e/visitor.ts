import { Follower } from './follower';
import type { Kubectl } from './kubectl';
import type { Pod } from './objects';
import { waitFor } from './waiting';

/** What one visit got. */
export interface Visit {
  /** HTTP status, `000` when there was no answer within two seconds. */
  readonly status: string;
  /** Version and pod that answered. */
  readonly version: string;
  readonly host: string;
}

/** Somebody who asks for a page ten times a second, from a pod, until `leave`. */
export class Visitor {
  readonly #kubectl: Kubectl;
  readonly #loop: Follower;

  public constructor(kubectl: Kubectl, pod: Pod, url: string) {
    const loop = `while :; do body=$(curl -s --max-time 2 -w ' %{http_code}' ${url}) || true; echo "\${body//$'\\n'/ }"; sleep 0.1; done`;
    const target = ['exec', '-n', pod.metadata.namespace ?? '', pod.metadata.name, '-c', 'tools'];
    this.#kubectl = kubectl;
    this.#loop = new Follower(kubectl.commands, 'kubectl', [...target, '--', 'bash', '-c', loop]);
  }

  /** Every visit until now. */
  public visits(): Visit[] {
    return this.#loop.lines().map((line) => ({
      status: line.slice(-3),
      version: /"version": "([^"]*)"/.exec(line)?.[1] ?? '',
      host: /"host": "([^"]*)"/.exec(line)?.[1] ?? '',
    }));
  }

  /** Waits for more visits than there are now. */
  public async more(count: number): Promise<void> {
    const wanted = this.visits().length + count;
    await waitFor(
      `there are ${count} more visits`,
      async () => (this.visits().length >= wanted ? true : undefined),
      this.#kubectl.limits(60),
    );
  }

  /** Ends the visits. */
  public leave(): Promise<void> {
    return this.#loop.leave();
  }
}
