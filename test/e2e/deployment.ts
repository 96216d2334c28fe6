import { join } from 'node:path';
import { APP, type Context, DATABASE, LAYERS, NAMESPACE } from './context';
import { ROOT } from './flux';
import { waitFor } from './waiting';

/** Password of the database's owner until it is rotated. */
export const FIRST_PASSWORD = "first-p'assword";

/** PersistentVolumes of the platform. */
export const VOLUMES = ['school-platform-prod-pv', 'school-platform-prod-db-pv', 'school-backups-pv-prod'] as const;

/** Publishes the committed `dist` with fresh Secrets, and lets Flux follow the repository. @returns the commit */
export async function publishDist(context: Context): Promise<string> {
  const { repository, flux, project } = context;
  repository.write(join(project, 'dist'));
  await repository.writeSecrets(FIRST_PASSWORD);
  const commit = await repository.publish('the school platform');
  await flux.install(repository.git.url, repository.sops?.identity);
  return commit;
}

/** Deploys the platform on prepared directories. @returns seconds from the commit until each layer was ready */
export async function deploy(context: Context): Promise<Map<string, number>> {
  await context.volumes.prepare();
  const commit = await publishDist(context);
  return context.flux.applied(commit, Object.values(LAYERS), 300);
}

/** Waits until all layers and both workloads are as they should be; a scenario may have left them on the way. */
export async function healthy(context: Context, seconds = 120): Promise<void> {
  const { kubectl, flux } = context;
  await kubectl.readyPod(NAMESPACE, DATABASE, seconds);
  await kubectl.readyPod(NAMESPACE, APP, seconds);
  await waitFor(
    'every Kustomization is ready',
    async () => {
      const all = await flux.list();
      const ready = all.filter(({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
      );
      return all.length > 1 && ready.length === all.length ? true : undefined;
    },
    kubectl.limits(seconds),
  );
}

/** Removes the platform's Kustomizations, the way a platform is retired: what they prune goes, `base` stays. */
export async function retire({ kubectl, flux }: Context): Promise<void> {
  await flux.uninstall();
  await waitFor(
    'the Kustomizations are pruned',
    async () => ((await flux.list()).filter(({ metadata }) => metadata.name !== ROOT).length === 0 ? true : undefined),
    kubectl.limits(120),
  );
}

/** Removes everything, data too. */
export async function remove(context: Context): Promise<void> {
  const { kubectl, volumes } = context;
  await retire(context);
  await kubectl.remove('namespace', NAMESPACE, undefined, 180);
  for (const volume of VOLUMES) {
    await kubectl.remove('persistentvolume', volume);
  }
  volumes.empty();
}
