import { isIPv4 } from 'node:net';
import type { ImageReference } from '../platform/image-reference';
import { refuse } from '../platform/problems';
import type { NetworkAccess } from '../pod/network-access';

/** Where something listens. */
export interface Address {
  readonly host: string;
  /** @default 5432 */
  readonly port?: number;
  /** IPv4 address of a host in a private network, for NetworkPolicies. @default - a public address */
  readonly address?: string;
}

/** What is known of every server that somebody else runs, outside the cluster. */
export interface ExternalServerProps {
  /** Name of the database for people and messages. */
  readonly name: string;

  /** The official `postgres` image, Debian flavour, of the server's major version: its client programs are used. */
  readonly clientImage: ImageReference;

  /** Host name of the server, or of the pooler before it. */
  readonly host: string;

  /** @default 5432 */
  readonly port?: number;

  /** IPv4 address of a host in a private network, for NetworkPolicies. @default - a public address */
  readonly address?: string;

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

/** Where a server outside the cluster is reached: by the app, and by what must not share a session with others. */
export class ExternalAddresses {
  /** The address that was named: of the server, or of a pooler before it. */
  public readonly named: Required<Address>;

  /** The server itself. */
  public readonly server: Required<Address>;

  /** @throws when a host is no host name, or is a pooler and no way past it is known */
  public constructor(props: Pick<ExternalServerProps, 'name' | 'host' | 'port' | 'address' | 'direct'>) {
    const { name, host, port = 5432, address = host } = props;
    const direct = props.direct ?? { host: host.replace(/^([^.]+)-pooler\./, '$1.'), port, address: props.address };
    this.named = { host, port, address };
    this.server = { host: direct.host, port: direct.port ?? 5432, address: direct.address ?? direct.host };
    refuse([
      ...[...new Set([host, direct.host])].filter((each) => !isHost(each)).map((each) => notHost(name, each)),
      ...(isPooler(this.server) ? [poolerProblem(name, this.server, props.direct !== undefined)] : []),
    ]);
  }

  /** Lets a workload's pods connect to both. */
  public allowFrom(client: NetworkAccess): void {
    const { named, server } = this;
    // Host names make one rule of a NetworkPolicy for each port.
    const isSameHost = server.address === named.address || (!isIPv4(server.address) && !isIPv4(named.address));
    const isSameRule = server.port === named.port && isSameHost;
    for (const { host, port, address } of isSameRule ? [named] : [named, server]) {
      client.allowToHost(host, port, address);
    }
  }
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
