import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import fc from 'fast-check';
import { MigrationJob, type MigrationJobProps } from '../../lib/migration/migration-job';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretReference } from '../../lib/platform/secret-reference';
import { ConfigEnv } from '../../lib/pod/config-env';
import type { MigrationBackup } from '../../lib/pod/migration-backup';
import { scratchMount } from '../../lib/pod/mount';
import {
  containerOf,
  FakeDatabase,
  minimalContainer,
  namesOf,
  only,
  templateOf,
  testPlatform,
} from '../support/test-platform';

const minimal: MigrationJobProps = {
  name: 'shop-migrate',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  database: new FakeDatabase(),
  tool: MigrationTool.alembic(),
  user: { uid: 1000 },
  resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128) },
};

/** A backup of one command, after one that prepares it. */
function backupOf(database: MigrationBackup['database'], command: string): MigrationBackup {
  const backup = { ...minimalContainer, name: 'dump', command: [command], mounts: [scratchMount('/backups')] };
  return {
    database,
    group: 999,
    finalCodes: [3],
    containers: () => ({ preparing: [{ ...minimalContainer, name: 'prepare' }], backup }),
  };
}

/** A ConfigMap of another platform: only its name and checksum are read. */
function config(name: string): ConfigEnv {
  return new ConfigEnv(testPlatform().layers.migrate, 'Config', { name, values: { MODE: 'fast' } });
}

const everything: Required<MigrationJobProps> = {
  ...minimal,
  env: [
    { name: 'MODE', value: 'fast' },
    { name: 'not.a-variable', value: 'x' },
  ],
  config: [config('shop-migration-config')],
  pullSecret: new SecretReference('registry', {}),
  backup: backupOf(minimal.database, 'pg_dumpall'),
  deadline: Duration.minutes(30),
  mounts: [scratchMount('/var/cache')],
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
};

function render(props: MigrationJobProps) {
  const platform = testPlatform();
  const { name } = new MigrationJob(platform.layers.migrate, 'Migration', props);
  return { platform, name, job: only(platform, 'Job', name) };
}

describe('a minimal migration', () => {
  const { platform, name, job } = render(minimal);

  test('is a Job, a ServiceAccount, a NetworkPolicy and scripts, of which the Job alone carries a hash', () => {
    expect(name).toMatch(/^shop-migrate-[0-9a-f]{10}$/);
    expect(namesOf(platform).sort()).toEqual([
      'ConfigMap/shop-migrate-scripts',
      `Job/${name}`,
      'NetworkPolicy/shop-migrate',
      'ServiceAccount/shop-migrate',
    ]);
    expect(job.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'shop-migrate' });
  });

  // Flux would make a Job again that was removed by time, and with these annotations at each change.
  test('is never removed by time, never forced and never applied only once', () => {
    expect(job.spec).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(job.metadata).not.toHaveProperty('annotations');
  });

  test('has three more tries and ten minutes, but one try when another would end the same', () => {
    const { template: _, ...spec } = job.spec as Record<string, unknown>;
    expect(spec).toEqual({
      backoffLimit: 3,
      activeDeadlineSeconds: 600,
      podFailurePolicy: {
        rules: [
          {
            action: 'FailJob',
            onExitCodes: { containerName: 'migrate', operator: 'In', values: [1, 2, 4] },
          },
          {
            action: 'FailJob',
            onExitCodes: { containerName: 'list-migrations', operator: 'In', values: [1] },
          },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
    });
  });

  test('runs in a pod that is not restarted', () => {
    expect(templateOf(job).spec).toMatchObject({
      restartPolicy: 'Never',
      serviceAccountName: 'shop-migrate',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
    });
    expect(templateOf(job).spec).not.toHaveProperty('imagePullSecrets');
    expect(templateOf(job).spec).not.toHaveProperty('nodeSelector');
  });

  test('runs the tool in the app’s image, with libpq’s variables and settings that spare the others', () => {
    expect(containerOf(job, 'migrate')).toMatchObject({
      image: 'registry.example.com/shop:1.2',
      command: ['sh', '/mooring/scripts/run-migration.sh', 'alembic', '-c', 'alembic.ini', 'upgrade', 'heads'],
      env: [
        { name: 'PGHOST', value: 'db.example.com' },
        { name: 'PGOPTIONS', value: expect.stringContaining('-c lock_timeout=3s') },
        { name: 'PGAPPNAME', value: 'migration-job' },
      ],
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '128Mi' } },
    });
  });

  test('lists the migrations first, then holds the lock beside the tool as a sidecar', () => {
    const { initContainers = [] } = templateOf(job).spec;
    expect(initContainers.map((each) => [each.name, each.image, each.restartPolicy])).toEqual([
      ['list-migrations', 'registry.example.com/shop:1.2', undefined],
      ['hold-lock', 'postgres:17.6-bookworm', 'Always'],
    ]);
    expect(containerOf(job, 'hold-lock')).toMatchObject({
      command: ['bash', '/mooring/scripts/hold-lock.sh'],
      env: [
        { name: 'PGHOST', value: 'db.example.com' },
        { name: 'MIGRATION_TABLE', value: 'alembic_version' },
      ],
      securityContext: { runAsUser: 999 },
    });
  });

  test('has every script that its containers run, and one folder that they share', () => {
    expect(Object.keys(only(platform, 'ConfigMap', 'shop-migrate-scripts').data as object).sort()).toEqual([
      'connection-string.sh',
      'direct-host.sh',
      'hold-lock.sh',
      'list-alembic.sh',
      'list-migrations.sh',
      'migration-common.sh',
      'migration-state.sql',
      'missing.sql',
      'run-migration.sh',
    ]);
    for (const each of ['list-migrations', 'hold-lock', 'migrate']) {
      expect(containerOf(job, each).volumeMounts).toContainEqual({
        name: 'migration-state',
        mountPath: '/mooring/state',
      });
    }
  });

  test('is a migration of the platform', () => {
    expect(templateOf(job).metadata.labels).toEqual({
      'app.kubernetes.io/name': 'shop-migrate',
      'app.kubernetes.io/part-of': 'shop',
      'app.kubernetes.io/component': 'migration',
    });
  });

  test('may connect to the database and to nothing else', () => {
    expect(platform.flows).toEqual([{ from: 'shop-migrate', to: 'db.example.com', port: 5433 }]);
  });
});

