import { postgresLayout } from '../../lib/database/postgres-layout';
import { POSTGRES_UID } from '../../lib/pod/postgres-user';

test.each([
  [15, '/var/lib/postgresql/data', '/var/lib/postgresql/data/pgdata', '/var/lib/postgresql/data/pgdata'],
  [17, '/var/lib/postgresql/data', '/var/lib/postgresql/data/pgdata', '/var/lib/postgresql/data/pgdata'],
  [18, '/var/lib/postgresql', '/var/lib/postgresql/18/docker', '/var/lib/postgresql/18/docker'],
  [19, '/var/lib/postgresql', '/var/lib/postgresql/19/docker', '/var/lib/postgresql/19/docker'],
])('without a sub-path %s mounts the root at %s and has its data in %s', (major, mountPath, pgdata, initPgdata) => {
  const layout = postgresLayout({ major });
  expect(layout).toMatchObject({ major, mountPath, pgdata, volumeRoot: mountPath });
  expect(layout.serverMounts).toEqual([{ path: mountPath }]);
  expect(layout.initMounts).toEqual([{ path: mountPath }]);
  expect(layout.initEnvironment.PGDATA).toBe(initPgdata);
  expect(layout.initEnvironment.SUB_PATH).toBe('');
});

test.each([
  [17, '/var/lib/postgresql/data'],
  [18, '/var/lib/postgresql'],
])(
  'with a sub-path %s has its data in the mount %s itself, and init containers see the root only',
  (major, mountPath) => {
    const layout = postgresLayout({ major, subPath: 'postgres' });
    expect(layout).toMatchObject({ mountPath, pgdata: mountPath, volumeRoot: '/volume' });
    expect(layout.serverMounts).toEqual([{ path: mountPath, subPath: 'postgres' }, { path: '/volume' }]);
    expect(layout.initMounts).toEqual([{ path: '/volume' }]);
    expect(layout.serverEnvironment).toEqual({
      VOLUME_ROOT: '/volume',
      PGDATA: mountPath,
      LOCK_FILE: '/volume/.postgres.lock',
    });
    expect(layout.initEnvironment).toEqual({
      VOLUME_ROOT: '/volume',
      PGDATA: '/volume/postgres',
      NEW_PGDATA: '/volume/.postgres.new',
      LOCK_FILE: '/volume/.postgres.lock',
      SUB_PATH: 'postgres',
      POSTGRES_MAJOR: String(major),
      OTHER_CLUSTERS: '',
    });
  },
);

test('the export path and other clusters reach the scripts', () => {
  const layout = postgresLayout({ major: 17, exportPath: '/school/db', otherClusters: ['.', 'a/b'] });
  expect(layout.serverEnvironment.EXPORT_PATH).toBe('/school/db');
  expect(layout.initEnvironment).toMatchObject({ EXPORT_PATH: '/school/db', OTHER_CLUSTERS: '.:a/b' });
});

test('no two places on one volume share a lock or a cluster in the making', () => {
  const subPaths = [undefined, 'postgres', 'postgres/root', 'a/b', 'a-b', 'a_b', 'a.b', 'ab', 'a/b/c', 'a/b-c'];
  const layouts = subPaths.map((subPath) => postgresLayout({ major: 17, subPath }));
  const files = layouts.flatMap(({ volumeRoot, initEnvironment: { LOCK_FILE, NEW_PGDATA } }) => [
    LOCK_FILE?.replace(volumeRoot, ''),
    NEW_PGDATA?.replace(volumeRoot, ''),
  ]);
  expect(new Set(files).size).toBe(2 * subPaths.length);
  expect(files.filter((file) => !/^\/\.[^/]+$/.test(file ?? ''))).toEqual([]);
});

test('the lock stays the same file when the major version changes', () => {
  for (const subPath of [undefined, 'postgres']) {
    const [before, after] = [17, 18].map((major) => postgresLayout({ major, subPath }));
    expect(after?.folders.at(2)?.path).toBe(before?.folders.at(2)?.path);
  }
});

test('the administrator of the file server is told every directory with owner and mode', () => {
  expect(POSTGRES_UID).toBe(999);
  expect(
    postgresLayout({ major: 17, subPath: 'postgres' }).folders.map(({ purpose: _purpose, ...rest }) => rest),
  ).toEqual([
    { path: '.', uid: 999, gid: 999, mode: '0700', madeBy: 'administrator' },
    { path: 'postgres', uid: 999, gid: 999, mode: '0700', madeBy: 'pod' },
    { path: '.postgres.lock', uid: 999, gid: 999, mode: '0644', madeBy: 'pod' },
    { path: '.postgres.new', uid: 999, gid: 999, mode: '0700', madeBy: 'pod' },
  ]);
  expect(postgresLayout({ major: 18 }).folders.map(({ path }) => path)).toEqual([
    '.',
    '18/docker',
    '.postgres+.lock',
    '.postgres+.new',
  ]);
});

test.each(['', '/postgres', 'postgres/', 'a//b', '../db', 'a/../b', './a', 'a:b', 'a b', 'a+b', 'a\nb'])(
  'a sub-path %j is refused',
  (subPath) => {
    expect(() => postgresLayout({ major: 17, subPath })).toThrow(
      `postgres layout: subPath is "${subPath}"; write directories below the volume's root`,
    );
  },
);

test('all problems are reported at once', () => {
  expect(() =>
    postgresLayout({ major: 17.6, subPath: '/a', exportPath: 'school/db/', otherClusters: ['..', 'b'] }),
  ).toThrow(
    [
      "postgres layout: major is 17.6; write the image's major version, e.g. 17",
      'postgres layout: subPath is "/a"; write directories below the volume\'s root, of letters, digits, ".", "_" and "-", separated by "/", e.g. postgres',
      'postgres layout: exportPath is "school/db/"; write an absolute path without a slash at its end',
      'postgres layout: otherClusters names ".."; write directories below the volume\'s root, of letters, digits, ".", "_" and "-", separated by "/", e.g. postgres, or . for the root itself',
    ].join('\n'),
  );
});

test('the place of this database is not one of the others', () => {
  expect(() => postgresLayout({ major: 17, subPath: 'a', otherClusters: ['a'] })).toThrow(
    'otherClusters names "a", where this database lies; remove it there',
  );
  expect(() => postgresLayout({ major: 17, otherClusters: ['pgdata'] })).toThrow('where this database lies');
});
