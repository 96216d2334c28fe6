import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { adaptToThisMachine, yamlFiles } from './changes';
import type { GitFolder } from './git';
import type { KubeObject } from './objects';
import type { Sops } from './sops';
import type { Volumes } from './volumes';

/** Folders of `dist` that are published. */
const RENDERED = ['clusters', 'platforms'];

/** A Secret as a person writes it. */
export interface WrittenSecret extends KubeObject {
  readonly type: string;
  readonly stringData: Readonly<Record<string, string>>;
}

/** The config repository: what synth rendered, and the Secrets that people write. */
export class ConfigRepository {
  public constructor(
    readonly git: GitFolder,
    readonly volumes: Volumes,
    readonly sops: Sops | undefined,
  ) {}

  /** Folder of the working tree. */
  public get folder(): string {
    return this.git.path;
  }

  /** Replaces the rendered part with that of a `dist` folder, with the stated changes. */
  public write(dist: string): void {
    for (const name of RENDERED) {
      rmSync(join(this.folder, name), { recursive: true, force: true });
      cpSync(join(dist, name), join(this.folder, name), { recursive: true });
    }
    adaptToThisMachine(this.folder, this.volumes);
  }

  /** Writes the Secrets of a platform's contract, encrypted where SOPS is there. */
  public async writeSecrets(platform: string, environment: string, secrets: readonly WrittenSecret[]): Promise<void> {
    const folder = join(this.folder, 'secrets', platform, environment);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const secret of secrets) {
      const file = join(folder, `${secret.metadata.name}.yaml`);
      writeFileSync(file, dump(secret));
      await this.sops?.encrypt(file);
    }
  }

  /** Commits and pushes. @returns the commit's hash */
  public publish(message: string): Promise<string> {
    return this.git.publish(message);
  }

  /** Names of the Flux Kustomizations that are in the repository for a cluster. */
  public kustomizations(cluster: string): string[] {
    return yamlFiles(join(this.folder, 'clusters', cluster))
      .map((file) => load(readFileSync(file, 'utf8')) as KubeObject)
      .filter(({ kind }) => kind === 'Kustomization')
      .map(({ metadata }) => metadata.name);
  }
}
