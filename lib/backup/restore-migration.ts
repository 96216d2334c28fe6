import type { k8s } from 'cdk8s-plus-28';
import type { ImageReference } from '../platform/image-reference';
import type { SecretReference } from '../platform/secret-reference';
import type { Resources } from '../pod/container';

/** A schema file with the script that applies it: `SchemaFile`. */
export interface AppliedSchema {
  /** File name → text; `schema-sync.sh` is among them. */
  configMapData(): Readonly<Record<string, string>>;
}

/** Migrations that the app's image carries. */
export interface ImageMigration {
  readonly image: ImageReference;

  /** The program that migrates and its arguments, e.g. `['npx', 'prisma', 'migrate', 'deploy']`. */
  readonly command: readonly string[];

  /** Numeric user of the image. */
  readonly uid: number;

  readonly resources: Resources;

  /**
   * Environment beside libpq's variables.
   *
   * @default - none
   */
  readonly env?: readonly k8s.EnvVar[];

  /**
   * Variables that hold the database's URL; the name of the database in it is replaced by the restored one's.
   *
   * @default ['DATABASE_URL']
   */
  readonly urlVariables?: readonly string[];

  /**
   * Secret with which the image is pulled.
   *
   * @default - none: the image is public
   */
  readonly pullSecret?: SecretReference;
}

/** How a restored database that is older than the running app gets the app's schema. */
export class RestoreMigration {
  /**
   * By the schema file of an `AppWithInitSchemaSync`.
   *
   * @param app name of the app
   */
  public static schemaSync(app: string, schema: AppliedSchema): RestoreMigration {
    return new RestoreMigration({ app, files: schema.configMapData() }, undefined);
  }

  /** By a migration tool in the app's image, which also has `sh`. */
  public static image(migration: ImageMigration): RestoreMigration {
    if (migration.command.length === 0) {
      throw new Error('a migration command is empty; name the program and its arguments');
    }
    return new RestoreMigration(undefined, migration);
  }

  private constructor(
    /** @default - none: it is an image */
    public readonly schema: { readonly app: string; readonly files: Readonly<Record<string, string>> } | undefined,
    /** @default - none: it is a schema file */
    public readonly container: ImageMigration | undefined,
  ) {}
}
