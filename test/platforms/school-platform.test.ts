import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

// Facts of the school platform's own document, read from the committed YAML. Nothing is imported from the program: what
// is expected is written here once more, by hand.
const DIST = join(__dirname, '../../dist');
const PROD = join(DIST, 'platforms/school-platform/prod');
const FLUX = join(DIST, 'clusters/my-cluster/school-platform');

// biome-ignore lint/suspicious/noExplicitAny: YAML of every kind, looked into by each test
type Yaml = any;

function read(path: string): Yaml {
  return load(readFileSync(path, 'utf8'));
}

const inLayer = (layer: string, file: string): Yaml => read(join(PROD, layer, `${file}.yaml`));

/** Where every message goes. */
const slackUrl = {
  name: 'WEBHOOK_URL',
  valueFrom: { secretKeyRef: { name: 'school-platform-backup-secret', key: 'SLACK_WEBHOOK_URL', optional: true } },
};

test('everything runs in the namespace "school", which the platform owns and never prunes', () => {
  const namespace = inLayer('base', 'namespace-school');
  expect(namespace.metadata.annotations['kustomize.toolkit.fluxcd.io/prune']).toBe('disabled');
  expect(namespace.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  const namespaced = readdirSync(PROD).flatMap((layer) =>
    readdirSync(join(PROD, layer))
      .map((file) => read(join(PROD, layer, file)))
      .filter(({ kind }) => kind !== 'Namespace' && kind !== 'PersistentVolume'),
  );
  expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['school']));
});

test.each([
  ['school-platform-prod-pv', '/school'],
  ['school-platform-prod-db-pv', '/school/db'],
  ['school-backups-pv-prod', '/school/backups'],
])('the volume %s is %s on the NAS, kept whatever happens', (name, path) => {
  const volume = inLayer('base', `persistentvolume-${name}`);
  expect(volume.spec.nfs.path).toBe(path);
  expect(volume.spec.persistentVolumeReclaimPolicy).toBe('Retain');
  expect(volume.metadata.annotations['kustomize.toolkit.fluxcd.io/prune']).toBe('disabled');
  const claim = inLayer('base', `persistentvolumeclaim-${volume.spec.claimRef.name}`);
  expect(claim.spec.volumeName).toBe(name);
  expect(claim.spec.storageClassName).toBe('');
});

test('the claim of the backups is called school-backups and is mounted at /backups in the backup and the app', () => {
  for (const spec of [
    inLayer('backup', 'cronjob-school-platform-db-backup').spec.jobTemplate.spec.template.spec,
    inLayer('app', 'deployment-school-platform').spec.template.spec,
  ]) {
    const volume = spec.volumes.find((each: Yaml) => each.persistentVolumeClaim?.claimName === 'school-backups');
    const mount = spec.containers[0].volumeMounts.find((each: Yaml) => each.name === volume.name);
    expect(mount.mountPath).toBe('/backups');
  }
});

test('app and backup share the group that owns the backups', () => {
  const app = inLayer('app', 'deployment-school-platform').spec.template.spec.securityContext;
  const backup = inLayer('backup', 'cronjob-school-platform-db-backup').spec.jobTemplate.spec.template.spec;
  expect(backup.securityContext.runAsGroup).toBe(999);
  expect(app.runAsUser).toBe(1000);
  expect(app.supplementalGroups).toEqual([999]);
});

