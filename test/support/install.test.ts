import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installSteps, type Machine, missing, REQUIREMENTS } from './install';
import { type Finished, removeFolder, run, scratchFolder } from './process';

/** A machine that has the programs and files of a list, `sudo` being one that asks for no password. */
function machine(...present: string[]): Machine {
  return {
    hasProgram: (name) => present.includes(name),
    exists: (path) => present.includes(path),
    list: (folder) =>
      present
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''),
    succeeds: (command, args) => present.includes([command, ...args].join(' ')),
  };
}

const PROGRAMS = [
  'psql',
  'go',
  'shellcheck',
  'faketime',
  'zstd',
  'flock',
  'setpriv',
  'prlimit',
  'busybox',
  'curl',
  'age',
  'rclone',
  'pgbouncer',
  'alembic',
  'caddy',
];
const POSTGRES = '/usr/lib/postgresql/15/bin/postgres';
const PYTHON = '/usr/bin/python3';
const PYYAML = '/usr/lib/python3/dist-packages/yaml/__init__.py';
const PSYCOPG = '/usr/lib/python3/dist-packages/psycopg2/__init__.py';
const COMPLETE = [...PROGRAMS, POSTGRES, PYTHON, PYYAML, PSYCOPG];

describe('what a machine lacks', () => {
  const packages = (...present: string[]): string[] =>
    missing(REQUIREMENTS, machine(...present)).map(({ debianPackage }) => debianPackage);
  const without = (gone: string): string[] => COMPLETE.filter((name) => name !== gone);

  test('is nothing when all is there', () => {
    expect(packages(...COMPLETE)).toEqual([]);
  });

  test.each([
    ['psql', 'postgresql'],
    [POSTGRES, 'postgresql'],
    [PYTHON, 'python3-yaml'],
    [PYYAML, 'python3-yaml'],
    [PSYCOPG, 'python3-psycopg2'],
    ['go', 'golang-go'],
    ['shellcheck', 'shellcheck'],
    ['faketime', 'faketime'],
    ['zstd', 'zstd'],
    ['flock', 'util-linux'],
    ['busybox', 'busybox'],
    ['curl', 'curl'],
    ['age', 'age'],
    ['rclone', 'rclone'],
    ['pgbouncer', 'pgbouncer'],
    ['alembic', 'alembic'],
    ['caddy', 'caddy'],
    ['setpriv', 'util-linux'],
  ])('%s comes with %s', (gone, debianPackage) => {
    expect(packages(...without(gone))).toEqual([debianPackage]);
  });

  test('is PostgreSQL when the only server is older than 15, or its folder was left behind empty', () => {
    expect(packages(...without(POSTGRES), '/usr/lib/postgresql/13/bin/postgres')).toEqual(['postgresql']);
    expect(packages(...without(POSTGRES), '/usr/lib/postgresql/17/lib')).toEqual(['postgresql']);
    expect(packages(...without(POSTGRES), '/usr/lib/postgresql/17/bin/postgres')).toEqual([]);
  });

  test('is not PyYAML when Python finds it elsewhere', () => {
    expect(packages(...without(PYYAML), `${PYTHON} -I -c import yaml`)).toEqual([]);
  });
});

describe('how it is installed', () => {
  const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qy', '-o', 'DPkg::Lock::Timeout=120'];
  const lacking = (...names: string[]) => REQUIREMENTS.filter(({ debianPackage }) => names.includes(debianPackage));

  test('root installs each package once, after one update', () => {
    expect(installSteps(lacking('util-linux', 'zstd'), machine('apt-get'), true)).toEqual([
      { command: ['env', ...apt, 'update'] },
      { command: ['env', ...apt, 'install', '--no-install-recommends', 'zstd', 'util-linux'] },
    ]);
  });

  test('a user with a sudo that asks for no password does the same', () => {
    expect(installSteps(lacking('zstd'), machine('apt-get', 'sudo -n true'), false)).toEqual([
      { command: ['sudo', '-n', 'env', ...apt, 'update'] },
      { command: ['sudo', '-n', 'env', ...apt, 'install', '--no-install-recommends', 'zstd'] },
    ]);
  });

  test('PostgreSQL is kept from making and starting a cluster, and nothing of that stays behind', () => {
    const file = '/etc/postgresql-common/createcluster.d/mooring-tests.conf';
    expect(installSteps(lacking('postgresql'), machine('apt-get'), true)).toEqual([
      { command: ['env', ...apt, 'update'] },
      { command: ['env', 'sh', '-c', expect.stringContaining('create_main_cluster = false'), 'sh', file] },
      { command: ['env', ...apt, 'install', '--no-install-recommends', 'postgresql'] },
      { command: ['env', 'rm', '-f', file], always: true },
    ]);
  });

  test.each([
    ['a machine without apt-get', machine('sudo -n true'), true],
    ['a user whose sudo asks for a password, or who has none', machine('apt-get'), false],
  ])('nothing is installed for %s', (_, where, isRoot) => {
    expect(installSteps(lacking('zstd'), where, isRoot)).toBeUndefined();
  });
});

