import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import {
  ConfigFiles,
  ExternalPostgresByUrl,
  MigrationGate,
  MigrationJob,
  MigrationTool,
  Namespace,
  Platform,
  Replicas,
  type SecretReference,
  type StartGate,
  scratchMount,
  WebApp,
} from '../../lib';
import type { VolaticloudEnvironment } from './environments';

const PORT = 8080;

/** User of the backend's and the dashboard's image. */
const USER = { uid: 1000 };

const MIGRATION = 'volaticloud-migrate';

/** How the schema is brought up to date, by the environment's `migrates`. */
const TOOLS = {
  'at-start': MigrationTool.ent(),
  // ent's versioned migrations, which Atlas records: two commands that the backend's image has to bring.
  'by-job': MigrationTool.command({
    migrate: ['volaticloud', 'migrate'],
    list: ['volaticloud', 'migrations'],
    table: 'atlas_schema_revisions',
    applied: 'SELECT version FROM atlas_schema_revisions WHERE applied = total',
  }),
} as const;

/**
 * VolatiCloud: a dashboard that is public, and a backend that only the dashboard reaches. The backend creates its schema
 * with ent when it starts, or a Job migrates before it does.
 */
export class VolatiCloud extends Platform {
  public constructor(environment: VolaticloudEnvironment) {
    super({ name: 'volaticloud', folder: __dirname, namespace: Namespace.owned('volaticloud'), environment });
    const { images, host, keycloak } = environment;
    const { app } = this.layers;

    const databaseSecret = this.secret('volaticloud-db-secret', {
      dsn: 'postgres:// URL of the database with user and password; ent creates tables with it',
    });

    const pullSecret = this.secret('volaticloud-registry', {
      '.dockerconfigjson': 'token with which the cluster pulls from GitHub packages',
    });

    const database = new ExternalPostgresByUrl({
      ...environment.database,
      name: 'volaticloud',
      clientImage: images.postgres,
      url: databaseSecret.key('dsn'),
    });
    const backend = new WebApp(app, 'Backend', {
      name: 'volaticloud-backend',
      image: images.backend,
      port: PORT,
      servicePort: PORT,
      health: '/health',
      readiness: { delay: Duration.seconds(5), period: Duration.seconds(5) },
      liveness: { delay: Duration.seconds(10), period: Duration.seconds(10) },
      // Above the longest migration: ent migrates before it answers, and must not be killed half way.
      startupBudget: Duration.minutes(15),
      replicas: Replicas.scaled({ minimum: 2, maximum: 10, cpuPercent: 70, memoryPercent: 80 }),
      resources: {
        cpu: Cpu.millis(250),
        cpuLimit: Cpu.millis(1000),
        memory: Size.mebibytes(256),
        memoryLimit: Size.mebibytes(512),
      },
      user: USER,
      pullSecret,
      podLabels: { app: 'volaticloud-backend' },
      gates: this.#gates(environment, database, pullSecret),
      externalHosts: [{ host: keycloak.host, port: 443 }],
      env: [
        databaseSecret.env('VOLATICLOUD_DATABASE', 'dsn'),
        { name: 'VOLATICLOUD_HOST', value: '0.0.0.0' },
        { name: 'VOLATICLOUD_PORT', value: String(PORT) },
        { name: 'VOLATICLOUD_KEYCLOAK_URL', value: `https://${keycloak.host}` },
        { name: 'VOLATICLOUD_KEYCLOAK_REALM', value: keycloak.realm },
      ],
    });

    const caddyfile = new ConfigFiles(app, 'Caddyfile', {
      name: 'volaticloud-dashboard-caddy',
      workload: 'volaticloud-dashboard',
      files: { Caddyfile: readFileSync(join(__dirname, 'Caddyfile'), 'utf8') },
    });
    const dashboard = new WebApp(app, 'Dashboard', {
      name: 'volaticloud-dashboard',
      image: images.dashboard,
      port: PORT,
      health: '/healthz',
      host,
      replicas: Replicas.fixed(2),
      resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(128) },
      user: USER,
      pullSecret,
      mounts: [caddyfile.mount('/etc/caddy', 'caddyfile'), scratchMount('/data'), scratchMount('/config')],
    });

    database.allowFrom(backend.access);
    dashboard.access.allowTo(backend.access, PORT);
    const { monitoring } = environment.cluster;
    if (monitoring !== undefined) {
      backend.access.allowFromNamespace(monitoring.namespace, PORT, 'Prometheus');
    }
  }

  /** What the backend's pods wait for: nothing where they migrate themselves. */
  #gates(
    { images, migrates }: VolaticloudEnvironment,
    database: ExternalPostgresByUrl,
    pullSecret: SecretReference,
  ): StartGate[] {
    const tool = TOOLS[migrates];
    if (tool.migratesAtStart) {
      return [];
    }
    const { app } = this.layers;
    const common = { image: images.backend, database, tool };
    new MigrationJob(app, 'Migration', {
      ...common,
      name: MIGRATION,
      user: USER,
      pullSecret,
      resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(64), memoryLimit: Size.mebibytes(256) },
    });
    return [new MigrationGate(app, 'Gate', { ...common, name: 'volaticloud-migration-gate', job: MIGRATION })];
  }
}
