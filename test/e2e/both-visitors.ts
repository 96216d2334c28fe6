import type { Kubectl } from './kubectl';
import { type Visit, Visitors } from './visitors';
import { expect } from './waiting';

/** Both kinds of visitors at once. */
export class BothVisitors {
  public static async start(kubectl: Kubectl, namespace: string, url: string, rate?: number): Promise<BothVisitors> {
    return new BothVisitors(
      await Visitors.start(kubectl, namespace, url, false, rate),
      await Visitors.start(kubectl, namespace, url, true, rate),
    );
  }

  private constructor(
    public readonly fresh: Visitors,
    public readonly keptAlive: Visitors,
  ) {}

  /** Visits that failed since a moment. */
  public failed(since?: number): Visit[] {
    return [...this.fresh.count(since).failed, ...this.keptAlive.count(since).failed];
  }

  /** What was visited, for the table. @throws when they were fewer than 20 a second each */
  public figures(since?: number): Record<string, string> {
    const kinds = { 'new connections': this.fresh, 'keep-alive': this.keptAlive };
    return Object.fromEntries(
      Object.entries(kinds).map(([kind, visitors]) => {
        expect(`there are 20 visits a second with ${kind}`, visitors.rate >= 20, visitors.rate);
        const { visits, failed } = visitors.count(since);
        return [`visits with ${kind}, failed`, `${visits}, ${failed.length}`];
      }),
    );
  }

  public async leave(): Promise<void> {
    await Promise.all([this.fresh.leave(), this.keptAlive.leave()]);
  }
}
