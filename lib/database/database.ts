import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { NetworkAccess } from '../pod/network-access';
import type { Claim } from '../storage/claim';

/** What apps, migrations and backups need to know of a PostgreSQL database, wherever it runs. */
export interface Database {
  /** Name of the database for people and messages. */
  readonly name: string;

  /** PostgreSQL's major version; clients of another one make dumps that cannot be restored. */
  readonly major: number;

  /** An image with the client programs of that major version. */
  readonly clientImage: ImageReference;

  /** libpq's variables `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD` and `PGDATABASE`. */
  readonly connection: readonly k8s.EnvVar[];

  /** The same for a connection that no transaction pooler shares. @default - `connection` */
  readonly direct?: readonly k8s.EnvVar[];

  /**
   * Claim that holds the data.
   *
   * @default - none that the platform knows of
   */
  readonly storage?: Claim;

  /** Lets a workload's pods connect. */
  allowFrom(client: NetworkAccess): void;
}

/**
 * What a migration needs to know of a PostgreSQL database of which the platform knows one connection string alone. Apps
 * read the string themselves.
 */
export interface DatabaseByUrl extends Pick<Database, 'name' | 'major' | 'clientImage' | 'allowFrom'> {
  /** `CONNECTION_STRING`, which the scripts of a migration take apart, and libpq's variables beside it. */
  readonly connectionString: readonly k8s.EnvVar[];
}
