import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { SecretKey } from '../platform/secret-key';
import type { NetworkAccess } from '../pod/network-access';
import type { DatabaseByUrl } from './database';
import { type Address, ExternalAddresses } from './external-addresses';
import { postgresMajor } from './postgres-image';

/** Properties of `ExternalPostgresByUrl`. */
export interface ExternalPostgresByUrlProps {
  /** Name of the database for people and messages. */
  readonly name: string;

  /** The official `postgres` image, Debian flavour, of the server's major version: its client programs are used. */
  readonly clientImage: ImageReference;

  /**
   * Secret key with the connection string that the app reads: `postgres://user:password@host:port/database?sslmode=…`, or
   * `host=… user=… password='…' dbname=…`.
   */
  readonly url: SecretKey;

  /** Host name in the connection string, which NetworkPolicies must know. */
  readonly host: string;

  /** Port in the connection string. @default 5432 */
  readonly port?: number;

  /** IPv4 address of a host in a private network, for NetworkPolicies. @default - a public address */
  readonly address?: string;

  /**
   * The server behind a pooler that the connection string names.
   *
   * @default - what the connection string names; with a host name of Neon's, without its "-pooler"
   */
  readonly direct?: Address;

  /**
   * libpq's `sslmode` where the connection string says nothing of it.
   *
   * @default 'require'
   */
  readonly sslMode?: 'disable' | 'require' | 'verify-full';
}

/**
 * A PostgreSQL server that somebody else runs, of which one Secret key holds the whole connection string. Enough for
 * `MigrationJob` and `MigrationGate`; the app reads the string by a variable of its own. Backups need `ExternalPostgres`.
 */
export class ExternalPostgresByUrl implements DatabaseByUrl {
  public readonly name: string;
  public readonly major: number;
  public readonly clientImage: ImageReference;
  public readonly connectionString: readonly k8s.EnvVar[];

  readonly #addresses: ExternalAddresses;

  /** @throws when the host is a pooler and no way past it is known */
  public constructor(props: ExternalPostgresByUrlProps) {
    this.name = props.name;
    this.clientImage = props.clientImage;
    this.major = postgresMajor(props.clientImage);
    this.#addresses = new ExternalAddresses(props);
    const { host, port } = this.#addresses.server;
    this.connectionString = [
      props.url.env('CONNECTION_STRING'),
      { name: 'PGSSLMODE', value: props.sslMode ?? 'require' },
      ...(props.direct === undefined
        ? []
        : [
            { name: 'PGHOST', value: host },
            { name: 'PGPORT', value: String(port) },
          ]),
    ];
  }

  public allowFrom(client: NetworkAccess): void {
    this.#addresses.allowFrom(client);
  }
}
