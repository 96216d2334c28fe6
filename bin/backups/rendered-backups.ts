import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { CommandFailure } from './command-failure';
import type { CronJobManifest } from './kubernetes-objects';
import { containerOf, ROLES, type Role } from './role';

/** The CronJob that `dist` has for a role. */
export interface RenderedCronJob {
  readonly name: string;
  readonly namespace: string;
  /** Flux Kustomization that applies it. */
  readonly kustomization: string;
}

/**
 * The CronJobs that make, manage and restore the backups of an environment, read from `dist`: what was reviewed is what
 * is meant.
 *
 * @throws CommandFailure with status 2 when `dist` has no such environment, or more than one CronJob for a role
 */
export function renderedBackups(
  dist: string,
  platform: string,
  environment: string,
): Readonly<Partial<Record<Role, RenderedCronJob>>> {
  const folder = join(dist, 'platforms');
  choose('platform', platform, folder);
  choose(`environment of ${platform}`, environment, join(folder, platform));

  const found = foldersIn(join(folder, platform, environment)).flatMap((layer) =>
    cronJobsIn(join(folder, platform, environment, layer)).map(({ metadata, spec }) => ({
      name: metadata.name,
      namespace: metadata.namespace ?? 'default',
      kustomization: [platform, environment, ...(layer === 'app' ? [] : [layer])].join('-'),
      jobTemplate: spec.jobTemplate,
    })),
  );
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const own = found.filter(({ jobTemplate }) => containerOf(jobTemplate, role) !== undefined);
      if (own.length > 1) {
        throw new CommandFailure(
          2,
          `${platform} ${environment} has several CronJobs for "${role}": ${own.map(({ name }) => name).join(', ')}; ` +
            'this command knows environments with one database, make the Job with kubectl',
        );
      }
      return own.map((cronJob) => [role, cronJob]);
    }),
  );
}

function choose(what: string, name: string, folder: string): void {
  const names = existsSync(folder) ? foldersIn(folder) : [];
  if (!names.includes(name)) {
    const choice = names.length > 0 ? `there is ${names.join(', ')}` : 'run "make synth" first';
    throw new CommandFailure(2, `there is no ${what} "${name}" in dist; ${choice}`);
  }
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function cronJobsIn(folder: string): CronJobManifest[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith('cronjob-') && file.endsWith('.yaml'))
    .map((file) => load(readFileSync(join(folder, file), 'utf8')) as CronJobManifest);
}
