import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killGroup, run, until } from '../support/process';
import { printedCommands, usePods } from './support/pod';

const newPod = usePods();

/** A directory of another user; without root's rights to make one, a link to one of root's. */
async function foreignDirectory(path: string): Promise<void> {
  if (process.getuid?.() === 0) {
    mkdirSync(path, { mode: 0o755 });
  } else {
    symlinkSync('/usr/share', path);
  }
}

async function podUser(): Promise<string> {
  return (await run('sh', ['-c', 'echo $(id -u):$(id -g)'], { unprivileged: true })).stdout.trim();
}

test.each(['postgres', 'school/db'])(
  'an empty volume is usable; the sub-directory %s is made for PostgreSQL alone and nothing else is left',
  async (subPath) => {
    const pod = await newPod({ subPath });
    const result = await pod.run('preflight.sh');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^preflight: \S+ \(\d+:\d+ mode \d+\) is usable as \d+:\d+, \d+ MiB free\n$/);
    expect(statSync(pod.pgdata).mode & 0o7777).toBe(0o700);
    expect(readdirSync(pod.volume)).toEqual([subPath.split('/')[0]]);
  },
);

test('without a sub-path the data directory is left to be made later', async () => {
  const pod = await newPod({ subPath: undefined });
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
  expect(readdirSync(pod.volume)).toEqual([]);
});

test('a volume of root is refused with its owner, and the kubelet shows the same text', async () => {
  const pod = await newPod({ exportPath: '/volume1/school db' });
  const log = join(pod.binFolder, 'termination-log');
  await run('sh', ['-c', ': > "$1" && chmod 666 "$1"', 'sh', log]);
  const result = await pod.run('preflight.sh', [], {
    VOLUME_ROOT: '/usr/share',
    PGDATA: '/usr/share/postgres',
    TERMINATION_LOG: log,
  });
  expect(result.code).toBe(1);
  expect(result.stderr).toContain(
    'cannot create a directory in /usr/share (/volume1/school db on the server of the volume)',
  );
  expect(result.stderr).toContain('the directory belongs to 0:0 mode 755');
  expect(printedCommands(result)).toEqual([
    `chown ${await podUser()} /volume1/school\\ db && chmod u+rwx /volume1/school\\ db`,
  ]);
  expect((await run('cat', [log])).stdout).toBe(result.stderr);
});

test('a volume without the right to write is refused, and usable after the printed command', async () => {
  const pod = await newPod();
  await pod.inVolume('chmod 0555 .');
  const refused = await pod.run('preflight.sh');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('mode 555') });
  await pod.inVolume(printedCommands(refused).join('\n'));
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
});

test('a sub-directory that the kubelet made as root is refused with its owner and the fix', async () => {
  const pod = await newPod();
  await foreignDirectory(pod.pgdata);
  const refused = await pod.run('preflight.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`${pod.pgdata} belongs to 0:0 mode 755, PostgreSQL runs as ${await podUser()}`);
  const commands = printedCommands(refused);
  expect(commands).toEqual([`chown -R ${await podUser()} ${pod.pgdata} && chmod 0700 ${pod.pgdata}`]);
  if (process.getuid?.() === 0) {
    expect(await run('sh', ['-c', commands.join('\n')])).toMatchObject({ code: 0 });
    expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
  }
});

test('a parent of the sub-directory that belongs to root is the directory that is named', async () => {
  const pod = await newPod({ subPath: 'school/db' });
  await foreignDirectory(join(pod.volume, 'school'));
  const refused = await pod.run('preflight.sh');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('cannot create the sub-directory school/db');
  expect(refused.stderr).toContain('belongs to 0:0 mode 755');
  expect(printedCommands(refused)[0]).toContain(`${pod.volume}/school && chmod`);
});

test('files of another user in a data directory of our own are refused', async () => {
  const pod = await newPod();
  await pod.inVolume('mkdir -m 0700 postgres');
  if (process.getuid?.() === 0) {
    writeFileSync(join(pod.pgdata, 'PG_VERSION'), '15\n');
  } else {
    symlinkSync('/etc/hostname', join(pod.pgdata, 'PG_VERSION'));
  }
  const refused = await pod.run('preflight.sh');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('PG_VERSION belongs to 0:0') });
});

