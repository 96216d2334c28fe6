import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { adaptToThisMachine, yamlFiles } from './changes';
import type { GitFolder } from './git';
import type { KubeObject } from './objects';
import type { Sops } from './sops';
import type { Volumes } from './volumes';
import { Webhook } from './webhook';

/** Folders of `dist` that are published. */
const RENDERED = ['clusters', 'platforms'];

/** Where people keep the Secrets of the school platform. */
const SECRETS = 'secrets/school-platform/prod';

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

  /** Writes the Secrets of the platform's contract with this password, encrypted where SOPS is there. */
  public async writeSecrets(password: string): Promise<void> {
    const folder = join(this.folder, SECRETS);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const secret of secrets(password)) {
      const file = join(folder, `${secret.metadata.name}.yaml`);
      writeFileSync(file, dump(secret));
      await this.sops?.encrypt(file);
    }
  }

  /** Commits and pushes. @returns the commit's hash */
  public publish(message: string): Promise<string> {
    return this.git.publish(message);
  }

  /** Names of the Flux Kustomizations that are in the repository. */
  public kustomizations(): string[] {
    return yamlFiles(join(this.folder, 'clusters/my-cluster'))
      .map((file) => load(readFileSync(file, 'utf8')) as KubeObject)
      .filter(({ kind }) => kind === 'Kustomization')
      .map(({ metadata }) => metadata.name);
  }
}

/** User and database of the Secret that the test writes. */
export const DATABASE = { user: 'school', name: 'school' } as const;

function secrets(password: string): (KubeObject & { type: string; stringData: Record<string, string> })[] {
  const secret = (name: string, stringData: Record<string, string>, type = 'Opaque') => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'school' },
    type,
    stringData,
  });
  const url = `postgresql://${DATABASE.user}:${encodeURIComponent(password)}@school-platform-db:5432/${DATABASE.name}`;
  const auths = { 'registry.gitlab.example.com': { username: 'deploy', password: 'e2e' } };
  return [
    secret('school-platform-db-secret', {
      POSTGRES_USER: DATABASE.user,
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: DATABASE.name,
    }),
    secret('school-platform-app-secret', { DATABASE_URL: url, NEXTAUTH_SECRET: 'only for the test' }),
    secret('school-platform-backup-secret', { SLACK_WEBHOOK_URL: Webhook.URL }),
    secret(
      'school-platform-registry',
      { '.dockerconfigjson': JSON.stringify({ auths }) },
      'kubernetes.io/dockerconfigjson',
    ),
  ];
}
