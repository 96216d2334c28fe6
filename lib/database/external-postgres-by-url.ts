import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { SecretKey } from '../platform/secret-key';
import type { NetworkAccess } from '../pod/network-access';
import type { MigratedDatabase } from './database';
import { ExternalAddresses, type ExternalServerProps } from './external-addresses';
import { postgresMajor } from './postgres-image';

/** Properties of `ExternalPostgresByUrl`: `host` and `port` are those of the connection string. */
export interface ExternalPostgresByUrlProps extends ExternalServerProps {
  /**
   * Secret key with the connection string that the app reads: `postgres://user:password@host:port/database?sslmode=…`, or
   * `host=… user=… password='…' dbname=…`. Its `sslmode` goes before the one here.
   */
  readonly url: SecretKey;
}

/**
 * A PostgreSQL server that somebody else runs, of which one Secret key holds the whole connection string. Enough for
 * `MigrationJob` and `MigrationGate`; the app reads the string by a variable of its own. Backups need `ExternalPostgres`.
 */
export class ExternalPostgresByUrl implements MigratedDatabase {
  public readonly name: string;
  public readonly major: number;
  public readonly clientImage: ImageReference;

  /** `CONNECTION_STRING`, and libpq's variables beside it. */
  public readonly direct: readonly k8s.EnvVar[];

  readonly #addresses: ExternalAddresses;

  /** @throws when the host is a pooler and no way past it is known */
  public constructor(props: ExternalPostgresByUrlProps) {
    this.name = props.name;
    this.clientImage = props.clientImage;
    this.major = postgresMajor(props.clientImage);
    this.#addresses = new ExternalAddresses(props);
    const { host, port } = this.#addresses.server;
    this.direct = [
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
