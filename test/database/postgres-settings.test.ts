import { Size } from 'cdk8s';
import fc from 'fast-check';
import {
  type DerivedPostgresSettings,
  type PostgresSettings,
  postgresSettings,
} from '../../lib/database/postgres-settings';
import { startPostgres } from '../support/postgres';

const KIB = (size: Size): number => size.toKibibytes();
const MIB = 1024;

/** Limits from the smallest that is allowed to 256 GiB, in KiB; small ones as often as large ones. */
const limits = fc
  .tuple(fc.integer({ min: 18, max: 27 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([power, part]) => Math.floor(2 ** power * (1 + part)));

function settingsOf(limit: number): DerivedPostgresSettings {
  return postgresSettings({ memoryLimit: Size.kibibytes(limit) });
}

/** Each value in KiB, connections as they are. */
function derived(settings: DerivedPostgresSettings): Record<string, number> {
  return {
    maxConnections: settings.maxConnections,
    sharedBuffers: KIB(settings.sharedBuffers),
    effectiveCacheSize: KIB(settings.effectiveCacheSize),
    workMem: KIB(settings.workMem),
    maintenanceWorkMem: KIB(settings.maintenanceWorkMem),
    autovacuumWorkMem: KIB(settings.autovacuumWorkMem),
    maxWalSize: KIB(settings.maxWalSize),
    sharedMemory: KIB(settings.sharedMemory),
  };
}

/** What the container can have pinned at once: 4 MiB and a page table for each process, twice work_mem for each session, 24 MiB for the server itself. */
function pinned(settings: Record<string, number>): number {
  const { maxConnections = 0, sharedBuffers = 0, workMem = 0, sharedMemory = 0 } = settings;
  const process = 4 * MIB + sharedBuffers / 512;
  return (
    sharedBuffers +
    sharedMemory +
    (settings.maintenanceWorkMem ?? 0) +
    3 * (settings.autovacuumWorkMem ?? 0) +
    maxConnections * (process + 2 * workMem) +
    2 * process +
    24 * MIB
  );
}

test('whatever the memory limit, what can be pinned at once fits it', () => {
  fc.assert(
    fc.property(limits, (limit) => {
      expect(pinned(derived(settingsOf(limit)))).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 500 },
  );
});

test('a larger memory limit never makes a value smaller', () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 0, max: 64 * MIB }), (limit, more) => {
      const [before, after] = [derived(settingsOf(limit)), derived(settingsOf(limit + more))];
      for (const [name, value] of Object.entries(before)) {
        expect([name, after[name]]).toEqual([name, Math.max(after[name] ?? 0, value)]);
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever is given, it either fits with a /dev/shm for a parallel VACUUM, or is refused', () => {
  /** Thousandths of the memory limit. */
  const part = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined });
  const parts = fc.record({
    sharedBuffers: part,
    workMem: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
    maintenanceWorkMem: part,
    autovacuumWorkMem: part,
    sharedMemory: part,
  });
  const someConnections = fc.option(fc.integer({ min: 5, max: 100 }), { nil: undefined });
  let fitted = 0;
  fc.assert(
    fc.property(limits, parts, someConnections, (limit, given, maxConnections) => {
      const sizes = Object.entries(given).flatMap(([name, thousandths]) =>
        thousandths === undefined ? [] : [[name, Size.mebibytes(Math.ceil((limit * thousandths) / 1000 / MIB))]],
      );
      const overrides: PostgresSettings = { maxConnections, ...Object.fromEntries(sizes) };
      const props = { memoryLimit: Size.kibibytes(limit), overrides };
      let values: Record<string, number>;
      try {
        values = derived(postgresSettings(props));
      } catch (error) {
        expect(String(error)).toMatch(/needs \S+ of memory, the limit is|less than maintenanceWorkMem/);
        return;
      }
      fitted += 1;
      expect(pinned(values)).toBeLessThanOrEqual(limit);
      expect(values.sharedMemory).toBeGreaterThanOrEqual(values.maintenanceWorkMem ?? 0);
    }),
    { numRuns: 500 },
  );
  expect(fitted).toBeGreaterThan(0);
});

