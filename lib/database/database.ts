import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { NetworkAccess } from '../pod/network-access';
import type { Claim } from '../storage/claim';

/** What a migration needs to know of a PostgreSQL database, wherever it runs. */
export interface MigratedDatabase {
  /** Name of the database for people and messages. */
  readonly name: string;

  /** PostgreSQL's major version; clients of another one make dumps that cannot be restored. */
  readonly major: number;

  /** An image with the client programs of that major version. */
  readonly clientImage: ImageReference;

  /**
   * Environment of a connection that no transaction pooler shares: libpq's variables, or `CONNECTION_STRING`, which the
   * scripts of a migration take apart, and libpq's variables for what it does not say.
   */
  readonly direct: readonly k8s.EnvVar[];

  /** Lets a workload's pods connect. */
  allowFrom(client: NetworkAccess): void;
}

/** What apps and backups need to know of it as well. */
export interface Database extends MigratedDatabase {
  /** libpq's variables `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD` and `PGDATABASE`. */
  readonly connection: readonly k8s.EnvVar[];

  /** The same of a connection that no transaction pooler shares. */
  readonly direct: readonly k8s.EnvVar[];

  /**
   * Claim that holds the data.
   *
   * @default - none that the platform knows of
   */
  readonly storage?: Claim;
}
