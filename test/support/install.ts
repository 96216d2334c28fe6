import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cannotBuild, folderWith } from './go-program';
import { GOOSE, VERSITYGW } from './go-tools';
import { goYamlProgram, PYTHON } from './yaml-programs';

/** What the checks below ask of a machine. */
export interface Machine {
  /** Whether a program can be started by its name. */
  hasProgram(name: string): boolean;
  exists(path: string): boolean;
  /** Names in a folder; none when it is missing. */
  list(folder: string): readonly string[];
  /** Whether a command ends with exit code 0. */
  succeeds(command: string, args: readonly string[]): boolean;
}

/** Something that the tests need, and the Debian package that brings it. */
export interface Requirement {
  readonly what: string;
  readonly debianPackage: string;
  readonly isPresent: (machine: Machine) => boolean;
}

/** One command of an installation. */
export interface InstallStep {
  readonly command: readonly [string, ...string[]];
  /** Whether it also runs after a step before it failed. @default false */
  readonly always?: boolean;
}

/** The oldest PostgreSQL that the tests know: Debian 12's. */
const POSTGRES_MAJOR = 15;
const POSTGRES_FOLDER = '/usr/lib/postgresql';

/** Everything that the tests need besides Node, git and make. */
export const REQUIREMENTS: readonly Requirement[] = [
  {
    what: `PostgreSQL ${POSTGRES_MAJOR} or newer below ${POSTGRES_FOLDER}, and psql`,
    debianPackage: 'postgresql',
    isPresent: (machine) =>
      machine.hasProgram('psql') &&
      machine
        .list(POSTGRES_FOLDER)
        .some((major) => Number(major) >= POSTGRES_MAJOR && machine.exists(`${POSTGRES_FOLDER}/${major}/bin/postgres`)),
  },
  {
    what: `PyYAML for ${PYTHON}`,
    debianPackage: 'python3-yaml',
    // Python takes longer to start than all other checks together, so Debian's own folder is looked at first.
    isPresent: (machine) =>
      machine.exists(PYTHON) &&
      (machine.exists('/usr/lib/python3/dist-packages/yaml/__init__.py') ||
        machine.succeeds(PYTHON, ['-I', '-c', 'import yaml'])),
  },
  program('go', 'golang-go'),
  program('shellcheck', 'shellcheck'),
  program('faketime', 'faketime'),
  program('zstd', 'zstd'),
  program('flock', 'util-linux'),
  program('setpriv', 'util-linux'),
  program('prlimit', 'util-linux'),
  program('busybox', 'busybox'),
  program('curl', 'curl'),
  program('age', 'age'),
  program('rclone', 'rclone'),
  program('pgbouncer', 'pgbouncer'),
  program('alembic', 'alembic'),
  program('caddy', 'caddy'),
  {
    what: `psycopg2 for ${PYTHON}`,
    debianPackage: 'python3-psycopg2',
    isPresent: (machine) => machine.exists('/usr/lib/python3/dist-packages/psycopg2/__init__.py'),
  },
];

/** Debian's package makes and starts a database cluster of its own, unless a file here says otherwise. */
const NO_CLUSTER = '/etc/postgresql-common/createcluster.d/mooring-tests.conf';

/** The requirements that a machine does not meet. */
export function missing(requirements: readonly Requirement[], machine: Machine): Requirement[] {
  return requirements.filter(({ isPresent }) => !isPresent(machine));
}

/**
 * What installs the packages of some requirements; `undefined` on a machine without apt-get, or for a user who is
 * neither root nor has a sudo that asks for no password.
 */
export function installSteps(
  requirements: readonly Requirement[],
  machine: Machine,
  isRoot: boolean,
): InstallStep[] | undefined {
  if (!machine.hasProgram('apt-get') || !(isRoot || machine.succeeds('sudo', ['-n', 'true']))) {
    return undefined;
  }
  const asRoot = (...command: string[]): [string, ...string[]] =>
    isRoot ? ['env', ...command] : ['sudo', '-n', 'env', ...command];
  const packages = packagesOf(requirements);
  const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qy', '-o', 'DPkg::Lock::Timeout=120'];
  const update: InstallStep = { command: asRoot(...apt, 'update') };
  const install: InstallStep = { command: asRoot(...apt, 'install', '--no-install-recommends', ...packages) };
  if (!packages.includes('postgresql')) {
    return [update, install];
  }
  return [
    update,
    {
      command: asRoot(
        'sh',
        '-c',
        'mkdir -p "$(dirname "$1")" && echo "create_main_cluster = false" >"$1"',
        'sh',
        NO_CLUSTER,
      ),
    },
    install,
    { command: asRoot('rm', '-f', NO_CLUSTER), always: true },
  ];
}

/**
 * Makes sure that the machine has what the tests need, and builds the programs written in Go. Says nothing and uses no
 * network when all is there.
 *
 * @returns the exit code: 0, or 1 after saying what could not be installed
 */
function install(): number {
  const lacking = missing(REQUIREMENTS, THIS_MACHINE);
  if (lacking.length > 0) {
    const steps = installSteps(lacking, THIS_MACHINE, process.getuid?.() === 0);
    if (steps === undefined) {
      return refuse(lacking);
    }
    process.stdout.write(`installing ${packagesOf(lacking).join(', ')} for the tests\n`);
    runSteps(steps);
    const still = missing(lacking, THIS_MACHINE);
    if (still.length > 0) {
      return refuse(still);
    }
  }
  try {
    goYamlProgram();
    for (const program of [GOOSE, VERSITYGW]) {
      // Tests that need one that cannot be built say that they are skipped.
      if (cannotBuild(program) === undefined) {
        folderWith(program);
      }
    }
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function refuse(lacking: readonly Requirement[]): number {
  const list = lacking.map(({ what, debianPackage }) => `  ${what} (Debian package ${debianPackage})\n`).join('');
  process.stderr.write(
    `the tests need what is not here:\n${list}install it (Debian, Ubuntu: sudo apt-get install ${packagesOf(
      lacking,
    ).join(' ')}) and start them again\n`,
  );
  return 1;
}

function runSteps(steps: readonly InstallStep[]): void {
  let failed = false;
  for (const { command, always } of steps) {
    if (!failed || always) {
      const [name, ...args] = command;
      const { status } = spawnSync(name, args, { stdio: ['ignore', 'inherit', 'inherit'] });
      failed ||= status !== 0;
    }
  }
}

function packagesOf(requirements: readonly Requirement[]): string[] {
  return [...new Set(requirements.map(({ debianPackage }) => debianPackage))];
}

function program(name: string, debianPackage: string): Requirement {
  return { what: name, debianPackage, isPresent: (machine) => machine.hasProgram(name) };
}

const THIS_MACHINE: Machine = {
  hasProgram: (name) =>
    (process.env.PATH ?? '').split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  exists: existsSync,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  succeeds: (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0,
};

if (require.main === module) {
  process.exitCode = install();
}