test.each([
  [
    '256Mi',
    Size.mebibytes(256),
    'max_connections=10 shared_buffers=64MB effective_cache_size=128MB work_mem=2MB maintenance_work_mem=16MB autovacuum_work_mem=4MB max_wal_size=1024MB',
    '32Mi',
  ],
  [
    '1Gi',
    Size.gibibytes(1),
    'max_connections=32 shared_buffers=256MB effective_cache_size=512MB work_mem=3MB maintenance_work_mem=64MB autovacuum_work_mem=16MB max_wal_size=1024MB',
    '128Mi',
  ],
  [
    '8Gi',
    Size.gibibytes(8),
    'max_connections=100 shared_buffers=2048MB effective_cache_size=4096MB work_mem=11MB maintenance_work_mem=512MB autovacuum_work_mem=128MB max_wal_size=4096MB',
    '1024Mi',
  ],
])('a limit of %s gives these settings', (_name, memoryLimit, expected, sharedMemory) => {
  const settings = postgresSettings({ memoryLimit });
  expect(settings.arguments).toEqual(
    `listen_addresses=* huge_pages=off max_parallel_workers_per_gather=0 ${expected}`
      .split(' ')
      .flatMap((argument) => ['-c', argument]),
  );
  expect(`${settings.sharedMemory.toMebibytes()}Mi`).toBe(sharedMemory);
});

/** A value for each setting, none of them the derived one of 4 GiB. */
const ALL: Required<PostgresSettings> = {
  maxConnections: 150,
  sharedBuffers: Size.kibibytes(640 * MIB + 8),
  effectiveCacheSize: Size.gibibytes(3),
  workMem: Size.kibibytes(2500),
  maintenanceWorkMem: Size.mebibytes(128),
  autovacuumWorkMem: Size.mebibytes(32),
  maxWalSize: Size.gibibytes(2),
  sharedMemory: Size.mebibytes(200),
  others: {
    track_io_timing: 'on',
    max_parallel_workers_per_gather: '2',
    'auto_explain.log_min_duration': '5s',
    log_line_prefix: '%m [%p] = ',
  },
};

test('every given setting is rendered as it was given, in a stable order', () => {
  const settings = postgresSettings({ memoryLimit: Size.gibibytes(4), overrides: ALL });
  expect(settings.maxConnections).toBe(150);
  expect(KIB(settings.sharedMemory)).toBe(200 * MIB);
  expect(settings.arguments.filter((argument) => argument !== '-c')).toEqual([
    'listen_addresses=*',
    'huge_pages=off',
    'max_parallel_workers_per_gather=2',
    'max_connections=150',
    'shared_buffers=655368kB',
    'effective_cache_size=3072MB',
    'work_mem=2500kB',
    'maintenance_work_mem=128MB',
    'autovacuum_work_mem=32MB',
    'max_wal_size=2048MB',
    'auto_explain.log_min_duration=5s',
    'log_line_prefix=%m [%p] = ',
    'track_io_timing=on',
  ]);
});

test('more connections get less memory each, more memory for maintenance a larger /dev/shm', () => {
  const memoryLimit = Size.gibibytes(4);
  expect(postgresSettings({ memoryLimit, overrides: { maxConnections: 200 } }).workMem.toMebibytes()).toBe(1);
  const settings = postgresSettings({ memoryLimit, overrides: { maintenanceWorkMem: Size.mebibytes(300) } });
  expect(settings.sharedMemory.toMebibytes()).toBe(600);
});

const ONE_GIB = Size.gibibytes(1);

