import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { postgresLayout } from '../../lib/database/postgres-layout';
import { run } from '../support/process';
import { code, Page, PROJECT } from './support/page';

const PAGE = new Page('docs/file-server.md');

/** The table of directories by path. */
const DIRECTORIES = new Map(
  PAGE.table('Directory', 'Owner', 'Mode', 'Made by').map(([path, owner, mode, madeBy, purpose]) => [
    code(path),
    { owner, mode: code(mode), madeBy, purpose },
  ]),
);

/** Search permission for the node, whose root the server takes for somebody else; see the page. */
const PASS_THROUGH = 0o011;

interface Volume {
  readonly spec: { readonly nfs?: { readonly path: string } };
}

function nfsPaths(): string[] {
  const dist = join(PROJECT, 'dist/platforms');
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\/base\/persistentvolume-[^/]*\.yaml$/.test(path))
    .map((path) => (load(readFileSync(join(dist, path), 'utf8')) as Volume).spec.nfs?.path)
    .filter((path) => path !== undefined);
}

test('every NFS path of dist is in the table, made by the administrator', () => {
  const paths = nfsPaths();
  expect(paths).toContain('/school');
  expect(paths.filter((path) => DIRECTORIES.get(path)?.madeBy !== 'administrator')).toEqual([]);
});

test('the directories of the database are those of its layout', () => {
  for (const { path, uid, gid, mode, madeBy, purpose } of postgresLayout({ major: 17, subPath: 'postgres' }).folders) {
    const isRoot = path === '.';
    expect([path, DIRECTORIES.get(isRoot ? '/school/db' : `/school/db/${path}`)]).toEqual([
      path,
      {
        owner: `${uid}:${gid}`,
        mode: `0${(Number.parseInt(mode, 8) | (isRoot ? PASS_THROUGH : 0)).toString(8)}`,
        madeBy,
        purpose,
      },
    ]);
  }
});

test('whatever lies above another volume, or above a sub-path, lets the node pass', () => {
  const paths = [...DIRECTORIES.keys()].filter((path) => path !== undefined);
  const above = paths.filter((path) => paths.some((other) => other.startsWith(`${path}/`)));
  expect(above).toEqual(['/school', '/school/db']);
  expect(above.filter((path) => (Number.parseInt(DIRECTORIES.get(path)?.mode ?? '', 8) & 0o001) === 0)).toEqual([]);
});

test('the commands make what the table says, and can be run again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-nas-'));
  try {
    const commands = PAGE.blocks.filter(({ language, info }) => language === 'sh' && info === '');
    expect(commands).toHaveLength(1);
    // Only root may give files away; who gets them is noted instead.
    const chown = 'chown() { local owner=$1 path; shift; for path; do echo "$path $owner"; done; }\n';
    const script = chown + (commands[0]?.text ?? '').replaceAll('/school', `${folder}/school`);
    mkdirSync(join(folder, 'school'));
    for (const _ of ['first', 'second']) {
      const { code: status, stdout, stderr } = await run('bash', ['--norc', '-euc', script], { cwd: folder });
      expect([status, stderr]).toEqual([0, '']);
      const made = [...DIRECTORIES].filter(([, { madeBy }]) => madeBy === 'administrator');
      expect(made).toHaveLength(3);
      for (const [path, { owner, mode }] of made) {
        expect(stdout).toContain(`${folder}${path} ${owner}\n`);
        expect((statSync(`${folder}${path}`).mode & 0o7777).toString(8)).toBe(mode?.replace(/^0/, ''));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
