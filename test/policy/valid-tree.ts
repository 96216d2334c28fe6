import { configChecksum } from '../../lib/platform/config-checksum';
import type { Manifest } from '../../lib/platform/manifest';
import type { Tree } from '../../lib/platform/tree';

/** A tree that keeps every rule, with something in it for each of them to look at. Fixtures change one thing in a copy. */
export function validTree(): Tree {
  const tree: Tree = {
    platform: 'shop',
    environment: 'prod',
    cluster: {
      name: 'alpha',
      registry: 'registry.example.com:5000',
      flux: {
        source: { kind: 'GitRepository', name: 'fleet', namespace: 'flux-system' },
        decryptionSecret: 'sops-age',
      },
      ingress: {
        className: 'nginx',
        controllerNamespace: 'ingress-nginx',
        issuer: { name: 'letsencrypt', challenge: 'http01' },
      },
      nfs: { server: 'nas', mountOptions: ['hard'] },
      storageClasses: { kept: { reclaimPolicy: 'Retain' }, scratch: { reclaimPolicy: 'Delete' } },
      monitoring: { namespace: 'monitoring' },
    },
    namespace: { name: 'store', owned: true },
    layers: [
      { name: 'base', path: 'platforms/shop/prod/base', objects: base },
      { name: 'database', path: 'platforms/shop/prod/database', objects: database },
      { name: 'migrate', path: 'platforms/shop/prod/migrate', objects: migrate },
      { name: 'app', path: 'platforms/shop/prod/app', objects: app },
      { name: 'backup', path: 'platforms/shop/prod/backup', objects: backup },
    ],
    flux: [
      kustomization('shop-prod-base', 'platforms/shop/prod/base', [], { prune: false, deletionPolicy: 'Orphan' }),
      kustomization('shop-prod-secrets', 'secrets/shop/prod', ['shop-prod-base'], {
        decryption: { provider: 'sops', secretRef: { name: 'sops-age' } },
      }),
      kustomization('shop-prod-database', 'platforms/shop/prod/database', ['shop-prod-secrets']),
      kustomization('shop-prod-migrate', 'platforms/shop/prod/migrate', ['shop-prod-database']),
      kustomization('shop-prod', 'platforms/shop/prod/app', ['shop-prod-migrate']),
      kustomization('shop-prod-backup', 'platforms/shop/prod/backup', ['shop-prod-database']),
    ],
    secrets: [
      { name: 'shop-db-secret', keys: { POSTGRES_PASSWORD: 'password of the database' } },
      { name: 'shop-registry', keys: { '.dockerconfigjson': 'pull credentials' } },
    ],
    flows: [
      { from: 'shop', to: 'shop-db', port: 5432 },
      { from: 'shop-migrate', to: 'shop-db', port: 5432 },
      { from: 'shop-backup', to: 'shop-db', port: 5432 },
      { from: 'shop.example.com (ingress controller)', to: 'shop', port: 3000 },
      { from: 'Prometheus', to: 'shop', port: 3000 },
      { from: 'shop', to: 'api.example.com', port: 443 },
    ],
    exceptions: [],
    nestedNfsPaths: [{ path: '/shop', contains: ['/shop/db'], reason: 'the NAS exports one tree' }],
    frozen: {
      facts: {
        namespace: 'store',
        'Deployment/shop-db PGDATA': '/var/lib/postgresql/data',
        'Deployment/shop-db /var/lib/postgresql/data': 'shop-db/postgres',
        'PersistentVolume/shop-db-pv nfs': 'nas:/shop/db',
      },
      released: [],
    },
  };
  return structuredClone(tree);
}

const KEPT = { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' };

function object(apiVersion: string, kind: string, name: string, fields: Record<string, unknown>): Manifest {
  const labels = { 'app.kubernetes.io/part-of': 'shop' };
  return { apiVersion, kind, metadata: { name, namespace: 'store', labels }, ...fields };
}

function labelsOf(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'shop' };
}

function volume(name: string, claim: string, path: string, namespace = 'store'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: KEPT },
    spec: {
      accessModes: ['ReadWriteMany'],
      capacity: { storage: '10Gi' },
      claimRef: { name: claim, namespace },
      mountOptions: ['hard', 'nfsvers=4.1'],
      nfs: { server: 'nas', path },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
    },
  };
}

function claim(name: string, spec: Record<string, unknown>, namespace = 'store'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, annotations: KEPT },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } }, ...spec },
  };
}

const base: Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'store', annotations: KEPT } },
  volume('shop-db-pv', 'shop-db', '/shop/db'),
  claim('shop-db', { storageClassName: '', volumeName: 'shop-db-pv' }),
  volume('shop-files-pv', 'shop-files', '/shop'),
  claim('shop-files', { storageClassName: '', volumeName: 'shop-files-pv' }),
  claim('shop-backups', { storageClassName: 'kept' }),
];

function container(name: string, image: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    image,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    ...fields,
  };
}