test.each<[string, Size, PostgresSettings, string]>([
  ['a limit of 255 MiB', Size.mebibytes(255), {}, 'the memory limit is 255Mi; give at least 256Mi'],
  ['no whole connection', ONE_GIB, { maxConnections: 10.5 }, 'maxConnections is 10.5; write a whole number'],
  ['too few connections', ONE_GIB, { maxConnections: 4 }, 'maxConnections is 4; write a whole number from 5 up'],
  ['no connection', ONE_GIB, { maxConnections: Number.NaN }, 'maxConnections is NaN'],
  ['tiny buffers', ONE_GIB, { sharedBuffers: Size.kibibytes(120) }, 'sharedBuffers is 120Ki; write at least 128 KiB'],
  ['half a page', ONE_GIB, { sharedBuffers: Size.kibibytes(1028) }, 'in whole steps of 8 KiB'],
  ['tiny workMem', ONE_GIB, { workMem: Size.kibibytes(63) }, 'workMem is 63Ki; write at least 64 KiB'],
  ['half a kibibyte', ONE_GIB, { workMem: Size.kibibytes(64.5) }, 'workMem is 64.5Ki'],
  ['tiny maintenance', ONE_GIB, { maintenanceWorkMem: Size.kibibytes(1023) }, 'maintenanceWorkMem is 1023Ki'],
  ['tiny WAL', ONE_GIB, { maxWalSize: Size.mebibytes(31) }, 'maxWalSize is 31Mi; write at least 32768 KiB'],
  [
    'a cache above the limit',
    ONE_GIB,
    { effectiveCacheSize: Size.gibibytes(2) },
    'effectiveCacheSize is 2Gi, more than the memory limit 1Gi',
  ],
  [
    'a /dev/shm below maintenance',
    ONE_GIB,
    { sharedMemory: Size.mebibytes(63) },
    'sharedMemory is 63Mi, less than maintenanceWorkMem 64Mi',
  ],
  [
    'a setting that has a name here',
    ONE_GIB,
    { others: { work_mem: '4MB' } },
    'others names work_mem ("4MB"), which is not free: give workMem',
  ],
  [
    'a setting of the pod',
    ONE_GIB,
    { others: { port: '1' } },
    'others names port ("1"), which is not free: the Service',
  ],
  ['a setting that loses data', ONE_GIB, { others: { fsync: 'off' } }, 'without it a lost node loses the database'],
  ['no setting', ONE_GIB, { others: { '-c x': '1' } }, 'others names "-c x", which is not a setting'],
])('%s is refused', (_what, memoryLimit, settings, message) => {
  expect(() => postgresSettings({ memoryLimit, overrides: settings, place: 'database "db"' })).toThrow(
    `database "db": `,
  );
  expect(() => postgresSettings({ memoryLimit, overrides: settings })).toThrow(message);
});

test('a sum above the limit is refused with every part and the way out', () => {
  expect(() => postgresSettings({ memoryLimit: ONE_GIB, overrides: { maxConnections: 200 } })).toThrow(
    'postgres settings: needs 1829Mi of memory, the limit is 1Gi: sharedBuffers 256Mi, sharedMemory 128Mi, maintenanceWorkMem 64Mi, ' +
      "3 × autovacuumWorkMem 16Mi, 200 connections × (5Mi + 2 × workMem 1Mi), 2 maintenance workers × 5Mi, the server's own 24Mi; raise the limit or lower one of them",
  );
});

test('all problems are reported at once', () => {
  const settings = { maxConnections: 0, workMem: Size.kibibytes(1), others: { fsync: 'off', 'a b': '' } };
  expect(() => postgresSettings({ memoryLimit: Size.mebibytes(1), overrides: settings })).toThrow(
    /maxConnections is 0.*\n.*workMem is 1Ki.*\n.*fsync.*\n.*"a b".*\n.*memory limit is 1Mi/,
  );
});

test.each([
  ['debian', '256Mi', Size.mebibytes(256)],
  ['debian', '3Gi', Size.gibibytes(3)],
  ['18', '256Mi', Size.mebibytes(256)],
  ['18', '4Gi', Size.gibibytes(4)],
] as const)(
  'PostgreSQL (%s) starts with the settings of %s and reads them as they were meant',
  async (flavour, _name, memoryLimit) => {
    const wanted = postgresSettings({ memoryLimit, overrides: memoryLimit.toMebibytes() === 4096 ? ALL : {} });
    const pairs = wanted.arguments.filter((argument) => argument !== '-c').map((argument) => argument.split(/=(.*)/s));
    const given = Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
    const server = await startPostgres({ flavour, settings: { ...given, listen_addresses: '127.0.0.1' } });
    try {
      const rows = await server.query(
        `SELECT name, CASE WHEN unit IS NULL THEN setting ELSE (pg_size_bytes(setting || ' kB')
         * CASE unit WHEN '8kB' THEN 8 WHEN 'MB' THEN 1024 ELSE 1 END / 1024)::text END
       FROM pg_settings WHERE source = 'command line' AND (name LIKE '%\\_mem' OR name LIKE '%\\_size'
         OR name IN ('shared_buffers', 'max_connections', 'huge_pages'))`,
      );
      expect(Object.fromEntries(rows)).toEqual({
        huge_pages: 'off',
        max_connections: String(wanted.maxConnections),
        shared_buffers: String(KIB(wanted.sharedBuffers)),
        effective_cache_size: String(KIB(wanted.effectiveCacheSize)),
        work_mem: String(KIB(wanted.workMem)),
        maintenance_work_mem: String(KIB(wanted.maintenanceWorkMem)),
        autovacuum_work_mem: String(KIB(wanted.autovacuumWorkMem)),
        max_wal_size: String(KIB(wanted.maxWalSize)),
      });
    } finally {
      await server.stop();
    }
  },
);
