import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import type { KubeObject } from './objects';
import { BACKUP } from './school';
import type { Volumes } from './volumes';

/** What the test changes in `dist` before it is published, in words; everything else is applied as it is committed. */
export const CHANGES: readonly string[] = [
  'PersistentVolumes: nfs becomes hostPath (directories of this machine), and mountOptions go, which hostPath has not',
  'Deployment school-platform: the stand-in for the app image is told its port and its version (PORT, APP_VERSION)',
  'a NetworkPolicy of its own lets pods of backups reach the stand-in for Slack, which is no public address on port 443',
];

interface PersistentVolume extends KubeObject {
  readonly spec: { nfs?: { readonly path: string }; hostPath?: object; mountOptions?: unknown };
}

interface Deployment extends KubeObject {
  readonly spec: {
    progressDeadlineSeconds?: number;
    readonly template: {
      readonly spec: { readonly containers: { readonly image: string; env?: { name: string; value?: string }[] }[] };
    };
  };
}

interface CronJob extends KubeObject {
  readonly spec: { schedule: string };
}

interface Kustomization extends KubeObject {
  readonly spec: { timeout?: string };
}

/** Makes the stated changes in the files below a folder. */
export function adaptToThisMachine(folder: string, volumes: Volumes): void {
  for (const file of yamlFiles(folder)) {
    if (file.includes('/persistentvolume-')) {
      rewrite<PersistentVolume>(file, ({ spec }) => {
        spec.hostPath = { path: volumes.path(spec.nfs?.path ?? ''), type: 'Directory' };
        delete spec.nfs;
        delete spec.mountOptions;
      });
    } else if (file.endsWith('/app/deployment-school-platform.yaml')) {
      rewrite<Deployment>(file, ({ spec }) => {
        for (const container of spec.template.spec.containers) {
          const version = container.image.slice(container.image.lastIndexOf(':') + 1);
          container.env = [
            ...(container.env ?? []),
            { name: 'PORT', value: '3000' },
            { name: 'APP_VERSION', value: version },
          ];
        }
      });
    }
  }
}

/**
 * Lets a release that cannot become ready fail in two minutes; as rendered it has 20, and a test cannot wait so long.
 *
 * @param deployment name of the Deployment that will not become ready
 * @param kustomization name of the Flux Kustomization that applies it
 * @returns the change in words
 */
export function shortenDeadlines(folder: string, deployment: string, kustomization: string): string {
  for (const file of yamlFiles(folder)) {
    if (file.endsWith(`/app/deployment-${deployment}.yaml`)) {
      rewrite<Deployment>(file, ({ spec }) => {
        spec.progressDeadlineSeconds = 60;
      });
    } else if (file.endsWith(`/kustomization-${kustomization}.yaml`)) {
      rewrite<Kustomization>(file, ({ spec }) => {
        spec.timeout = '2m';
      });
    }
  }
  return 'progressDeadlineSeconds 60 and timeout 2m, so that Flux gives its verdict soon';
}

/**
 * Lets the backup run every minute; as rendered it runs once a night.
 *
 * @returns the change in words
 */
export function backUpEveryMinute(folder: string): string {
  for (const file of yamlFiles(folder)) {
    if (file.endsWith(`/cronjob-${BACKUP}.yaml`)) {
      rewrite<CronJob>(file, ({ spec }) => {
        spec.schedule = '* * * * *';
      });
    }
  }
  return 'the backup runs every minute, for one run';
}

/** Every YAML file below a folder. */
export function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => join(folder, path))
    .sort();
}

function rewrite<T extends KubeObject>(file: string, change: (object: T) => void): void {
  const object = load(readFileSync(file, 'utf8')) as T;
  change(object);
  writeFileSync(file, dump(object));
}