describe('started before the tests, it', () => {
  let scratch: string;
  let bin: string;
  let log: string;
  beforeEach(async () => {
    scratch = await scratchFolder();
    bin = join(scratch, 'bin');
    log = join(scratch, 'log');
    mkdirSync(bin);
  });
  afterEach(() => removeFolder(scratch));

  /** Runs it where only the programs in `bin` are found. */
  function install(): Promise<Finished> {
    const args = ['-r', 'ts-node/register/transpile-only', join(__dirname, 'install.ts')];
    const env = { PATH: bin, HOME: process.env.HOME };
    return run(process.execPath, args, { env, cwd: join(__dirname, '../..') });
  }

  function link(...names: string[]): void {
    for (const name of names) {
      const folder = (process.env.PATH ?? '').split(delimiter).find((candidate) => existsSync(join(candidate, name)));
      symlinkSync(join(folder ?? '/missing', name), join(bin, name));
    }
  }

  function script(name: string, ...lines: string[]): void {
    writeFileSync(join(bin, name), ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(join(bin, name), 0o755);
  }

  /** An apt-get that writes down how it was called and, when `works`, brings shellcheck and zstd. */
  function fakeApt(works: boolean): void {
    link('env', 'ln');
    script('sudo', 'shift', 'exec "$@"');
    const program = works
      ? '[ "$4" = update ] || ln -s /bin/true "$BIN/shellcheck" && ln -sf /bin/true "$BIN/zstd"'
      : 'exit 1';
    script('apt-get', `BIN='${bin}'`, `echo "$DEBIAN_FRONTEND $*" >> '${log}'`, program);
  }

  test('says nothing where all is there', async () => {
    link(...PROGRAMS);
    expect(await install()).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('installs what is missing, and the next time installs nothing', async () => {
    link(...PROGRAMS.filter((name) => name !== 'shellcheck' && name !== 'zstd'));
    fakeApt(true);
    expect(await install()).toMatchObject({
      code: 0,
      stdout: 'installing shellcheck, zstd for the tests\n',
      stderr: '',
    });
    const calls = readFileSync(log, 'utf8');
    expect(calls).toBe(
      'noninteractive -qy -o DPkg::Lock::Timeout=120 update\n' +
        'noninteractive -qy -o DPkg::Lock::Timeout=120 install --no-install-recommends shellcheck zstd\n',
    );
    expect(await install()).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(log, 'utf8')).toBe(calls);
  });

  const advice = `the tests need what is not here:
  shellcheck (Debian package shellcheck)
  zstd (Debian package zstd)
install it (Debian, Ubuntu: sudo apt-get install shellcheck zstd) and start them again
`;

  test('stops at the first failure and says what to install', async () => {
    link(...PROGRAMS.filter((name) => name !== 'shellcheck' && name !== 'zstd'));
    fakeApt(false);
    expect(await install()).toMatchObject({ code: 1, stderr: advice });
    expect(readFileSync(log, 'utf8')).toBe('noninteractive -qy -o DPkg::Lock::Timeout=120 update\n');
  });

  test('only says what to install where there is no apt-get', async () => {
    link(...PROGRAMS.filter((name) => name !== 'shellcheck' && name !== 'zstd'));
    expect(await install()).toMatchObject({ code: 1, stdout: '', stderr: advice });
  });
});
