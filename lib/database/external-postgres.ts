import { isIPv4 } from 'node:net';
import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import { refuse } from '../platform/problems';
import type { SecretKey } from '../platform/secret-key';
import type { NetworkAccess } from '../pod/network-access';
import type { Database } from './database';
import { postgresMajor } from './postgres-image';

/** Where something listens. */
interface Address {
  readonly host: string;
  /** @default 5432 */
  readonly port?: number;
}

/** Properties of `ExternalPostgres`. */
export interface ExternalPostgresProps {
  /** Name of the database for people and messages. */
  readonly name: string;

  /** The official `postgres` image, Debian flavour, of the server's major version: its client programs are used. */
  readonly clientImage: ImageReference;

  /** Host name of the server, or of the pooler before it. */
  readonly host: string;

  /** @default 5432 */
  readonly port?: number;

  /** Name of the database on the server. */
  readonly database: string | SecretKey;

  readonly user: string | SecretKey;

  readonly password: SecretKey;

  /**
   * The server behind a pooler. Migrations and dumps need sessions, which a transaction pooler shares out.
   *
   * @default - `host` and `port`; with a host name of Neon's, without its "-pooler"
   */
  readonly direct?: Address;

  /**
   * libpq's `sslmode`.
   *
   * @default 'require'
   */
  readonly sslMode?: 'disable' | 'require' | 'verify-full';
}

/** Ports that PgBouncer (its own default) and Supabase's transaction pooler listen on. */
const POOLER_PORTS = [6432, 6543];

/** A PostgreSQL server that somebody else runs, outside the cluster. */
export class ExternalPostgres implements Database {
  public readonly name: string;
  public readonly major: number;
  public readonly clientImage: ImageReference;

  /** The way of the app: libpq's variables, `PGSSLMODE` among them. */
  public readonly connection: readonly k8s.EnvVar[];

  /** The way of migrations and dumps: past any pooler. */
  public readonly direct: readonly k8s.EnvVar[];

  readonly #addresses: readonly Required<Address>[];

  /** @throws when the host is a pooler and no way past it is known */
  public constructor(props: ExternalPostgresProps) {
    const { name, host, port = 5432 } = props;
    const direct = props.direct ?? { host: host.replace(/^([^.]+)-pooler\./, '$1.'), port };
    const server = { host: direct.host, port: direct.port ?? 5432 };
    refuse([
      ...[...new Set([host, server.host])].filter((each) => !isHost(each)).map((each) => notHost(name, each)),
      ...(isPooler(server) ? [poolerProblem(name, server, props.direct !== undefined)] : []),
    ]);
    this.name = name;
    this.clientImage = props.clientImage;
    this.major = postgresMajor(props.clientImage);
    const variables = ({ host: at, port: on }: Required<Address>): k8s.EnvVar[] => [
      { name: 'PGHOST', value: at },
      { name: 'PGPORT', value: String(on) },
      variable('PGUSER', props.user),
      variable('PGPASSWORD', props.password),
      variable('PGDATABASE', props.database),
      { name: 'PGSSLMODE', value: props.sslMode ?? 'require' },
    ];
    this.connection = variables({ host, port });
    this.direct = variables(server);
    // Host names make one rule of a NetworkPolicy for each port.
    const isSameRule = server.port === port && !isIPv4(server.host) && !isIPv4(host);
    this.#addresses = isSameRule ? [{ host, port }] : [{ host, port }, server];
  }

  public allowFrom(client: NetworkAccess): void {
    for (const { host, port } of this.#addresses) {
      client.allowToHost(host, port);
    }
  }
}

function variable(name: string, value: string | SecretKey): k8s.EnvVar {
  return typeof value === 'string' ? { name, value } : value.env(name);
}

function isHost(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
}

function notHost(name: string, text: string): string {
  return `host "${text}" of database "${name}" is no host name; write the name alone, without scheme, user or port`;
}

/** Whether a name or port says that a pooler listens there. Nothing else can be known before it is asked. */
function isPooler({ host, port }: Required<Address>): boolean {
  return POOLER_PORTS.includes(port) || /(^|[.-])(pooler|pgbouncer)([.-]|$)/i.test(host);
}

function poolerProblem(name: string, { host, port }: Required<Address>, isStated: boolean): string {
  const where = `"${host}:${port}" of database "${name}"`;
  return isStated
    ? `direct host ${where} is a connection pooler, too; name the server itself`
    : `host ${where} is a connection pooler, in which migrations lose their locks; name the server behind it as direct`;
}
