import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeCluster } from './postgres-cluster';
import { type Flavour, postgresBinFolder } from './postgres-programs';
import { killGroup, type Running, removeFolder, run, scratchFolder, start, until } from './process';

export { debianBinFolder } from './postgres-programs';

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
  /** @default 'debian' */
  readonly flavour?: Flavour;
  /** Server settings. @default those of the server, but nothing is flushed and no memory outlives it */
  readonly settings?: Readonly<Record<string, string>>;
}

const PASSWORD = 'correct-horse';

/** Starts a PostgreSQL server with a superuser `postgres` that must give a password over TCP. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = await scratchFolder();
  const flavour = options.flavour ?? 'debian';
  const binFolder = await postgresBinFolder(flavour, folder);
  const version = await run(join(binFolder, 'postgres'), ['--version'], { unprivileged: true });
  const major = Number(/\b(\d+)[.\w]*/.exec(version.stdout)?.[1]);
  const dataFolder = join(folder, 'data');
  await makeCluster({ flavour, binFolder, folder: dataFolder, password: PASSWORD });
  const port = await freePort();
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGPASSWORD: PASSWORD,
    PGDATABASE: 'postgres',
  };
  const settings = {
    fsync: 'off',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // In the data folder, where it does not outlive a server that was killed.
    dynamic_shared_memory_type: 'mmap',
    ...options.settings,
  };
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
