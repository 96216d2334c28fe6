import { generateKeyPairSync } from 'node:crypto';
import type { Context, TestedPlatform } from './context';
import { API, CLUSTER, NAMESPACE } from './honeydue';
import { FIRST_RELEASE, HoneydueReleases } from './honeydue-releases';
import { Neon } from './neon';
import { pullSecret, secret } from './secrets';
import { VISITOR_IMAGE } from './visitors';
import { waitFor } from './waiting';

/** Images that are the same in every release, and the port on which the real program listens. */
const OTHERS = { 'victoriametrics/vmagent:*': 8429 } as const;

/** Publishes the first release to a cluster that has nothing of it. @returns the commit */
export async function publishFirstRelease(context: Context): Promise<string> {
  const { repository, flux, standIns, kubectl } = context;
  for (const [name, port] of Object.entries(OTHERS)) {
    await standIns.make(`other-${port}`, [name], { release: name, port });
  }
  await standIns.make('visitor', [VISITOR_IMAGE], { release: 'visitor', port: 8080 });
  const neon = await Neon.start(kubectl);
  const releases = new HoneydueReleases(context);
  await releases.prepare(FIRST_RELEASE);
  await repository.writeSecrets('honeydue', 'prod', secrets());
  const commit = await repository.publish('honeyDue');
  await flux.install(repository.git.url, CLUSTER, repository.sops?.identity);
  await waitFor('the namespace is there', async () => kubectl.find('namespace', NAMESPACE), kubectl.limits(60));
  await neon.allowClients();
  return commit;
}

function secrets() {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return [
    secret(NAMESPACE, 'honeydue-secrets', {
      POSTGRES_PASSWORD: Neon.PASSWORD,
      SECRET_KEY: 'only for the test, thirty-two characters',
      EMAIL_HOST_PASSWORD: 'only for the test',
      B2_APP_KEY: 'only for the test',
      APNS_AUTH_KEY: privateKey,
      METRICS_TOKEN: 'only for the test',
    }),
    pullSecret(NAMESPACE, 'honeydue-registry', 'gitea.example.com'),
  ];
}

/** honeyDue on a stand-in for Neon, with every layer ready. */
export const honeydue: TestedPlatform = {
  name: 'honeyDue',
  namespace: NAMESPACE,
  async healthy({ kubectl, flux }) {
    await kubectl.readyPod(NAMESPACE, API);
    await flux.ready(180);
  },
  async remove({ kubectl, flux }) {
    await flux.retire();
    await kubectl.remove('namespace', NAMESPACE, undefined, 180);
    await Neon.remove(kubectl);
  },
};
