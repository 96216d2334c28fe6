import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../platform/problems';
import { APPLICATION_NAME, MIGRATION_OPTIONS } from './session-options';

const SCRIPTS = join(__dirname, 'scripts');

/** Where the scripts are mounted, in the app's image and in the client's. */
export const SCRIPTS_PATH = '/mooring/scripts';

/** How a tool migrates, which migrations an image brings, and how the database says which are applied. */
export interface MigrationSteps {
  /** The program that migrates, and its arguments; run without a shell. */
  readonly migrate: readonly string[];

  /** The program that prints the names of the image's migrations, one a line, without a database. */
  readonly list: readonly string[];

  /** Table in which the tool records what it applied, as its session finds it. */
  readonly table: string;

  /** Query over `listed (name, position)`: what is not applied, with the same columns. `:table` stands for the table. */
  readonly missing: string;

  /** Scripts that the commands above use, from the folder of scripts. */
  readonly scripts: readonly string[];

  /** Environment of the program that migrates. */
  readonly env: Readonly<Record<string, string>>;
}

/** Properties of `MigrationTool.command`. */
export interface CommandProps {
  /** The program that migrates, and its arguments. It may run again when all is applied. */
  readonly migrate: readonly string[];

  /** A program of the image that prints the names of its migrations, one a line, without a database. */
  readonly list: readonly string[];

  /** Table that is there once the first migration is applied. */
  readonly table: string;

  /** Query for the names of the applied migrations, such as `SELECT name FROM knex_migrations`. */
  readonly applied: string;
}

/** A tool that migrates a database. */
export class MigrationTool {
  /**
   * goose with migrations in files, against PostgreSQL. The image has `goose` in its `PATH`.
   *
   * @param folder where the image keeps its migrations
   * @param table @default 'goose_db_version'
   */
  public static goose(folder: string, table = 'goose_db_version'): MigrationTool {
    return new MigrationTool('goose', {
      migrate: sh('goose-up.sh', folder, table),
      list: sh('list-goose.sh', folder),
      table,
      missing: query('missing-goose.sql'),
      scripts: ['goose-up.sh', 'list-goose.sh'],
      env: {},
    });
  }

  /**
   * Prisma: `prisma migrate deploy`.
   *
   * @param folder where the image keeps its migrations; @default 'prisma/migrations', in the image's working directory
   * @param cli the program that is Prisma's command line; @default ['npx', '--no-install', 'prisma']
   */
  public static prisma(
    folder = 'prisma/migrations',
    cli: readonly string[] = ['npx', '--no-install', 'prisma'],
  ): MigrationTool {
    return new MigrationTool('prisma', {
      migrate: sh('prisma-deploy.sh', folder, ...cli),
      list: sh('list-prisma.sh', folder),
      table: '_prisma_migrations',
      missing: query('missing-prisma.sql'),
      scripts: ['list-prisma.sh', 'prisma-deploy.sh'],
      env: {
        // It asks the network for news otherwise, and reads no PGOPTIONS but what its URL says.
        CHECKPOINT_DISABLE: '1',
        URL_PARAMETERS: `options=${encodeURIComponent(MIGRATION_OPTIONS)}&application_name=${APPLICATION_NAME}`,
      },
    });
  }

  /**
   * Alembic: `alembic upgrade heads`.
   *
   * @param config path of its configuration; @default 'alembic.ini', in the image's working directory
   * @param table @default 'alembic_version'
   */
  public static alembic(config = 'alembic.ini', table = 'alembic_version'): MigrationTool {
    const alembic = ['alembic', '-c', config];
    return new MigrationTool('alembic', {
      migrate: [...alembic, 'upgrade', 'heads'],
      list: sh('list-alembic.sh', ...alembic),
      table,
      missing: query('missing-alembic.sql'),
      scripts: ['list-alembic.sh'],
      env: {},
    });
  }

  /**
   * Laravel: `php artisan migrate --force`.
   *
   * @param folders where the image keeps its migrations; @default ['database/migrations'], in its working directory
   * @param table @default 'migrations'
   */
  public static artisan(folders: readonly string[] = ['database/migrations'], table = 'migrations'): MigrationTool {
    return new MigrationTool('artisan', {
      migrate: ['php', 'artisan', 'migrate', '--force', '--no-interaction'],
      list: sh('list-artisan.sh', ...folders),
      table,
      missing: query('missing-artisan.sql'),
      scripts: ['list-artisan.sh'],
      env: {},
    });
  }

  /**
   * ent, which migrates while the app starts: neither Job nor gate. Readiness holds traffic back until it is done. With a
   * command of its own that migrates, the app's tool is `MigrationTool.command`.
   */
  public static ent(): MigrationTool {
    return new MigrationTool('ent', undefined);
  }

  /**
   * Any other tool with a name for each migration and a table of those that are applied.
   *
   * @throws when a command is empty or the table is no plain name
   */
  public static command(props: CommandProps): MigrationTool {
    const { migrate, list, table, applied } = props;
    refuse(
      Object.entries({ migrate, list })
        .filter(([, command]) => command.length === 0)
        .map(([name]) => `the command "${name}" of a migration tool is empty; name a program and its arguments`),
    );
    return new MigrationTool('command', {
      migrate,
      list,
      table,
      missing: `SELECT name, position FROM listed WHERE (name = ANY (ARRAY(${applied})::text[])) IS NOT TRUE\n`,
      scripts: [],
      env: {},
    });
  }

  private constructor(
    public readonly name: 'goose' | 'prisma' | 'alembic' | 'artisan' | 'ent' | 'command',
    readonly steps: MigrationSteps | undefined,
  ) {
    const table = steps?.table;
    if (table !== undefined && !/^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(table)) {
      throw new Error(
        `table "${table}" of ${name} is no plain name; write table or schema.table, in lower case without quotes`,
      );
    }
  }

  /** Whether the app migrates by itself when it starts, so that no Job can and no gate need be. */
  public get migratesAtStart(): boolean {
    return this.steps === undefined;
  }

  /**
   * The steps of a Job and a gate.
   *
   * @throws when the app migrates by itself
   */
  public gatedSteps(): MigrationSteps {
    if (this.steps === undefined) {
      throw new Error(
        `${this.name} migrates when the app starts; leave MigrationJob and MigrationGate out, or give the image a ` +
          'command that migrates and name it with MigrationTool.command',
      );
    }
    return this.steps;
  }
}

function sh(script: string, ...args: readonly string[]): string[] {
  return ['sh', `${SCRIPTS_PATH}/${script}`, ...args];
}

function query(file: string): string {
  return readFileSync(join(SCRIPTS, file), 'utf8');
}
