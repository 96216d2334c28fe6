import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { SecretKey } from '../platform/secret-key';
import type { NetworkAccess } from '../pod/network-access';
import type { Database } from './database';
import { type Address, ExternalAddresses, type ExternalServerProps } from './external-addresses';
import { postgresMajor } from './postgres-image';

/** Properties of `ExternalPostgres`. */
export interface ExternalPostgresProps extends ExternalServerProps {
  /** Name of the database on the server. */
  readonly database: string | SecretKey;

  readonly user: string | SecretKey;

  readonly password: SecretKey;
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
