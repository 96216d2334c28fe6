import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Kubectl } from './kubectl';
import { expect } from './waiting';

const NAMESPACE = 'mooring-e2e-scratch';
const POD = 'scratch';

/** A PostgreSQL of the database's own major in a namespace of its own, on a volume that goes with it. */
export class ScratchServer {
  private constructor(readonly kubectl: Kubectl) {}

  public static async start(kubectl: Kubectl): Promise<ScratchServer> {
    await kubectl.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: POD, namespace: NAMESPACE },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'postgres',
              image: 'postgres:17.6-bookworm',
              env: [
                { name: 'POSTGRES_USER', value: 'school' },
                { name: 'POSTGRES_HOST_AUTH_METHOD', value: 'trust' },
              ],
              readinessProbe: { exec: { command: ['pg_isready', '-q', '-h', '127.0.0.1'] }, periodSeconds: 1 },
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
            },
          ],
        },
      },
    );
    await kubectl.output(['wait', '-n', NAMESPACE, '--for=condition=Ready', `pod/${POD}`, '--timeout=90s']);
    return new ScratchServer(kubectl);
  }

  /** Loads a gzip-compressed plain dump, stopping at the first error. */
  public async load(file: string): Promise<void> {
    const dump = gunzipSync(readFileSync(file)).toString('utf8');
    const { code, stderr } = await this.kubectl.run(this.#psqlArguments(), dump);
    expect('the dump loads without an error', code === 0, stderr);
  }

  /** Runs SQL. @returns rows as lines, columns separated by tabs */
  public psql(sql: string): Promise<string> {
    return this.kubectl.output(this.#psqlArguments(), sql);
  }

  public async stop(): Promise<void> {
    await this.kubectl.remove('namespace', NAMESPACE);
  }

  #psqlArguments(): string[] {
    const psql = ['psql', '-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-U', 'school', '-d', 'school'];
    return ['exec', '-i', '-n', NAMESPACE, POD, '-c', 'postgres', '--', ...psql];
  }
}
