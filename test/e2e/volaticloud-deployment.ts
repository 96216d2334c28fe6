import { shortenDeadlines } from './changes';
import type { Context, TestedPlatform } from './context';
import { ProjectCopy } from './project-copy';
import { pullSecret, secret } from './secrets';
import { VISITOR_IMAGE } from './visitors';
import { APP_LAYER, BACKEND, CLUSTER, MONITORING, NAMESPACE } from './volaticloud';

const IMAGES = 'platforms/volaticloud/images.yaml';
const REPOSITORY = 'ghcr.io/volaticloud';

/** A release of the backend. */
export interface Release {
  /** Such as `main-0000001`. */
  readonly tag: string;
  /** Whether its health check says no. @default false */
  readonly sick?: boolean;
}

export const FIRST_RELEASE: Release = { tag: 'main-0000001' };

/** Makes a release's image, renders `dist` into the config repository and publishes it. @returns the commit */
export async function publish(context: Context, { tag, sick = false }: Release): Promise<string> {
  const { project, workFolder, kubectl, standIns, repository, say } = context;
  const env: Record<string, string> = sick ? { SICK: 'yes' } : {};
  await standIns.make(`volaticloud-${tag}`, [`${REPOSITORY}/volaticloud:${tag}`], { release: tag, port: 8080, env });
  const copy = new ProjectCopy(project, workFolder, kubectl.commands);
  copy.edit(IMAGES, (text) => text.replace(/(volaticloud\/volaticloud:)\S+/, `$1${tag}`));
  await copy.synth();
  repository.write(copy.dist);
  const change = shortenDeadlines(repository.folder, BACKEND, APP_LAYER);
  say(`  published ${tag}; further change: ${change}`);
  return repository.publish(`release ${tag}`);
}

/** Deploys the first release to a cluster that has nothing of it, and waits until every layer is ready. */
export async function deploy(context: Context): Promise<Map<string, number>> {
  const { repository, flux, standIns } = context;
  await standIns.make('volaticloud-dashboard', [`${REPOSITORY}/dashboard:*`], { release: 'dashboard', port: 8080 });
  await standIns.make('visitor', [VISITOR_IMAGE], { release: 'visitor', port: 8080 });
  await context.kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: MONITORING } });
  await repository.writeSecrets('volaticloud', 'staging', [
    secret(NAMESPACE, 'volaticloud-db-secret', {
      dsn: 'postgres://volaticloud:only-for-the-test@10.114.0.3/volaticloud',
    }),
    pullSecret(NAMESPACE, 'volaticloud-registry', 'ghcr.io'),
  ]);
  const commit = await publish(context, FIRST_RELEASE);
  await flux.install(repository.git.url, CLUSTER, repository.sops?.identity);
  return flux.applied(commit, repository.kustomizations(CLUSTER), 240);
}

/** VolatiCloud's staging, with every layer ready. */
export const volaticloud: TestedPlatform = {
  name: 'VolatiCloud',
  namespace: NAMESPACE,
  async healthy({ kubectl, flux }) {
    await kubectl.readyPod(NAMESPACE, BACKEND);
    await flux.ready(180);
  },
  async remove({ kubectl, flux }) {
    await flux.retire();
    await kubectl.remove('namespace', NAMESPACE, undefined, 180);
    await kubectl.remove('namespace', MONITORING);
  },
};
