import { BRANCH } from './git';
import type { Kubectl } from './kubectl';
import { condition, type FluxKustomization, type KubeObject } from './objects';
import { secondsSince, waitFor } from './waiting';

const NAMESPACE = 'flux-system';

/** Name of the source and of the root Kustomization, as `flux bootstrap` calls them. */
export const ROOT = 'flux-system';

/** The objects that `flux bootstrap` would leave, and what a person does with the flux program. */
export class Flux {
  public constructor(readonly kubectl: Kubectl) {}

  /** Lets Flux follow a repository's folder of one cluster. */
  public async install(url: string, cluster: string, ageIdentity: string | undefined): Promise<void> {
    const meta = (name: string) => ({ name, namespace: NAMESPACE });
    await this.kubectl.apply(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: meta('sops-age'),
        // An empty key ring is enough where nothing is encrypted.
        stringData: ageIdentity === undefined ? {} : { 'age.agekey': ageIdentity },
      },
      {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata: meta(ROOT),
        spec: { interval: '10m', url, ref: { branch: BRANCH } },
      },
      {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: meta(ROOT),
        spec: {
          interval: '10m',
          retryInterval: '30s',
          path: `./clusters/${cluster}`,
          prune: true,
          sourceRef: { kind: 'GitRepository', name: ROOT },
        },
      },
    );
  }

  /** Removes what `install` made; the root Kustomization first, which prunes the others. */
  public async uninstall(): Promise<void> {
    await this.kubectl.remove('kustomization', ROOT, NAMESPACE);
    await this.kubectl.remove('gitrepository', ROOT, NAMESPACE);
    await this.kubectl.remove('secret', 'sops-age', NAMESPACE);
  }

  /** Removes every Kustomization, the way a platform is retired: what they prune goes, `base` stays. */
  public async retire(): Promise<void> {
    await this.uninstall();
    await waitFor(
      'the Kustomizations are pruned',
      async () =>
        (await this.list()).filter(({ metadata }) => metadata.name !== ROOT).length === 0 ? true : undefined,
      this.kubectl.limits(120),
    );
  }

  /** Waits until every Kustomization is ready. */
  public async ready(seconds: number): Promise<void> {
    await waitFor(
      'every Kustomization is ready',
      async () => {
        const all = await this.list();
        const ready = all.filter(({ status }) => condition(status?.conditions, 'Ready')?.status === 'True');
        return all.length > 1 && ready.length === all.length ? true : undefined;
      },
      this.kubectl.limits(seconds),
    );
  }

  /** Asks a Kustomization to compare the cluster with its folder now, as `flux reconcile kustomization` does. */
  public async reconcile(name: string): Promise<void> {
    const now = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
    await this.kubectl.output(['annotate', '--overwrite', 'kustomization', name, '-n', NAMESPACE, now]);
  }

  /** Waits until a Kustomization has tried a commit and is not ready. @returns what it says */
  public verdict(name: string, commit: string, seconds: number): Promise<string> {
    return waitFor(
      `Flux gives ${commit.slice(0, 8)} up`,
      async () => {
        const { status } = await this.get(name);
        const ready = condition(status?.conditions, 'Ready');
        const failed = ready?.status === 'False' && status?.lastAttemptedRevision?.endsWith(commit) === true;
        return failed && ready.reason !== 'DependencyNotReady' ? (ready.message ?? '') : undefined;
      },
      this.kubectl.limits(seconds),
    );
  }

  /** Asks the source to look for new commits now, as `flux reconcile source git` does. */
  public async fetch(): Promise<void> {
    const now = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
    await this.kubectl.output(['annotate', '--overwrite', 'gitrepository', ROOT, '-n', NAMESPACE, now]);
  }

  /** Stops a Kustomization from touching the cluster, or lets it again. */
  public async suspend(name: string, suspend: boolean): Promise<void> {
    const patch = JSON.stringify({ spec: { suspend } });
    await this.kubectl.output(['patch', 'kustomization', name, '-n', NAMESPACE, '--type=merge', '-p', patch]);
  }

  public get(name: string): Promise<FluxKustomization> {
    return this.kubectl.get<FluxKustomization>('kustomization', name, NAMESPACE);
  }

  /** Every Kustomization that is there. */
  public list(): Promise<FluxKustomization[]> {
    return this.kubectl.list<FluxKustomization>('kustomization', NAMESPACE);
  }

  /**
   * Waits until these Kustomizations have applied a commit and are ready.
   *
   * @returns seconds until each was seen ready, in that order
   */
  public async applied(commit: string, names: readonly string[], seconds: number): Promise<Map<string, number>> {
    const begun = performance.now();
    const seen = new Map<string, number>();
    await this.fetch();
    await waitFor(
      `Flux has applied ${commit.slice(0, 8)}`,
      async () => {
        const all = await this.list();
        for (const name of names) {
          const one = all.find(({ metadata }) => metadata.name === name);
          if (one !== undefined && !seen.has(name) && isApplied(one, commit)) {
            seen.set(name, secondsSince(begun));
          }
        }
        if (seen.size === names.length) {
          return true;
        }
        throw new Error(describe(all.filter(({ metadata }) => names.includes(metadata.name))));
      },
      this.kubectl.limits(seconds),
    );
    return seen;
  }
}

/** Whether a Kustomization has applied a commit and is ready. */
export function isApplied({ metadata, status }: FluxKustomization, commit: string): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    status?.lastAppliedRevision?.endsWith(commit) === true &&
    condition(status.conditions, 'Ready')?.status === 'True'
  );
}

/** One line a Kustomization: its name and what its Ready condition says. */
export function describe(kustomizations: readonly (KubeObject & FluxKustomization)[]): string {
  return kustomizations
    .map(({ metadata, status }) => {
      const ready = condition(status?.conditions, 'Ready');
      return `${metadata.name}: ${ready?.status ?? '?'} ${ready?.reason ?? ''} ${ready?.message ?? ''}`;
    })
    .join('\n');
}
