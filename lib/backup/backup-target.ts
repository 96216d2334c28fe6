import { refuse } from '../platform/problems';
import type { SecretKey } from '../platform/secret-key';
import type { Claim } from '../storage/claim';
import { Endpoint } from './endpoint';

/** An S3-compatible object store, and where in it the backups lie. */
export interface S3Props {
  /** Address of the store, e.g. `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;

  readonly bucket: string;

  /** Folder in the bucket: letters, digits, `.`, `_`, `-`, and `/` between folders. */
  readonly prefix: string;

  /** Secret key with the id of an access key that may list, read, write and delete below the prefix. */
  readonly accessKeyId: SecretKey;

  /** Secret key with the secret of that access key. */
  readonly secretAccessKey: SecretKey;

  /**
   * Name of the region, for stores that want one.
   *
   * @default 'us-east-1'
   */
  readonly region?: string;

  /**
   * What rclone calls the store's maker: `AWS`, `Minio`, `Cloudflare` …; stores differ in small things.
   *
   * @default 'Other'
   */
  readonly provider?: string;

  /**
   * IPv4 address of a store in a private network, which NetworkPolicies know by address only.
   *
   * @default - a public host
   */
  readonly address?: string;
}

/** A place in an object store. */
export interface S3Store extends S3Props {
  /** What NetworkPolicies must let through. */
  readonly network: Endpoint;
}

/** Where backups are kept. */
export class BackupTarget {
  /** A folder on a volume. */
  public static claim(claim: Claim): BackupTarget {
    return new BackupTarget(claim, undefined);
  }

  /**
   * An S3-compatible object store.
   *
   * @throws when endpoint, bucket or prefix cannot be used, with all problems at once
   */
  public static s3(props: S3Props): BackupTarget {
    refuse([...endpointProblems(props.endpoint), ...nameProblems(props)]);
    const network = Endpoint.of(props.endpoint, { address: props.address });
    return new BackupTarget(undefined, { ...props, network });
  }

  private constructor(
    /** @default - none: it is an object store */
    public readonly volume: Claim | undefined,
    /** @default - none: it is a folder on a volume */
    public readonly store: S3Store | undefined,
  ) {}
}

function endpointProblems(endpoint: string): string[] {
  try {
    Endpoint.of(endpoint);
    return [];
  } catch (error) {
    return [`S3 endpoint: ${(error as Error).message}`];
  }
}

function nameProblems({ bucket, prefix }: S3Props): string[] {
  const problems: string[] = [];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    problems.push(`S3 bucket "${bucket}" is not a name; write 3 to 63 lower-case letters, digits, dots and dashes`);
  }
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(prefix)) {
    const wayOut = 'write letters, digits, ".", "_", "-", with "/" between folders, e.g. backups/shop';
    problems.push(`S3 prefix "${prefix}" is not a folder; ${wayOut}`);
  }
  return problems;
}