test('the database is Deployment and Service school-platform-db, its data in the folder postgres of /school/db', () => {
  const deployment = inLayer('database', 'deployment-school-platform-db');
  expect(deployment.spec.replicas).toBe(1);
  expect(deployment.spec.strategy).toEqual({ type: 'Recreate' });
  expect(inLayer('database', 'service-school-platform-db').spec.ports[0].port).toBe(5432);
  const { containers, volumes } = deployment.spec.template.spec;
  const [server] = containers;
  expect(server.image).toMatch(/^postgres:17\.\d+-bookworm$/);
  const volume = volumes.find((each: Yaml) => each.persistentVolumeClaim !== undefined);
  expect(inLayer('base', 'persistentvolumeclaim-school-platform-db').spec.volumeName).toBe(
    'school-platform-prod-db-pv',
  );
  expect(volume.persistentVolumeClaim.claimName).toBe('school-platform-db');
  const data = server.volumeMounts.find((each: Yaml) => each.subPath === 'postgres');
  expect(data.mountPath).toBe('/var/lib/postgresql/data');
  expect(server.env).toContainEqual({ name: 'PGDATA', value: '/var/lib/postgresql/data' });
});

test.each(['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'])(
  'the database reads %s from school-platform-db-secret',
  (key) => {
    const [server] = inLayer('database', 'deployment-school-platform-db').spec.template.spec.containers;
    expect(server.env).toContainEqual({
      name: key,
      valueFrom: { secretKeyRef: { name: 'school-platform-db-secret', key } },
    });
  },
);

test('the app reads school-platform-app-secret and is pulled with school-platform-registry', () => {
  const { spec } = inLayer('app', 'deployment-school-platform').spec.template;
  const secrets = spec.containers[0].env.flatMap((each: Yaml) => each.valueFrom?.secretKeyRef?.name ?? []);
  expect(secrets).toContain('school-platform-app-secret');
  expect(spec.imagePullSecrets).toEqual([{ name: 'school-platform-registry' }]);
});

test('no Secret is written', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.includes('/secret-'))).toEqual([]);
  expect(existsSync(join(DIST, 'secrets'))).toBe(false);
});

test('the app is Deployment, Service and Ingress with TLS, its schema synced before it starts', () => {
  const { spec } = inLayer('app', 'deployment-school-platform').spec.template;
  expect(spec.containers[0].image).toMatch(/\/school\/platform:prod-\d{8}\.\d+$/);
  expect(spec.initContainers.map((each: Yaml) => each.name)).toEqual(['schema-sync']);
  expect(inLayer('app', 'service-school-platform').spec.ports[0].targetPort).toBe('http');
  const ingress = inLayer('app', 'ingress-school-platform');
  expect(ingress.spec.tls[0].hosts).toEqual([ingress.spec.rules[0].host]);
  expect(ingress.metadata.annotations['cert-manager.io/cluster-issuer']).toBe('letsencrypt-prod');
});

test('the image comes from images.yaml', () => {
  const images = read(join(__dirname, '../../platforms/school-platform/images.yaml'));
  const { containers } = inLayer('app', 'deployment-school-platform').spec.template.spec;
  expect(containers[0].image).toBe(images.prod.app);
});

test('the backup runs at 03:00 in Perth, writes school_platform_….sql.gz to /backups and keeps 30 days', () => {
  const { spec } = inLayer('backup', 'cronjob-school-platform-db-backup');
  expect(spec.suspend).toBeUndefined();
  expect(spec.schedule).toBe('0 3 * * *');
  expect(spec.timeZone).toBe('Australia/Perth');
  expect(spec.concurrencyPolicy).toBe('Forbid');
  const { env } = spec.jobTemplate.spec.template.spec.containers[0];
  expect(env).toEqual(
    expect.arrayContaining([
      { name: 'BACKUP_DIR', value: '/backups' },
      { name: 'FILE_PREFIX', value: 'school_platform' },
      { name: 'FORMAT', value: 'plain' },
      { name: 'KEEP_ALL_DAYS', value: '30' },
    ]),
  );
});

test.each([
  ['school-platform-db-backup', 'Backup'],
  ['school-platform-db-restore', 'Restore'],
  ['school-platform-db-drill', 'Drill'],
])('%s reports to the Slack channel as "School Platform -- %s"', (name, subject) => {
  const { containers } = inLayer('backup', `cronjob-${name}`).spec.jobTemplate.spec.template.spec;
  const { env } = containers.find((each: Yaml) => each.name === 'report');
  expect(env).toEqual(
    expect.arrayContaining([
      { name: 'TITLE', value: 'School Platform' },
      { name: 'SUBJECT', value: subject },
      slackUrl,
    ]),
  );
});

