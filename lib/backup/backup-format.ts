import type { k8s } from 'cdk8s-plus-28';

/** What an archive is: a script of SQL that `psql` loads, or `pg_dump`'s own format that `pg_restore` loads. */
export class BackupFormat {
  /**
   * `<prefix>_<time>.sql.gz`: SQL, compressed with gzip, which `gunzip` and `psql` alone restore.
   *
   * @param options.gzipLevel 1 (fastest) to 9. @default 1
   * @throws when the level is anything else
   */
  public static plain(options: { readonly gzipLevel?: number } = {}): BackupFormat {
    return new BackupFormat('plain', checkedLevel('gzip', options.gzipLevel, 9));
  }

  /**
   * `<prefix>_<time>.dump.zst`: the custom format, compressed with zstd.
   *
   * @param options.zstdLevel 1 (fastest) to 19. @default 3
   * @throws when the level is anything else
   */
  public static custom(options: { readonly zstdLevel?: number } = {}): BackupFormat {
    return new BackupFormat('custom', checkedLevel('zstd', options.zstdLevel, 19));
  }

  private constructor(
    public readonly name: 'plain' | 'custom',
    /** Level of gzip or zstd. @default - the script's own */
    public readonly level: number | undefined,
  ) {}

  /** The environment variables of `scripts/backup.sh` that say so. */
  public get env(): readonly k8s.EnvVar[] {
    const format = { name: 'FORMAT', value: this.name };
    return this.level === undefined ? [format] : [format, { name: 'COMPRESSION_LEVEL', value: String(this.level) }];
  }
}

function checkedLevel(program: string, level: number | undefined, highest: number): number | undefined {
  if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= highest)) {
    throw new Error(`${program} level ${level} is not possible; give a whole number from 1 to ${highest}`);
  }
  return level;
}
