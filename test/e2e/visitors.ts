import { Follower } from './follower';
import type { Kubectl } from './kubectl';
import { waitFor } from './waiting';

/** Image of the pods from which they come. */
export const VISITOR_IMAGE = 'mooring-e2e/visitor:1';

/** Label of these pods. */
export const VISITOR_LABEL = 'mooring-e2e/visitors';

/** One visit. */
export interface Visit {
  /** HTTP status, `000` without an answer within two seconds. */
  readonly status: string;
  /** Release and pod that answered, or what went wrong. */
  readonly answer: string;
  /** When its line was read, in milliseconds of `performance.now()`. */
  readonly at: number;
}

/** What is counted over a time. */
export interface Count {
  readonly visits: number;
  readonly failed: readonly Visit[];
}

/** People who ask a Service for a page at a steady rate, each visit on a connection of its own or on one kept alive. */
export class Visitors {
  readonly #log: Follower;
  readonly #visits: Visit[] = [];
  readonly #begun = performance.now();
  #unfinished = '';

  /** Starts them in a namespace from which the URL may be visited. @param rate visits a second */
  public static async start(
    kubectl: Kubectl,
    namespace: string,
    url: string,
    keepAlive: boolean,
    rate = 25,
  ): Promise<Visitors> {
    const pod = `mooring-e2e-visitors-${keepAlive ? 'keep-alive' : 'new-connections'}`;
    await startPod(kubectl, namespace, pod, ['visit', `-rate=${rate}`, `-keep-alive=${keepAlive}`, url]);
    const visitors = new Visitors(kubectl, namespace, pod);
    await visitors.more(rate);
    return visitors;
  }

  private constructor(
    readonly kubectl: Kubectl,
    readonly namespace: string,
    readonly pod: string,
  ) {
    const logs = ['logs', '--follow', '-n', namespace, pod];
    this.#log = new Follower(kubectl.commands, 'kubectl', logs, (text) => this.#read(text));
  }

  /** Every visit until now. */
  public get visits(): readonly Visit[] {
    return this.#visits;
  }

  /** Visits a second, from the start until now. */
  public get rate(): number {
    return this.#visits.length / ((performance.now() - this.#begun) / 1000);
  }

  /** Counts the visits since a moment. @default since the start */
  public count(since = 0): Count {
    const visits = this.#visits.filter(({ at }) => at >= since);
    return { visits: visits.length, failed: visits.filter(({ status }) => status !== '200') };
  }

  /** When a release answered for the first time, once it has. */
  public async firstAnswerOf(release: string, seconds: number): Promise<number> {
    const found = await waitFor(
      `release ${release} answers`,
      async () => this.#visits.find(({ answer }) => answer.startsWith(`${release} `)),
      { ...this.kubectl.limits(seconds), every: 50 },
    );
    return found.at;
  }

  /** Waits for more visits than there are now. */
  public async more(count: number): Promise<void> {
    const wanted = this.#visits.length + count;
    await waitFor(
      `there are ${count} more visits`,
      async () => (this.#visits.length >= wanted ? true : undefined),
      this.kubectl.limits(60),
    );
  }

  /** Ends the visits. */
  public async leave(): Promise<void> {
    await this.#log.leave();
    await this.kubectl.remove('pod', this.pod, this.namespace);
  }

  #read(text: string): void {
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    const at = performance.now();
    this.#visits.push(...lines.map((line) => ({ status: line.slice(0, 3), answer: line.slice(4), at })));
  }
}

async function startPod(kubectl: Kubectl, namespace: string, name: string, args: readonly string[]): Promise<void> {
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { [VISITOR_LABEL]: '' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        { name: 'visitors', image: VISITOR_IMAGE, args, resources: { requests: { cpu: '10m', memory: '32Mi' } } },
      ],
    },
  });
  await kubectl.output(['wait', '-n', namespace, '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
}
