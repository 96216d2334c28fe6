import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import {
  AppliedMigrations,
  AppWithInitSchemaSync,
  BackupCronJob,
  BackupFormat,
  BackupTarget,
  BackupTools,
  claimMount,
  Namespace,
  NfsClaim,
  Platform,
  PostgresDeployment,
  RestoreDrill,
  RestoreMigration,
  RestoreTemplate,
  Retention,
  Schedule,
  ScheduledJob,
  SchemaFile,
  SecretUrl,
} from '../../lib';
import type { SchoolEnvironment } from './environments';

/** Group that owns the backups: the database's pods write them, the app's Admin page lists and makes them. */
const BACKUP_GROUP = 999;

/** The app, whose schema file is the schema of the database. */
const APP = 'school-platform';

/** The school platform: one web app, one Postgres on the NAS, a backup every night. */
export class SchoolPlatform extends Platform {
  public constructor(environment: SchoolEnvironment) {
    super({ name: 'school-platform', folder: __dirname, namespace: Namespace.owned('school'), environment });
    const { name, images } = environment;
    const { base, database, app, backup } = this.layers;

    const databaseSecret = this.secret('school-platform-db-secret', {
      POSTGRES_USER: 'owner of the database',
      POSTGRES_PASSWORD: 'password of the owner; a change is applied at the next start of the database',
      POSTGRES_DB: 'name of the database',
    });
    const appSecret = this.secret('school-platform-app-secret', {
      DATABASE_URL: 'postgresql:// URL with the same user, password and database, for Prisma',
      NEXTAUTH_SECRET: 'random text that signs sessions; a new one signs everybody out',
    });
    const backupSecret = this.secret('school-platform-backup-secret', {
      SLACK_WEBHOOK_URL: 'incoming webhook of the Slack channel that hears of backups and restores',
    });
    const registrySecret = this.secret('school-platform-registry', {
      '.dockerconfigjson': 'deploy token with which the cluster pulls the app image',
    });

    const evidence = new NfsClaim(base, 'Evidence', {
      name: 'school-platform',
      volumeName: `school-platform-${name}-pv`,
      path: '/school',
      size: Size.gibibytes(100),
      contains: {
        paths: ['/school/db', '/school/backups'],
        reason: 'the NAS exports one share; evidence files lie beside the database and backup folders since 2023',
      },
    });
    const databaseClaim = new NfsClaim(base, 'DatabaseData', {
      name: 'school-platform-db',
      volumeName: `school-platform-${name}-db-pv`,
      path: '/school/db',
      size: Size.gibibytes(20),
      accessMode: 'ReadWriteOnce',
    });
    const backups = new NfsClaim(base, 'Backups', {
      name: 'school-backups',
      volumeName: `school-backups-pv-${name}`,
      path: '/school/backups',
      size: Size.gibibytes(100),
    });

    const postgres = new PostgresDeployment(database, 'Database', {
      name: 'school-platform-db',
      image: images.postgres,
      credentials: databaseSecret,
      storage: databaseClaim,
      subPath: 'postgres',
      memory: Size.gibibytes(1),
    });

    const schema = SchemaFile.fromFile(join(__dirname, 'schema.sql'));
    // The evidence files are not among them: they lie on the same NAS, where a copy of 100 GiB would outlive nothing.
    const nightly = new BackupCronJob(backup, 'Backup', {
      name: 'school-platform-db-backup',
      database: postgres,
      schedule: Schedule.daily('03:00', 'Australia/Perth'),
      retention: Retention.days(30),
      targets: [BackupTarget.claim(backups)],
      format: BackupFormat.plain(),
      slack: SecretUrl.slack(backupSecret.key('SLACK_WEBHOOK_URL')),
      migrations: AppliedMigrations.schemaSync(APP),
      images,
    });
    new BackupTools(backup, 'BackupTools', { name: 'school-platform-db-backups', backups: nightly });
    new RestoreDrill(backup, 'Drill', {
      name: 'school-platform-db-drill',
      backups: nightly,
      schedule: Schedule.weekly('sunday', '05:00', 'Australia/Perth'),
      space: Size.gibibytes(20),
    });
    new RestoreTemplate(backup, 'Restore', {
      name: 'school-platform-db-restore',
      backups: nightly,
      migration: RestoreMigration.schemaSync(APP, schema),
    });

    new AppWithInitSchemaSync(app, 'App', {
      name: APP,
      image: images.app,
      port: 3000,
      health: '/api/health',
      database: postgres,
      schema,
      host: environment.host,
      resources: { cpu: Cpu.millis(100), memory: Size.mebibytes(256), memoryLimit: Size.mebibytes(512) },
      env: [appSecret.env('DATABASE_URL'), appSecret.env('NEXTAUTH_SECRET')],
      user: { uid: 1000, supplementalGroups: [BACKUP_GROUP] },
      mounts: [
        claimMount(evidence, { path: '/app/evidence', volume: 'evidence' }),
        claimMount(backups, { path: '/backups', volume: 'backups' }),
      ],
      pullSecret: registrySecret,
    });

    if (environment.calendarSync) {
      new ScheduledJob(app, 'CalendarSync', {
        name: 'school-platform-calendar-sync',
        image: images.app,
        command: ['node', 'scripts/calendar-sync.js'],
        schedule: Schedule.hourly(15, 'Australia/Perth'),
        deadline: Duration.minutes(10),
        database: postgres,
        externalHosts: [{ host: 'calendar.google.com', port: 443 }],
        env: [appSecret.env('DATABASE_URL')],
        user: { uid: 1000 },
        resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128), memoryLimit: Size.mebibytes(256) },
        pullSecret: registrySecret,
      });
    }
  }
}
