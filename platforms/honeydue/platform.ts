import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import {
  ConfigEnv,
  ExternalPostgres,
  MetricsAgent,
  MigrationGate,
  MigrationJob,
  MigrationTool,
  type Mount,
  Namespace,
  Platform,
  Redis,
  Replicas,
  type SecretReference,
  scratchMount,
  WebApp,
  Worker,
} from '../../lib';
import { honeydueConfig } from './config';
import type { HoneydueEnvironment } from './environments';

/** The nodes that the images are built for. */
const AMD64 = { 'kubernetes.io/arch': 'amd64' };

/** User of every image of honeyDue. */
const USER = { uid: 1000 };

const API_PORT = 8000;
const MIGRATION = 'honeydue-migrate';

/** honeyDue: an api and a worker on Neon's PostgreSQL, an admin page and a web app, and a Redis between them. */
export class Honeydue extends Platform {
  public constructor(environment: HoneydueEnvironment) {
    super({ name: 'honeydue', folder: __dirname, namespace: Namespace.owned('honeydue'), environment });
    const { images } = environment;
    const { app } = this.layers;
    const values = honeydueConfig(environment.name);
    const secrets = this.#declareSecrets(values, environment);
    const pullSecret = this.secret('honeydue-registry', {
      '.dockerconfigjson': 'token with which the cluster pulls from Gitea',
    });

    const neon = new ExternalPostgres({
      name: 'Neon',
      clientImage: images.postgres,
      host: values.DB_HOST ?? '',
      port: Number(values.DB_PORT),
      database: values.POSTGRES_DB ?? '',
      user: values.POSTGRES_USER ?? '',
      password: secrets.key('POSTGRES_PASSWORD'),
    });
    const tool = MigrationTool.goose('/app/migrations');
    new MigrationJob(app, 'Migration', {
      name: MIGRATION,
      image: images.api,
      database: neon,
      tool,
      user: USER,
      pullSecret,
      deadline: Duration.minutes(10),
      nodeSelector: AMD64,
      resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(256) },
    });
    const gate = new MigrationGate(app, 'Gate', {
      name: 'honeydue-migration-gate',
      image: images.api,
      database: neon,
      tool,
      job: MIGRATION,
    });

    const redis = new Redis(app, 'Redis', { name: 'redis', image: images.redis });
    const common = {
      config: [new ConfigEnv(app, 'Config', { name: 'honeydue-config', values })],
      env: Object.keys(secrets.keys)
        .filter((key) => !NOT_ENVIRONMENT.includes(key))
        .map((key) => secrets.env(key)),
      gates: [gate],
      mounts: apnsKey(secrets),
      externalHosts: externalHosts(values),
      user: USER,
      pullSecret,
      nodeSelector: AMD64,
    };
    const api = new WebApp(app, 'Api', {
      ...common,
      name: 'api',
      image: images.api,
      port: API_PORT,
      health: '/api/health/',
      host: environment.apiHost,
      replicas: Replicas.scaled({ minimum: 3, maximum: 6, cpuPercent: 70 }),
      startupBudget: Duration.seconds(240),
      drain: Duration.seconds(15),
      resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(128), memoryLimit: Size.mebibytes(512) },
    });
    const worker = new Worker(app, 'Worker', {
      ...common,
      name: 'worker',
      image: images.worker,
      resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128), memoryLimit: Size.mebibytes(512) },
    });
    for (const { access } of [api, worker]) {
      neon.allowFrom(access);
      redis.allowFrom(access);
    }
    this.#addPages(environment, pullSecret, api);
    this.#addMetrics(environment, secrets, api);
  }

  #declareSecrets(values: Readonly<Record<string, string>>, environment: HoneydueEnvironment): SecretReference {
    return this.secret('honeydue-secrets', {
      POSTGRES_PASSWORD: 'password of the role on Neon',
      SECRET_KEY: 'random text of at least 32 characters that signs tokens; a new one signs everybody out',
      EMAIL_HOST_PASSWORD: 'app password of the mail account',
      ...(values.B2_KEY_ID && { B2_APP_KEY: 'application key of Backblaze B2 that belongs to B2_KEY_ID' }),
      ...(values.APNS_AUTH_KEY_ID && { APNS_AUTH_KEY: "Apple's .p8 file as it was downloaded" }),
      ...(environment.metricsReceiver && { METRICS_TOKEN: 'bearer token of the receiver of metrics' }),
    });
  }

  /** The two sites, which know the api by its public address. */
  #addPages(environment: HoneydueEnvironment, pullSecret: SecretReference, api: WebApp): void {
    const { images, adminHost, webHost, apiHost } = environment;
    for (const [name, image, host] of [
      ['admin', images.admin, adminHost],
      ['web', images.web, webHost],
    ] as const) {
      const page = new WebApp(this.layers.app, name === 'admin' ? 'Admin' : 'Web', {
        name,
        image,
        host,
        port: 3000,
        health: '/',
        user: USER,
        pullSecret,
        nodeSelector: AMD64,
        env: [
          { name: 'API_URL', value: 'http://api' },
          { name: 'NEXT_PUBLIC_API_URL', value: `https://${apiHost}` },
        ],
        // Next.js keeps what it rendered.
        mounts: [scratchMount('/app/.next/cache', { name: 'next-cache', size: Size.mebibytes(256) })],
        resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128), memoryLimit: Size.mebibytes(384) },
      });
      page.access.allowTo(api.access, API_PORT);
    }
  }

  #addMetrics({ images, metricsReceiver }: HoneydueEnvironment, secrets: SecretReference, api: WebApp): void {
    if (metricsReceiver === undefined) {
      this.addWarning('vmagent is left out: environments.ts gives no metricsReceiver, so nothing is measured');
      return;
    }
    new MetricsAgent(this.layers.app, 'Metrics', {
      name: 'vmagent',
      image: images.vmagent,
      remoteWrite: metricsReceiver,
      token: secrets.key('METRICS_TOKEN'),
      targets: [{ workload: api, port: API_PORT }],
    });
  }
}

/** Keys of the Secret that are files, or another program's. */
const NOT_ENVIRONMENT = ['APNS_AUTH_KEY', 'METRICS_TOKEN'];

/** Apple's key as a file, where push notifications are set up. */
function apnsKey(secrets: SecretReference): Mount[] {
  if (!Object.hasOwn(secrets.keys, 'APNS_AUTH_KEY')) {
    return [];
  }
  const items = [{ key: 'APNS_AUTH_KEY', path: 'apns_auth_key.p8' }];
  return [
    { path: '/secrets/apns', readOnly: true, volume: { name: 'apns', secret: { secretName: secrets.name, items } } },
  ];
}

function externalHosts(values: Readonly<Record<string, string>>) {
  return [
    { host: values.EMAIL_HOST ?? '', port: Number(values.EMAIL_PORT) },
    ...(values.B2_ENDPOINT ? [{ host: values.B2_ENDPOINT, port: 443 }] : []),
    ...(values.APNS_TOPIC
      ? [{ host: values.APNS_USE_SANDBOX === 'true' ? 'api.sandbox.push.apple.com' : 'api.push.apple.com', port: 443 }]
      : []),
  ];
}
