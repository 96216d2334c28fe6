import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rows } from './database';
import type { Kubectl } from './kubectl';
import type { KubeObject, Pod } from './objects';

const NAMESPACE = 'mooring-e2e-neon';
const NAME = 'neon';
const PORT = 5432;

/** Namespace whose pods talk to it, and the test's own policy there. */
const CLIENTS = { namespace: 'honeydue', policy: 'mooring-e2e-neon' } as const;

/** The direct host of the address in prod.env; the pooler's own name means nothing here, so nobody can use it. */
const DIRECT_HOST = 'ep-quiet-lake-a5x0yz12.us-east-2.aws.neon.tech';

const DNS = { namespace: 'kube-system', name: 'coredns' } as const;

interface ConfigMap extends KubeObject {
  data: Record<string, string>;
}

/** A PostgreSQL with TLS that stands in for honeyDue's database on Neon, under the same host name. */
export class Neon {
  public static readonly NAMESPACE = NAMESPACE;
  public static readonly DATABASE = 'honeydue';
  public static readonly USER = 'honeydue';
  public static readonly PASSWORD = 'onlÿ-for "the" t€st';

  /** Starts it, empty, and lets honeyDue's pods find and reach it. */
  public static async start(kubectl: Kubectl): Promise<Neon> {
    const meta = { name: NAME, namespace: NAMESPACE };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await kubectl.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: meta, stringData: certificate() },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta,
        spec: { selector: { app: NAME }, ports: [{ port: PORT }] },
      },
      { apiVersion: 'v1', kind: 'Pod', metadata: { ...meta, labels: { app: NAME } }, spec: podSpec() },
    );
    const neon = new Neon(kubectl);
    await neon.#answersToItsName();
    await kubectl.output(['wait', '-n', NAMESPACE, '--for=condition=Ready', `pod/${NAME}`, '--timeout=120s'], '', 130);
    return neon;
  }

  /** The one that runs. */
  public static of(kubectl: Kubectl): Neon {
    return new Neon(kubectl);
  }

  /** Takes it away, with its name. */
  public static async remove(kubectl: Kubectl): Promise<void> {
    await rewriteCorefile(kubectl, (text) => text.replace(REWRITE, ''));
    await kubectl.remove('namespace', NAMESPACE);
  }

  private constructor(readonly kubectl: Kubectl) {}

  /** Lets honeyDue's pods reach it: the rendered policies let them go to public addresses only. Its namespace must be there. */
  public async allowClients(): Promise<void> {
    await this.kubectl.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: CLIENTS.policy, namespace: CLIENTS.namespace },
      spec: {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } } }],
            ports: [{ port: PORT }],
          },
        ],
      },
    });
  }

  /** Rows of a query, as the owner of the database. @throws when a statement fails */
  public async query(sql: string): Promise<string[][]> {
    const pod = await this.kubectl.get<Pod>('pod', NAME, NAMESPACE);
    const psql = ['psql', '-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-U', Neon.USER, '-d', Neon.DATABASE];
    const { code, stdout, stderr } = await this.kubectl.exec(pod, 'postgres', psql, sql);
    if (code !== 0) {
      throw new Error(`query failed: ${stderr.trim()}`);
    }
    return rows(stdout);
  }

  async #answersToItsName(): Promise<void> {
    await rewriteCorefile(this.kubectl, (text) =>
      text.includes(REWRITE) ? text : text.replace('.:53 {\n', `.:53 {\n${REWRITE}`),
    );
  }
}

const REWRITE = `  rewrite name exact ${DIRECT_HOST} ${NAME}.${NAMESPACE}.svc.cluster.local\n`;

async function rewriteCorefile(kubectl: Kubectl, change: (text: string) => string): Promise<void> {
  const { data } = await kubectl.get<ConfigMap>('configmap', DNS.name, DNS.namespace);
  const changed = change(data.Corefile ?? '');
  if (changed === data.Corefile) {
    return;
  }
  const patch = JSON.stringify({ data: { Corefile: changed } });
  await kubectl.output(['patch', 'configmap', DNS.name, '-n', DNS.namespace, '--type=merge', '-p', patch]);
  await kubectl.output(['rollout', 'restart', 'deployment', DNS.name, '-n', DNS.namespace]);
  await kubectl.output(['rollout', 'status', 'deployment', DNS.name, '-n', DNS.namespace, '--timeout=60s']);
}

function podSpec(): object {
  const server = ['-c', 'ssl=on', '-c', 'ssl_cert_file=/tls/tls.crt', '-c', 'ssl_key_file=/tls/tls.key'];
  return {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999 },
    containers: [
      {
        name: 'postgres',
        image: 'postgres:17.6-bookworm',
        args: ['postgres', ...server, '-c', 'fsync=off'],
        env: [
          { name: 'POSTGRES_USER', value: Neon.USER },
          { name: 'POSTGRES_PASSWORD', value: Neon.PASSWORD },
          { name: 'POSTGRES_DB', value: Neon.DATABASE },
          { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
        ],
        readinessProbe: { exec: { command: ['pg_isready', '-h', '127.0.0.1'] }, periodSeconds: 1 },
        resources: { requests: { cpu: '50m', memory: '128Mi' } },
        volumeMounts: [
          { name: 'data', mountPath: '/var/lib/postgresql/data' },
          { name: 'tls', mountPath: '/tls' },
        ],
      },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'tls', secret: { secretName: NAME, defaultMode: 0o440 } },
    ],
  };
}

/** A key and a certificate that it signed itself. */
function certificate(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-tls-'));
  try {
    const [key, crt] = [join(folder, 'key'), join(folder, 'crt')];
    const subject = ['-subj', `/CN=${DIRECT_HOST}`, '-days', '2'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', crt],
      {
        stdio: 'ignore',
      },
    );
    return { 'tls.key': readFileSync(key, 'utf8'), 'tls.crt': readFileSync(crt, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