function template(
  name: string,
  component: string,
  annotations: Record<string, string>,
  spec: Record<string, unknown>,
): Record<string, unknown> {
  return {
    metadata: { labels: { ...labelsOf(name), 'app.kubernetes.io/component': component }, annotations },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
      ...spec,
    },
  };
}

const DNS = {
  ports: [
    { port: 53, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ],
};

function policy(name: string, ingress: unknown[], egress: unknown[]): Manifest {
  return object('networking.k8s.io/v1', 'NetworkPolicy', name, {
    spec: {
      podSelector: { matchLabels: labelsOf(name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress,
      egress,
    },
  });
}

const POSTGRES = [{ port: 5432, protocol: 'TCP' }];
const TO_DATABASE = { to: [{ podSelector: { matchLabels: labelsOf('shop-db') } }], ports: POSTGRES };
const PASSWORD = {
  name: 'PGPASSWORD',
  valueFrom: { secretKeyRef: { name: 'shop-db-secret', key: 'POSTGRES_PASSWORD' } },
};
const APP_IMAGE = 'registry.example.com:5000/shop/app:prod-20260101.7';
const DATABASE_IMAGE = 'postgres:17.6-bookworm';
const SCRIPTS = { 'start-server.sh': '#!/usr/bin/env bash\nexec postgres\n' };
const SETTINGS = { MODE: 'production', 'settings.json': '{}\n' };
const BACKUP = { 'backup.sh': '#!/usr/bin/env bash\npg_dump "postgres://shop:$PGPASSWORD@shop-db"\n' };

const database: Manifest[] = [
  object('v1', 'ConfigMap', 'shop-db-scripts', { data: SCRIPTS }),
  object('v1', 'ServiceAccount', 'shop-db', { automountServiceAccountToken: false }),
  object('v1', 'Service', 'shop-db', {
    spec: { selector: labelsOf('shop-db'), ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }] },
  }),
  object('apps/v1', 'Deployment', 'shop-db', {
    spec: {
      replicas: 1,
      progressDeadlineSeconds: 4000,
      selector: { matchLabels: labelsOf('shop-db') },
      strategy: { type: 'Recreate' },
      template: template(
        'shop-db',
        'database',
        { 'checksum/shop-db-scripts': configChecksum(SCRIPTS) },
        {
          initContainers: [
            container('preflight', DATABASE_IMAGE, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
          ],
          containers: [
            container('postgres', DATABASE_IMAGE, {
              command: ['bash', '/scripts/start-server.sh'],
              env: [{ name: 'PGDATA', value: '/var/lib/postgresql/data' }, PASSWORD],
              ports: [{ name: 'postgres', containerPort: 5432 }],
              startupProbe: { exec: { command: ['pg_isready'] }, periodSeconds: 10, failureThreshold: 360 },
              readinessProbe: { exec: { command: ['pg_isready'] } },
              volumeMounts: [
                { name: 'data', mountPath: '/var/lib/postgresql/data', subPath: 'postgres' },
                { name: 'scripts', mountPath: '/scripts' },
                { name: 'shm', mountPath: '/dev/shm' },
              ],
            }),
          ],
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: 'shop-db' } },
            { name: 'scripts', configMap: { name: 'shop-db-scripts' } },
            { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
          ],
        },
      ),
    },
  }),
  policy(
    'shop-db',
    [
      {
        from: ['shop', 'shop-migrate', 'shop-backup'].map((name) => ({ podSelector: { matchLabels: labelsOf(name) } })),
        ports: POSTGRES,
      },
    ],
    [],
  ),
];

const migrate: Manifest[] = [
  object('v1', 'ServiceAccount', 'shop-migrate', { automountServiceAccountToken: false }),
  object('batch/v1', 'Job', 'shop-migrate-0a1b2c3d4e', {
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: 600,
      template: template(
        'shop-migrate',
        'migration',
        {},
        {
          restartPolicy: 'Never',
          imagePullSecrets: [{ name: 'shop-registry' }],
          containers: [container('migrate', APP_IMAGE, { command: ['migrate', 'up'], env: [PASSWORD] })],
        },
      ),
    },
  }),
  policy('shop-migrate', [], [DNS, TO_DATABASE]),
];

const HEALTH = { httpGet: { path: '/health', port: 'http' } };
const FROM_CONTROLLER = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }];

