/** How a migration tool is called. */
export class MigrationTool {
  /** Prisma: `prisma migrate deploy`. */
  public static prisma(): MigrationTool {
    return new MigrationTool('prisma', ['npx', '--no-install', 'prisma', 'migrate', 'deploy']);
  }

  /**
   * goose, against PostgreSQL.
   *
   * @param folder where the image keeps its migrations
   */
  public static goose(folder: string): MigrationTool {
    return new MigrationTool('goose', ['goose', '-dir', folder, 'postgres', '', 'up']);
  }

  /** Alembic: `alembic upgrade head`. */
  public static alembic(): MigrationTool {
    return new MigrationTool('alembic', ['alembic', 'upgrade', 'head']);
  }

  /** Laravel: `php artisan migrate --force`, in production mode. */
  public static artisan(): MigrationTool {
    return new MigrationTool('artisan', ['php', 'artisan', 'migrate', '--force']);
  }

  /**
   * Any other program of the image.
   *
   * @throws when the command is empty
   */
  public static command(command: readonly string[]): MigrationTool {
    if (command.length === 0) {
      throw new Error('a migration command is empty; name the program and its arguments');
    }
    return new MigrationTool('command', command);
  }

  private constructor(
    public readonly name: 'prisma' | 'goose' | 'alembic' | 'artisan' | 'command',
    /** The program and its arguments, run without a shell. */
    public readonly command: readonly string[],
  ) {}
}
