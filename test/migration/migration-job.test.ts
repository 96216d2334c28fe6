import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import fc from 'fast-check';
import { MigrationJob, type MigrationJobProps } from '../../lib/migration/migration-job';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { ImageReference } from '../../lib/platform/image-reference';
import { SecretReference } from '../../lib/platform/secret-reference';
import { containerOf, FakeDatabase, namesOf, only, templateOf, testPlatform } from '../support/test-platform';

const minimal: MigrationJobProps = {
  name: 'shop-migrate',
  image: ImageReference.parse('registry.example.com/shop:1.2'),
  database: new FakeDatabase(),
  tool: MigrationTool.alembic(),
  user: { uid: 1000 },
  resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(128) },
};

const everything: Required<MigrationJobProps> = {
  ...minimal,
  env: [{ name: 'MODE', value: 'fast' }],
  pullSecret: new SecretReference('registry', {}),
  deadline: Duration.minutes(30),
};

function render(props: MigrationJobProps) {
  const platform = testPlatform();
  const { name } = new MigrationJob(platform.layers.migrate, 'Migration', props);
  return { platform, name, job: only(platform, 'Job', name) };
}

describe('a minimal migration', () => {
  const { platform, name, job } = render(minimal);

  test('is a Job, a ServiceAccount and a NetworkPolicy, of which the Job alone carries a hash', () => {
    expect(name).toMatch(/^shop-migrate-[0-9a-f]{10}$/);
    expect(namesOf(platform)).toEqual(['NetworkPolicy/shop-migrate', 'ServiceAccount/shop-migrate', `Job/${name}`]);
    expect(job.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'shop-migrate' });
  });

  // Flux would make a Job again that was removed by time, and with these annotations at each change.
  test('is never removed by time, never forced and never applied only once', () => {
    expect(job.spec).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(job.metadata).not.toHaveProperty('annotations');
  });

  test('has two more tries and ten minutes', () => {
    const { template: _, ...spec } = job.spec as Record<string, unknown>;
    expect(spec).toEqual({ backoffLimit: 2, activeDeadlineSeconds: 600 });
  });

  test('runs the tool with libpq’s variables in a pod that is not restarted', () => {
    expect(templateOf(job).spec).toMatchObject({
      restartPolicy: 'Never',
      serviceAccountName: 'shop-migrate',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
    });
    expect(templateOf(job).spec).not.toHaveProperty('imagePullSecrets');
    expect(containerOf(job, 'migrate')).toMatchObject({
      image: 'registry.example.com/shop:1.2',
      command: ['alembic', 'upgrade', 'head'],
      env: [{ name: 'PGHOST', value: 'db.example.com' }],
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '128Mi' } },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    });
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

  test('has its environment after libpq’s', () => {
    expect(containerOf(job, 'migrate').env).toEqual([
      { name: 'PGHOST', value: 'db.example.com' },
      { name: 'MODE', value: 'fast' },
    ]);
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
    database: Object.assign(new FakeDatabase(), { connection: [{ name: 'PGHOST', value: 'other' }] }),
    tool: MigrationTool.artisan(),
    user: { uid: 1001 },
    resources: { cpu: Cpu.millis(50), memory: Size.mebibytes(129) },
    env: [{ name: 'MODE', value: 'slow' }],
    pullSecret: new SecretReference('other', {}),
    deadline: Duration.minutes(31),
  };

  test.each(Object.entries(changes))('is another one with another %s', (prop, value) => {
    expect(render({ ...everything, [prop]: value }).name).not.toBe(render(everything).name);
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
