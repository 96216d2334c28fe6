import type { k8s } from 'cdk8s-plus-28';

/** Properties of `AppliedMigrations.query`. */
export interface AppliedMigrationsProps {
  /** Name of the tool, in one word, for sidecars and messages. */
  readonly tool: string;

  /** The table that records migrations, with its schema; while it is missing, no migration was applied. */
  readonly table: string;

  /** SQL that returns the ids of applied migrations, oldest first, as one column of text called `id`. */
  readonly query: string;
}

/**
 * How a database tells which migrations it has had, so that a backup can say whether the running app understands it.
 *
 * The ids are ordered by name where the tool applies them in that order: then equal sets have equal newest ids.
 */
export class AppliedMigrations {
  /**
   * Prisma: what `prisma migrate deploy` finished.
   *
   * @param schema that holds `_prisma_migrations`. @default 'public'
   */
  public static prisma(schema = 'public'): AppliedMigrations {
    const table = inSchema(schema, '_prisma_migrations');
    const where = 'finished_at IS NOT NULL AND rolled_back_at IS NULL';
    const query = `SELECT migration_name AS id FROM ${table} WHERE ${where} ORDER BY migration_name`;
    return new AppliedMigrations({ tool: 'prisma', table, query });
  }

  /**
   * goose. Its old versions added a row for a migration that was taken back: the newest row of each counts.
   *
   * @param schema that holds `goose_db_version`. @default 'public'
   */
  public static goose(schema = 'public'): AppliedMigrations {
    const table = inSchema(schema, 'goose_db_version');
    const newest = `SELECT DISTINCT ON (version_id) version_id, is_applied FROM ${table} ORDER BY version_id, id DESC`;
    const where = 'is_applied AND version_id > 0';
    const query = `SELECT version_id::text AS id FROM (${newest}) AS newest WHERE ${where} ORDER BY version_id`;
    return new AppliedMigrations({ tool: 'goose', table, query });
  }

  /**
   * Alembic, which records the newest revision alone.
   *
   * @param schema that holds `alembic_version`. @default 'public'
   */
  public static alembic(schema = 'public'): AppliedMigrations {
    const table = inSchema(schema, 'alembic_version');
    return new AppliedMigrations({
      tool: 'alembic',
      table,
      query: `SELECT version_num AS id FROM ${table} ORDER BY 1`,
    });
  }

  /**
   * Laravel: what `php artisan migrate` ran.
   *
   * @param schema that holds `migrations`. @default 'public'
   */
  public static artisan(schema = 'public'): AppliedMigrations {
    const table = inSchema(schema, 'migrations');
    return new AppliedMigrations({ tool: 'artisan', table, query: `SELECT migration AS id FROM ${table} ORDER BY 1` });
  }

  /**
   * The schema file of an `AppWithInitSchemaSync`: an id is the sha256 of the file that was applied.
   *
   * @param app name of the app
   * @throws when it is not a name of Kubernetes
   */
  public static schemaSync(app: string): AppliedMigrations {
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(app)) {
      throw new Error(`app "${app}" is not a name; give the name of the AppWithInitSchemaSync`);
    }
    const table = 'mooring.schema_sync';
    const query = `SELECT s.sha256 AS id FROM ${table} AS s WHERE s.name = '${app}' ORDER BY s.id`;
    return new AppliedMigrations({ tool: 'schema-sync', table, query });
  }

  /** Any other tool. */
  public static query(props: AppliedMigrationsProps): AppliedMigrations {
    return new AppliedMigrations(props);
  }

  private constructor(private readonly props: AppliedMigrationsProps) {}

  /** The environment variables of `scripts/backup.sh` that say so. */
  public get env(): readonly k8s.EnvVar[] {
    const { tool, table, query } = this.props;
    return [
      { name: 'MIGRATION_TOOL', value: tool },
      { name: 'MIGRATION_TABLE', value: table },
      { name: 'MIGRATION_QUERY', value: query },
    ];
  }
}

/** @throws when the schema would have to be quoted */
function inSchema(schema: string, table: string): string {
  if (!/^[a-z_][a-z0-9_]*$/.test(schema)) {
    throw new Error(`schema "${schema}" needs quotes in SQL; name one of lower-case letters, digits and underscores`);
  }
  return `${schema}.${table}`;
}
