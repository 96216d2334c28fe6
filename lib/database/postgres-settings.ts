import { Size, SizeRoundingBehavior } from 'cdk8s';
import { refuse } from '../platform/problems';
import { quantity } from '../pod/quantity';
import { type PostgresSettings, SIZE_RULES, settingProblems } from './postgres-setting-rules';

export type { PostgresSettings };

/** Properties of `postgresSettings`. */
export interface PostgresSettingsProps {
  /** Memory limit of the server's container, at least 256 MiB. */
  readonly memoryLimit: Size;

  /** @default - everything is derived from the memory limit */
  readonly overrides?: PostgresSettings;

  /** What errors call the database. @default 'postgres settings' */
  readonly place?: string;
}

/** Every setting of a server, given or derived; see `postgresSettings`. */
export interface DerivedPostgresSettings extends Required<PostgresSettings> {
  /** Arguments of the server in a stable order: `-c`, `max_connections=51`, … */
  readonly arguments: readonly string[];
}

const MIB = 1024;
const GIB = 1024 * MIB;
const SMALLEST_LIMIT = 256 * MIB;

/** Used by a session beside `work_mem`, in KiB: 1.3 MiB when idle, 4 MiB once it has read the catalogue (measured, 15 and 18). */
const SESSION = 4 * MIB;

/** `hash_mem_multiplier`, PostgreSQL's default from 15 on: what a hash takes of `work_mem`. */
const HASH = 2;

/** Each session also has a page table of the shared buffers: 8 bytes a page of 4 KiB. */
const PAGE_TABLE = 1 / 512;

/** Postmaster, writers, launchers and 18's I/O workers, in KiB: 11 MiB on 15, 24 MiB on 18 (measured). */
const SERVER = 24 * MIB;

/** `autovacuum_max_workers`, PostgreSQL's default. */
const AUTOVACUUM_WORKERS = 3;

/** `max_parallel_maintenance_workers`, PostgreSQL's default; they share one `maintenance_work_mem`. */
const MAINTENANCE_WORKERS = 2;

/**
 * Settings of a server that fits its memory limit: the shared buffers, a full `/dev/shm`, every session with
 * a hash of its own, one maintenance command, the autovacuum workers and the server itself together are no more than
 * the limit. (A query may have several sorts and hashes, but not all sessions do so at once.)
 *
 * @throws when the limit is below 256 MiB, PostgreSQL would not take a value, or the sum exceeds the limit
 */
export function postgresSettings(props: PostgresSettingsProps): DerivedPostgresSettings {
  const { place = 'postgres settings', overrides: given = {} } = props;
  const limit = props.memoryLimit.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR });
  const problems = settingProblems(given);
  if (limit < SMALLEST_LIMIT) {
    problems.push(`the memory limit is ${props.memoryLimit.asString()}; give at least ${text(SMALLEST_LIMIT)}`);
  }
  refuse(problems.map((problem) => `${place}: ${problem}`));

  const sharedBuffers = given.sharedBuffers?.toKibibytes() ?? whole(limit / 4);
  const maintenance = given.maintenanceWorkMem?.toKibibytes() ?? whole(Math.min(limit / 16, GIB));
  const autovacuum = given.autovacuumWorkMem?.toKibibytes() ?? whole(Math.min(limit / 64, 256 * MIB));
  const sharedMemory = given.sharedMemory?.toKibibytes() ?? whole(Math.max(limit / 8, 2 * maintenance));
  // Fractional, so that work_mem does not jump where the whole number of connections does.
  const connections = given.maxConnections ?? Math.min(Math.max(limit / (32 * MIB), 10), 100);
  const maxConnections = Math.floor(connections);
  const session = SESSION + sharedBuffers * PAGE_TABLE;
  const share = ((0.37 * limit) / connections - session) / HASH;
  const workMem = given.workMem?.toKibibytes() ?? whole(Math.min(Math.max(share, MIB), 64 * MIB));
  const cache = given.effectiveCacheSize?.toKibibytes() ?? whole(limit / 2);
  const wal = given.maxWalSize?.toKibibytes() ?? whole(Math.min(Math.max(4 * sharedBuffers, GIB), 4 * GIB));

  const parts: readonly (readonly [string, number])[] = [
    [`sharedBuffers ${text(sharedBuffers)}`, sharedBuffers],
    [`sharedMemory ${text(sharedMemory)}`, sharedMemory],
    [`maintenanceWorkMem ${text(maintenance)}`, maintenance],
    [`${AUTOVACUUM_WORKERS} × autovacuumWorkMem ${text(autovacuum)}`, AUTOVACUUM_WORKERS * autovacuum],
    [
      `${maxConnections} connections × (${text(session)} + ${HASH} × workMem ${text(workMem)})`,
      maxConnections * (session + HASH * workMem),
    ],
    [`${MAINTENANCE_WORKERS} maintenance workers × ${text(session)}`, MAINTENANCE_WORKERS * session],
    [`the server's own ${text(SERVER)}`, SERVER],
  ];
  const sum = parts.reduce((total, [, kibibytes]) => total + kibibytes, 0);
  if (sum > limit) {
    problems.push(
      `needs ${text(sum)} of memory, the limit is ${text(whole(limit))}: ${parts.map(([part]) => part).join(', ')}; raise the limit or lower one of them`,
    );
  }
  if (sharedMemory < maintenance) {
    problems.push(
      `sharedMemory is ${text(sharedMemory)}, less than maintenanceWorkMem ${text(maintenance)}, all of which a parallel VACUUM puts there; raise it`,
    );
  }
  if (cache > limit) {
    problems.push(
      `effectiveCacheSize is ${text(cache)}, more than the memory limit ${text(whole(limit))} can ever cache; lower it`,
    );
  }
  refuse(problems.map((problem) => `${place}: ${problem}`));

  const all: Required<PostgresSettings> = {
    maxConnections,
    sharedBuffers: Size.kibibytes(sharedBuffers),
    effectiveCacheSize: Size.kibibytes(cache),
    workMem: Size.kibibytes(workMem),
    maintenanceWorkMem: Size.kibibytes(maintenance),
    autovacuumWorkMem: Size.kibibytes(autovacuum),
    maxWalSize: Size.kibibytes(wal),
    sharedMemory: Size.kibibytes(sharedMemory),
    others: given.others ?? {},
  };
  return { ...all, arguments: argumentsOf(all) };
}

function argumentsOf(settings: Required<PostgresSettings>): string[] {
  const values: Record<string, string> = {
    listen_addresses: '*',
    // Where a node has huge pages and the pod did not request any, PostgreSQL gets one and dies (docker-library/postgres#451).
    huge_pages: 'off',
    max_parallel_workers_per_gather: '0',
    max_connections: String(settings.maxConnections),
  };
  for (const [name, rule] of Object.entries(SIZE_RULES)) {
    if ('setting' in rule) {
      values[rule.setting] = postgresSize(settings[name as keyof typeof SIZE_RULES].toKibibytes());
    }
  }
  for (const [name, value] of Object.entries(settings.others).sort()) {
    values[name] = value;
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** As PostgreSQL writes a memory unit: its kB and MB are powers of 1024. */
function postgresSize(kibibytes: number): string {
  return kibibytes % MIB === 0 ? `${kibibytes / MIB}MB` : `${kibibytes}kB`;
}

/** Derived values are whole mebibytes: easier to read, and lower rather than higher. */
function whole(kibibytes: number): number {
  return Math.floor(kibibytes / MIB) * MIB;
}

function text(kibibytes: number): string {
  return quantity(Size.kibibytes(Math.ceil(kibibytes / MIB) * MIB));
}
