import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type PostgresLayoutProps, postgresLayout } from '../../../lib/database/postgres-layout';
import { freePort } from '../../support/postgres';
import { debianBinFolder, type Flavour, postgresBinFolder } from '../../support/postgres-programs';
import {
  type Finished,
  killGroup,
  type Running,
  readableCopy,
  removeFolder,
  run,
  scratchFolder,
  start,
  until,
} from '../../support/process';

const SOURCES = join(__dirname, '../../..');

/** Flavours with the major version that their layouts are of. */
export const FLAVOURS: readonly { readonly flavour: Flavour; readonly major: number }[] = [
  { flavour: 'debian', major: Number(debianBinFolder().split('/').at(-2)) },
  { flavour: '18', major: 18 },
];

const SECRET = { POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'correct-horse', POSTGRES_DB: 'school' };

/** The containers of a database pod on a folder that stands for the volume, with PostgreSQL as the image has it. */
export class TestPod {
  public readonly layout;
  /** The volume's root on this machine. */
  public readonly volume: string;
  /** The data directory on this machine. */
  public readonly pgdata: string;
  public readonly lockFile: string;
  /** Comes first in the pod's PATH. */
  public readonly binFolder: string;
  /** Values of the Secret. */
  public secret: Record<string, string> = { ...SECRET };

  #port = 0;

  private constructor(
    private readonly folder: string,
    /** Folder of `postgres` and `initdb`. */
    public readonly postgresFolder: string,
    props: PostgresLayoutProps,
    private readonly running: Running[] = [],
  ) {
    this.layout = postgresLayout(props);
    this.volume = join(folder, 'volume');
    this.binFolder = join(folder, 'bin');
    this.pgdata = this.#local(this.layout.initEnvironment.PGDATA);
    this.lockFile = this.#local(this.layout.initEnvironment.LOCK_FILE);
  }

  /** A pod on a new, empty volume that belongs to the pod's user. */
  public static async create(props: Partial<PostgresLayoutProps> = {}, flavour: Flavour = 'debian'): Promise<TestPod> {
    const folder = await scratchFolder();
    mkdirSync(join(folder, 'bin'));
    readableCopy(join(SOURCES, 'lib/database/scripts'), folder, 'scripts');
    readableCopy(join(SOURCES, 'test/database/support/docker-entrypoint.sh'), folder, 'bin/docker-entrypoint.sh');
    const postgresPrograms = await postgresBinFolder(flavour, folder);
    await run('chmod', ['-R', 'a+rX', folder]);
    chmodSync(join(folder, 'bin/docker-entrypoint.sh'), 0o755);
    await run('mkdir', [join(folder, 'volume')], { unprivileged: true });
    const major = FLAVOURS.find((each) => each.flavour === flavour)?.major ?? 0;
    return new TestPod(folder, postgresPrograms, { major, subPath: 'postgres', ...props });
  }

  /** Another pod of the same or another description on the same volume. */
  public sibling(props: Partial<PostgresLayoutProps> = {}): TestPod {
    const all = { major: this.layout.major, subPath: 'postgres', ...props };
    return new TestPod(this.folder, this.postgresFolder, all, this.running);
  }

