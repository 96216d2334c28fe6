import { join } from 'node:path';
import type { Context, TestedPlatform } from './context';
import { APP, CLUSTER, DATABASE, LAYERS, NAMESPACE, VOLUMES } from './school';
import { schoolSecrets } from './school-secrets';

/** Password of the database's owner until it is rotated. */
export const FIRST_PASSWORD = "first-p'assword";

/** Publishes the committed `dist` with fresh Secrets, and lets Flux follow the repository. @returns the commit */
export async function publishDist(context: Context): Promise<string> {
  const { repository, flux, project } = context;
  repository.write(join(project, 'dist'));
  await writeSchoolSecrets(context, FIRST_PASSWORD);
  const commit = await repository.publish('the school platform');
  await flux.install(repository.git.url, CLUSTER, repository.sops?.identity);
  return commit;
}

/** Writes the platform's Secrets with this password of the database. */
export function writeSchoolSecrets({ repository }: Context, password: string): Promise<void> {
  return repository.writeSecrets('school-platform', 'prod', schoolSecrets(password));
}

/** Deploys the platform on prepared directories. @returns seconds from the commit until each layer was ready */
export async function deploy(context: Context): Promise<Map<string, number>> {
  await context.volumes.prepare();
  const commit = await publishDist(context);
  return context.flux.applied(commit, Object.values(LAYERS), 300);
}

/** Removes everything, data too. */
export async function remove(context: Context): Promise<void> {
  const { kubectl, flux, volumes } = context;
  await flux.retire();
  await kubectl.remove('namespace', NAMESPACE, undefined, 180);
  for (const volume of VOLUMES) {
    await kubectl.remove('persistentvolume', volume);
  }
  volumes.empty();
}

/** The school platform, with both workloads and every layer ready. */
export const school: TestedPlatform = {
  name: 'the school platform',
  namespace: NAMESPACE,
  remove,
  async healthy({ kubectl, flux }) {
    await kubectl.readyPod(NAMESPACE, DATABASE);
    await kubectl.readyPod(NAMESPACE, APP);
    await flux.ready(120);
  },
};