describe('a migration with everything', () => {
  const { job } = render(everything);

  test('has its environment after libpq’s, and that of its ConfigMaps, which a change of them makes anew', () => {
    expect(containerOf(job, 'migrate').env?.slice(0, 3)).toEqual([
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'MODE', value: 'fast' },
      { name: 'not.a-variable', value: 'x' },
    ]);
    expect(containerOf(job, 'list-migrations').env).toContainEqual({ name: 'MODE', value: 'fast' });
    for (const name of ['list-migrations', 'migrate']) {
      expect(containerOf(job, name).envFrom).toEqual([{ configMapRef: { name: 'shop-migration-config' } }]);
    }
    expect(containerOf(job, 'hold-lock')).not.toHaveProperty('envFrom');
    expect(templateOf(job).metadata.annotations).toHaveProperty(['checksum/shop-migration-config']);
  });

  test('has its volumes, and its nodes', () => {
    expect(containerOf(job, 'migrate').volumeMounts).toContainEqual({ name: 'cache', mountPath: '/var/cache' });
    expect(templateOf(job).spec.nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64' });
  });

  test('is backed up when it holds the lock and before the tool begins, where there is something to do', () => {
    expect(templateOf(job).spec.initContainers?.map(({ name }) => name)).toEqual([
      'list-migrations',
      'prepare',
      'hold-lock',
      'backup',
    ]);
    expect(containerOf(job, 'backup')).toMatchObject({
      command: ['sh', '/mooring/scripts/before-migration.sh', 'pg_dumpall'],
      volumeMounts: expect.arrayContaining([
        { name: 'migration-state', mountPath: '/mooring/state' },
        { name: 'backups', mountPath: '/backups' },
      ]),
    });
    expect(job).toHaveProperty('spec.podFailurePolicy.rules.2', {
      action: 'FailJob',
      onExitCodes: { containerName: 'backup', operator: 'In', values: [3] },
    });
  });

  test('runs in the group of the backups’ files, and in its own', () => {
    expect(templateOf(job).spec.securityContext).toMatchObject({
      runAsUser: 1000,
      runAsGroup: 999,
      fsGroup: 999,
      supplementalGroups: [1000],
    });
  });

  test('is pulled with its secret', () => {
    expect(templateOf(job).spec.imagePullSecrets).toEqual([{ name: 'registry' }]);
  });

  test('has its own deadline', () => {
    expect(job).toHaveProperty('spec.activeDeadlineSeconds', 1800);
  });
});

describe('the hash', () => {
  test('is the same whenever the same is run', () => {
    expect(render(everything).name).toBe(render({ ...everything }).name);
  });

  // A Job's template is immutable: what changes it under the same name is refused by the API server.
  const changes: Required<{ readonly [Prop in Exclude<keyof MigrationJobProps, 'name'>]: MigrationJobProps[Prop] }> = {
    image: ImageReference.parse('registry.example.com/shop:1.3'),
    database: Object.assign(new FakeDatabase(), { direct: [{ name: 'PGHOST', value: 'other' }] }),
    tool: MigrationTool.artisan(),
    user: { uid: 1001 },
    resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(129) },
    env: [{ name: 'MODE', value: 'slow' }],
    config: [config('other')],
    backup: backupOf(everything.database, 'pg_dump'),
    pullSecret: new SecretReference('other', {}),
    deadline: Duration.minutes(31),
    mounts: [scratchMount('/var/other')],
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
  };

  test.each(Object.entries(changes))('is another one with another %s', (prop, value) => {
    // A backup is of the database that is migrated.
    const before = { ...everything, ...(prop === 'database' && { backup: undefined }) };
    expect(render({ ...before, [prop]: value }).name).not.toBe(render(before).name);
  });

  test('leaves a name of up to 52 characters a valid label of its pods', () => {
    const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,50}[a-z0-9]$/);
    fc.assert(
      fc.property(names, (name) => {
        expect(render({ ...minimal, name }).name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
      { numRuns: 25 },
    );
  });
});

test('a database with a way past its pooler is migrated on that way', () => {
  const direct = [{ name: 'PGHOST', value: 'direct.example.com' }];
  const { job } = render({ ...minimal, database: Object.assign(new FakeDatabase(), { direct }) });
  for (const name of ['hold-lock', 'migrate']) {
    expect(containerOf(job, name).env?.[0]).toEqual(direct[0]);
  }
});

test('a server that does not notice the end of its client is refused', () => {
  const database = Object.assign(new FakeDatabase(), { major: 13 });
  expect(() => render({ ...minimal, database })).toThrow(
    'database "fake" is PostgreSQL 13; a migration needs 14 or newer, which notices that its client was killed',
  );
});

test('the backup of another database is refused', () => {
  expect(() => render({ ...minimal, backup: backupOf({ name: 'other' }, 'pg_dump') })).toThrow(
    'migration "shop-migrate" of database "fake" would back up "other"; give it the backups of the database that it migrates',
  );
});

test('a tool that migrates at the app’s start is refused', () => {
  expect(() => render({ ...minimal, tool: MigrationTool.ent() })).toThrow('ent migrates when the app starts');
});