  /** Starts one script as the init containers run it. */
  public begin(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Running {
    const quick = script === 'apply-password.sh' ? ['-c', 'fsync=off'] : [];
    return this.#start(script, [...quick, ...args], { ...this.layout.initEnvironment, ...env });
  }

  /** Runs one script as the init containers run it. */
  public run(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Finished> {
    return this.begin(script, args, env).finished;
  }

  /**
   * Runs every init container in order; throws at the first that refuses.
   *
   * @param args settings of the server, which the password's container gets too
   */
  public async prepare(args: readonly string[] = []): Promise<void> {
    for (const script of ['preflight.sh', 'find-data.sh', 'initialise.sh', 'apply-password.sh']) {
      const result = await this.run(script, script === 'apply-password.sh' ? args : []);
      if (result.code !== 0) {
        throw new Error(`${script} ended with ${result.code}: ${result.stderr}${result.stdout}`);
      }
    }
  }

  /** Starts the server's container and returns at once. */
  public async beginServer(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Running> {
    this.#port = await freePort();
    const own = {
      listen_addresses: '127.0.0.1',
      port: this.#port,
      unix_socket_directories: '',
      fsync: 'off',
      // In the data folder, where it does not outlive a server that was killed.
      dynamic_shared_memory_type: 'mmap',
    };
    const settings = Object.entries(own).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return this.#start('start-server.sh', [...args, ...settings], { ...this.layout.serverEnvironment, ...env });
  }

  /** Starts the server's container and awaits that it accepts connections. */
  public async startServer(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Running> {
    const server = await this.beginServer(args, env);
    await until('the server accepts connections', async () => {
      if (server.process.exitCode !== null) {
        throw new Error(`the server ended: ${(await server.finished).stderr}`);
      }
      return (await run('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(this.#port)])).code === 0;
    });
    return server;
  }

  /** Runs SQL in the server that was started last, as an app does. */
  public sql(text: string, env: Record<string, string> = {}): Promise<Finished> {
    const { POSTGRES_USER: PGUSER, POSTGRES_PASSWORD: PGPASSWORD, POSTGRES_DB: PGDATABASE } = this.secret;
    const own = { PGHOST: '127.0.0.1', PGPORT: String(this.#port), PGUSER, PGPASSWORD, PGDATABASE };
    return run('psql', ['-XAtqw', '-v', 'ON_ERROR_STOP=1', '-c', text], { env: { ...own, ...env } });
  }

  /** Port of the server that was started last. */
  public get port(): string {
    return String(this.#port);
  }

  /** The startup probe in the container of the server that was started last. */
  public probe(): Promise<Finished> {
    return this.run('startup-probe.sh', [], { PGPORT: String(this.#port) });
  }

  /** Puts a program first in the pod's PATH. */
  public async replaceProgram(name: string, text: string): Promise<void> {
    const path = join(this.binFolder, name);
    await run('sh', ['-c', 'printf "%s" "$1" > "$2" && chmod 755 "$2"', 'sh', `#!/usr/bin/env bash\n${text}\n`, path]);
  }

  /** Runs a command in the volume's root as the pod's user. */
  public async inVolume(command: string): Promise<string> {
    const result = await run('sh', ['-ec', command], { cwd: this.volume, unprivileged: true });
    if (result.code !== 0) {
      throw new Error(`"${command}" ended with ${result.code}: ${result.stderr}`);
    }
    return result.stdout;
  }

  /** A copy of a cluster at a place of the volume, given relative to its root. */
  public async putCluster(cluster: string, place: string): Promise<void> {
    const target = place === '.' ? this.volume : join(this.volume, place);
    await this.inVolume(
      `mkdir -p '${dirname(target)}' && mkdir -p -m 0700 '${target}' && cp -a '${cluster}/.' '${target}/'`,
    );
  }

  /** Stops what the pod runs and removes its volume. */
  public async remove(): Promise<void> {
    for (const each of this.running) {
      killGroup(each.process, 'SIGKILL');
      await each.finished;
    }
    removeFolder(this.folder);
  }

  #local(path = ''): string {
    const { subPath } = this.layout.serverMounts[0] ?? {};
    return subPath !== undefined && path === this.layout.mountPath
      ? join(this.volume, subPath)
      : path.replace(this.layout.volumeRoot, this.volume);
  }

  #start(script: string, args: readonly string[], env: Record<string, string>): Running {
    const local = Object.entries(env).map(([name, value]) => [
      name,
      name === 'EXPORT_PATH' ? value : this.#local(value),
    ]);
    const running = start('bash', [join(this.folder, 'scripts', script), ...args], {
      unprivileged: true,
      env: {
        PATH: `${this.binFolder}:${this.postgresFolder}:${process.env.PATH}`,
        POSTGRES_INITDB_ARGS: '--no-sync --wal-segsize=1 --no-instructions --locale=C.UTF-8',
        LOCK_WAIT_SECONDS: '1',
        POD_NAME: 'school-platform-db-1',
        NODE_NAME: 'node-a',
        TERMINATION_LOG: join(this.folder, 'termination-log'),
        ...this.secret,
        ...Object.fromEntries(local),
      },
    });
    this.running.push(running);
    return running;
  }
}

/** Makes pods for the tests of one file and removes each after its test. */
export function usePods(): typeof TestPod.create {
  const pods: TestPod[] = [];
  afterEach(async () => {
    for (const pod of pods.splice(0)) {
      await pod.remove();
    }
  });
  return async (...options) => {
    const pod = await TestPod.create(...options);
    pods.push(pod);
    return pod;
  };
}

/** The commands that a script printed for people: its lines that begin with four spaces. */
export function printedCommands(result: Finished): string[] {
  return result.stderr
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.trim());
}
