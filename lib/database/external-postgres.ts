import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { SecretKey } from '../platform/secret-key';
import type { NetworkAccess } from '../pod/network-access';
import type { Database } from './database';
import { type Address, ExternalAddresses } from './external-addresses';
import { postgresMajor } from './postgres-image';

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

  /** IPv4 address of a host in a private network, for NetworkPolicies. @default - a public address */
  readonly address?: string;

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

/** A PostgreSQL server that somebody else runs, outside the cluster. */
export class ExternalPostgres implements Database {
  public readonly name: string;
  public readonly major: number;
  public readonly clientImage: ImageReference;

  /** The way of the app: libpq's variables, `PGSSLMODE` among them. */
  public readonly connection: readonly k8s.EnvVar[];

  /** The way of migrations and dumps: past any pooler. */
  public readonly direct: readonly k8s.EnvVar[];

  readonly #addresses: ExternalAddresses;

  /** @throws when the host is a pooler and no way past it is known */
  public constructor(props: ExternalPostgresProps) {
    this.name = props.name;
    this.#addresses = new ExternalAddresses(props);
    this.clientImage = props.clientImage;
    this.major = postgresMajor(props.clientImage);
    const variables = ({ host, port }: Required<Address>): k8s.EnvVar[] => [
      { name: 'PGHOST', value: host },
      { name: 'PGPORT', value: String(port) },
      variable('PGUSER', props.user),
      variable('PGPASSWORD', props.password),
      variable('PGDATABASE', props.database),
      { name: 'PGSSLMODE', value: props.sslMode ?? 'require' },
    ];
    this.connection = variables(this.#addresses.named);
    this.direct = variables(this.#addresses.server);
  }

  public allowFrom(client: NetworkAccess): void {
    this.#addresses.allowFrom(client);
  }
}

function variable(name: string, value: string | SecretKey): k8s.EnvVar {
  return typeof value === 'string' ? { name, value } : value.env(name);
}