const app: Manifest[] = [
  object('v1', 'ConfigMap', 'shop-settings', { data: SETTINGS }),
  object('v1', 'ConfigMap', 'shop-unused', { data: { NOTE: 'nobody reads this' } }),
  object('v1', 'ServiceAccount', 'shop', { automountServiceAccountToken: false }),
  object('v1', 'Service', 'shop', {
    spec: { selector: labelsOf('shop'), ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  }),
  object('apps/v1', 'Deployment', 'shop', {
    spec: {
      progressDeadlineSeconds: 900,
      selector: { matchLabels: labelsOf('shop') },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: template(
        'shop',
        'app',
        { 'checksum/shop-settings': configChecksum(SETTINGS) },
        {
          terminationGracePeriodSeconds: 40,
          imagePullSecrets: [{ name: 'shop-registry' }],
          initContainers: [container('schema-sync', DATABASE_IMAGE, { env: [PASSWORD] })],
          containers: [
            container('app', APP_IMAGE, {
              env: [
                PASSWORD,
                { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'shop-settings', key: 'MODE' } } },
                { name: 'DATABASE_URL', value: 'postgres://shop:$(PGPASSWORD)@shop-db:5432/shop' },
                { name: 'TLS_KEY', value: '/tls/tls.key' },
                { name: 'STRIPE_PUBLISHABLE_KEY', value: 'pk_live_0123456789' },
              ],
              ports: [{ name: 'http', containerPort: 3000 }],
              lifecycle: { preStop: { exec: { command: ['sleep', '10'] } } },
              startupProbe: { ...HEALTH, periodSeconds: 5, failureThreshold: 60 },
              readinessProbe: HEALTH,
              livenessProbe: HEALTH,
              volumeMounts: [
                { name: 'files', mountPath: '/files' },
                { name: 'settings', mountPath: '/settings' },
              ],
            }),
          ],
          volumes: [
            { name: 'files', persistentVolumeClaim: { claimName: 'shop-files' } },
            { name: 'settings', configMap: { name: 'shop-settings' } },
          ],
        },
      ),
    },
  }),
  object('autoscaling/v2', 'HorizontalPodAutoscaler', 'shop', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' },
      minReplicas: 2,
      maxReplicas: 5,
    },
  }),
  object('policy/v1', 'PodDisruptionBudget', 'shop', {
    spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf('shop') } },
  }),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'store', annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'shop', port: { name: 'http' } } } }],
          },
        },
      ],
      tls: [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }],
    },
  },
  policy(
    'shop',
    [
      { from: FROM_CONTROLLER, ports: [{ port: 3000, protocol: 'TCP' }] },
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ port: 'http', protocol: 'TCP' }],
      },
    ],
    [
      DNS,
      TO_DATABASE,
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
            },
          },
        ],
        ports: [{ port: 443, protocol: 'TCP' }],
      },
    ],
  ),
  object('networking.k8s.io/v1', 'NetworkPolicy', 'shop-http01-solver', {
    spec: {
      podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: FROM_CONTROLLER, ports: [{ port: 8089, protocol: 'TCP' }] }],
    },
  }),
];

const backup: Manifest[] = [
  object('v1', 'ConfigMap', 'shop-backup-scripts', { data: BACKUP }),
  object('v1', 'ServiceAccount', 'shop-backup', { automountServiceAccountToken: false }),
  object('batch/v1', 'CronJob', 'shop-backup', {
    spec: {
      schedule: '0 3 * * *',
      timeZone: 'Australia/Perth',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          activeDeadlineSeconds: 21600,
          template: template(
            'shop-backup',
            'backup',
            { 'checksum/shop-backup-scripts': configChecksum(BACKUP) },
            {
              restartPolicy: 'Never',
              containers: [
                container('dump', DATABASE_IMAGE, {
                  env: [PASSWORD],
                  volumeMounts: [
                    { name: 'backups', mountPath: '/backups' },
                    { name: 'scripts', mountPath: '/scripts' },
                  ],
                }),
              ],
              volumes: [
                { name: 'backups', persistentVolumeClaim: { claimName: 'shop-backups' } },
                { name: 'scripts', configMap: { name: 'shop-backup-scripts' } },
              ],
            },
          ),
        },
      },
    },
  }),
  policy('shop-backup', [], [DNS, TO_DATABASE]),
];

function kustomization(
  name: string,
  path: string,
  dependsOn: readonly string[],
  fields: Record<string, unknown> = {},
): Manifest {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux-system' },
    spec: {
      interval: '10m',
      retryInterval: '1m',
      timeout: '1h15m',
      path: `./${path}`,
      sourceRef: { kind: 'GitRepository', name: 'fleet', namespace: 'flux-system' },
      ...(dependsOn.length > 0 && { dependsOn: dependsOn.map((each) => ({ name: each })) }),
      prune: true,
      wait: true,
      ...fields,
    },
  };
}

/** A second platform on the same cluster: a namespace and one NFS volume. */
export function otherTree(): Tree {
  const { cluster } = validTree();
  return structuredClone({
    platform: 'other',
    environment: 'prod',
    cluster,
    namespace: { name: 'other', owned: true },
    layers: [
      {
        name: 'base',
        path: 'platforms/other/prod/base',
        objects: [
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', annotations: KEPT } },
          volume('other-pv', 'other', '/other', 'other'),
          claim('other', { storageClassName: '', volumeName: 'other-pv' }, 'other'),
        ],
      },
    ],
    flux: [
      kustomization('other-prod-base', 'platforms/other/prod/base', [], { prune: false, deletionPolicy: 'Orphan' }),
    ],
    secrets: [],
    flows: [],
    exceptions: [],
    nestedNfsPaths: [],
    frozen: { facts: {}, released: [] },
  } as Tree);
}