test.each([
  ['0755', '700'],
  ['2770', '700'],
  ['0500', '700'],
  ['0750', '750'],
  ['0700', '700'],
])('a data directory of mode %s ends as %s', async (before, after) => {
  const pod = await newPod();
  await pod.inVolume(`mkdir postgres && chmod ${before} postgres`);
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
  expect(await pod.inVolume('stat -c %a postgres')).toBe(`${after}\n`);
});

test('a file in the place of the data directory is refused', async () => {
  const pod = await newPod();
  await pod.inVolume('touch postgres');
  const refused = await pod.run('preflight.sh');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a directory') });
  await pod.inVolume(printedCommands(refused).join('\n'));
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
});

test.each([
  ['flock', 'echo "flock: 8: No locks available" >&2; exit 71', 'cannot lock a file', 'nolock'],
  ['flock', 'exit 0', 'a second lock on the same file was granted', 'nolock'],
  ['sync', 'echo "sync: Input/output error" >&2; exit 1', 'cannot write and fsync a file', 'Input/output error'],
  ['sync', 'echo "sync: No space left on device" >&2; exit 1', 'cannot write and fsync a file', 'make room'],
  ['mv', 'exit 0', 'cannot rename a file', 'it had no effect'],
  ['chmod', 'exit 0', 'cannot chmod a directory', 'it had no effect'],
  ['mkdir', 'echo "mkdir: Read-only file system" >&2; exit 1', 'cannot create a directory', 'read-write'],
  ['id', 'echo 65534', 'belongs to uid', 'without all_squash'],
])(
  'a volume on which %s does `%s` is refused with the reason, and nothing is left',
  async (name, text, what, wayOut) => {
    const pod = await newPod();
    await pod.replaceProgram(name, text);
    const refused = await pod.run('preflight.sh');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(what);
    expect(refused.stderr).toContain(wayOut);
    expect(readdirSync(pod.volume)).toEqual([]);
  },
);

test('a volume with too little room is refused with what df says', async () => {
  const pod = await newPod();
  const refused = await pod.run('preflight.sh', [], { MIN_FREE_MB: '999999999' });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/only \d+ MiB are free in .* 999999999 MiB are needed\nFilesystem .*\n.*\nmake room/);
});

test.each([
  ['no cluster', 255, 1],
  ['no cluster', 256, 0],
  ['a cluster', 31, 1],
  ['a cluster', 32, 0],
])('a volume with %s and %s MiB free ends with exit code %s', async (what, free, code) => {
  const pod = await newPod();
  await pod.inVolume(what === 'a cluster' ? 'mkdir -m 0700 postgres && echo 15 > postgres/PG_VERSION' : 'true');
  await pod.replaceProgram('df', `echo Avail; echo ${free * 1024}`);
  expect(await pod.run('preflight.sh')).toMatchObject({ code });
});

test('eight at once do not disturb each other', async () => {
  const pod = await newPod();
  const results = await Promise.all(Array.from({ length: 8 }, () => pod.run('preflight.sh')));
  expect(results.map((result) => result.stderr)).toEqual(Array(8).fill(''));
  expect(results.map((result) => result.code)).toEqual(Array(8).fill(0));
  expect(readdirSync(pod.volume)).toEqual(['postgres']);
});

test('what a killed one left is removed by a later one, what one at work has is not', async () => {
  const pod = await newPod();
  await pod.inVolume(
    'mkdir -p .preflight.old/directory .preflight.young && touch .preflight.old/lock && touch -d "11 minutes ago" .preflight.old',
  );
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
  expect(existsSync(join(pod.volume, '.preflight.old'))).toBe(false);
  expect(existsSync(join(pod.volume, '.preflight.young'))).toBe(true);
});

test('one that is killed at its work does not stop the next', async () => {
  const pod = await newPod();
  await pod.replaceProgram('mv', 'exec sleep 60');
  const killed = pod.begin('preflight.sh');
  await until('the preflight is about to rename', () => readdirSync(pod.volume).length === 1);
  killGroup(killed.process, 'SIGKILL');
  await killed.finished;
  expect(readdirSync(pod.volume)).toHaveLength(1);
  await pod.replaceProgram('mv', 'exec /usr/bin/mv "$@"');
  expect(await pod.run('preflight.sh')).toMatchObject({ code: 0 });
});