test('a watchdog looks four times a day whether there is a backup of the last two days, and tells the same channel', () => {
  const { spec } = inLayer('backup', 'cronjob-school-platform-db-backup-watchdog');
  expect(spec.schedule).toBe('45 */6 * * *');
  const { env } = spec.jobTemplate.spec.template.spec.containers[0];
  expect(env).toEqual(expect.arrayContaining([{ name: 'MAX_AGE_SECONDS', value: '172800' }, slackUrl]));
});

test.each(['school-platform-db-restore', 'school-platform-db-backups'])(
  '%s is a template from which people make Jobs',
  (name) => {
    expect(inLayer('backup', `cronjob-${name}`).spec.suspend).toBe(true);
  },
);

test('a restored database gets the schema file of the app', () => {
  const { containers } = inLayer('backup', 'cronjob-school-platform-db-restore').spec.jobTemplate.spec.template.spec;
  expect(containers[0].env).toContainEqual({ name: 'MIGRATE', value: 'bash /schema/schema-sync.sh' });
  const restored = inLayer('backup', 'configmap-school-platform-db-restore-schema').data;
  expect(restored).toEqual(inLayer('app', 'configmap-school-platform-schema').data);
});

test('a backup is restored on trial every Sunday', () => {
  const { spec } = inLayer('backup', 'cronjob-school-platform-db-drill');
  expect([spec.schedule, spec.timeZone]).toEqual(['0 5 * * 0', 'Australia/Perth']);
});

test('the calendar sync is switched off', () => {
  const names = readdirSync(PROD).flatMap((layer) => readdirSync(join(PROD, layer)));
  expect(names.filter((name) => name.includes('calendar'))).toEqual([]);
});

test('Flux applies school-platform-prod after its layers, all from one source', () => {
  const kustomizations = readdirSync(FLUX).map((file) => read(join(FLUX, file)));
  const byName = new Map(kustomizations.map((each) => [each.metadata.name, each.spec]));
  expect([...byName.keys()].sort()).toEqual([
    'school-platform-prod',
    'school-platform-prod-backup',
    'school-platform-prod-base',
    'school-platform-prod-database',
    'school-platform-prod-secrets',
  ]);
  expect(new Set(kustomizations.map(({ apiVersion }) => apiVersion))).toEqual(
    new Set(['kustomize.toolkit.fluxcd.io/v1']),
  );
  const dependsOn = (name: string) => (byName.get(name).dependsOn ?? []).map((each: Yaml) => each.name);
  expect(dependsOn('school-platform-prod-base')).toEqual([]);
  expect(dependsOn('school-platform-prod-secrets')).toEqual(['school-platform-prod-base']);
  expect(dependsOn('school-platform-prod-database')).toEqual(['school-platform-prod-secrets']);
  expect(dependsOn('school-platform-prod')).toEqual(['school-platform-prod-database']);
  expect(dependsOn('school-platform-prod-backup')).toEqual(['school-platform-prod-database']);
  const sources = new Set(kustomizations.map(({ spec }) => JSON.stringify(spec.sourceRef)));
  expect(sources.size).toBe(1);
  expect(byName.get('school-platform-prod').path).toBe('./platforms/school-platform/prod/app');
  expect(byName.get('school-platform-prod-base').prune).toBe(false);
  expect(byName.get('school-platform-prod-base').deletionPolicy).toBe('Orphan');
  expect(byName.get('school-platform-prod-secrets').path).toBe('./secrets/school-platform/prod');
  expect(byName.get('school-platform-prod-secrets').decryption.provider).toBe('sops');
});
