import { type Size, SizeRoundingBehavior } from 'cdk8s';

/** Settings that a user may give instead of having them derived by `postgresSettings`. */
export interface PostgresSettings {
  /** Sessions at once, three of them kept for superusers. @default - one for each 32 MiB of the memory limit, from 10 to 100 (PostgreSQL's own default) */
  readonly maxConnections?: number;

  /** Memory for cached pages. @default - 25 % of the memory limit, PostgreSQL's advice for a server of its own (docs, "Resource Consumption") */
  readonly sharedBuffers?: Size;

  /** What the planner believes is cached, by PostgreSQL and the kernel; nothing is allocated. @default - 50 % of the memory limit */
  readonly effectiveCacheSize?: Size;

  /** Memory of one sort before it spills to files; a hash may take twice that. @default - what is left of a session's share, from 1 to 64 MiB */
  readonly workMem?: Size;

  /** Memory of an index build or a VACUUM by hand. @default - 1/16 of the memory limit, at most 1 GiB */
  readonly maintenanceWorkMem?: Size;

  /** Memory of each of the three autovacuum workers (PostgreSQL's own default is `maintenanceWorkMem` each). @default - 1/64 of the memory limit, at most 256 MiB */
  readonly autovacuumWorkMem?: Size;

  /** WAL between checkpoints; lies on the volume. @default - four times `sharedBuffers`, from 1 GiB (PostgreSQL's own default) to 4 GiB */
  readonly maxWalSize?: Size;

  /** Size of the memory-backed `/dev/shm`, in which a parallel VACUUM works. @default - 1/8 of the memory limit, at least twice `maintenanceWorkMem` */
  readonly sharedMemory?: Size;

  /**
   * Any other setting by PostgreSQL's name, e.g. `{ log_min_duration_statement: '500ms' }`.
   *
   * Parallel queries are off, for each takes memory beyond the sum that is checked here. With
   * `max_parallel_workers_per_gather: '2'` every query at work may put six times `workMem` into `/dev/shm`: give
   * `sharedMemory` and a memory limit for as many as there can be.
   *
   * @default - none
   */
  readonly others?: Readonly<Record<string, string>>;
}

interface SizeRule {
  /** PostgreSQL's name, absent when it is not a setting of the server. */
  readonly setting?: string;
  /** Smallest value and unit in KiB (docs, "Server Configuration"; the view `pg_settings`). */
  readonly smallest: number;
  readonly step: number;
}

/** The sizes among the overrides, in the order in which they are rendered. */
export const SIZE_RULES = {
  sharedBuffers: { setting: 'shared_buffers', smallest: 128, step: 8 },
  effectiveCacheSize: { setting: 'effective_cache_size', smallest: 8, step: 8 },
  workMem: { setting: 'work_mem', smallest: 64, step: 1 },
  maintenanceWorkMem: { setting: 'maintenance_work_mem', smallest: 1024, step: 1 },
  autovacuumWorkMem: { setting: 'autovacuum_work_mem', smallest: 1024, step: 1 },
  maxWalSize: { setting: 'max_wal_size', smallest: 32 * 1024, step: 1024 },
  sharedMemory: { smallest: 1024, step: 1 },
} satisfies Record<string, SizeRule>;

/** Settings that `others` may not name, and why. */
const TAKEN: Readonly<Record<string, string>> = {
  max_connections: 'give maxConnections',
  max_parallel_maintenance_workers: 'two workers are counted in the memory limit',
  hash_mem_multiplier: 'twice work_mem is counted in the memory limit',
  shared_buffers: 'give sharedBuffers',
  effective_cache_size: 'give effectiveCacheSize',
  work_mem: 'give workMem',
  maintenance_work_mem: 'give maintenanceWorkMem',
  autovacuum_work_mem: 'give autovacuumWorkMem',
  max_wal_size: 'give maxWalSize',
  autovacuum_max_workers: 'three workers are counted in the memory limit',
  dynamic_shared_memory_type: '/dev/shm is sized for it',
  huge_pages: 'a pod that did not request huge pages is killed when it touches one',
  data_directory: 'the layout of the volume decides it',
  config_file: 'the layout of the volume decides it',
  hba_file: 'the layout of the volume decides it',
  ident_file: 'the layout of the volume decides it',
  external_pid_file: 'the root file system is read-only',
  listen_addresses: 'the Service and the probes need it',
  port: 'the Service and the probes need it',
  unix_socket_directories: 'the mounts of the pod decide it',
  fsync: 'without it a lost node loses the database',
  full_page_writes: 'without it a lost node loses the database',
};

/** What is wrong with given values, each with the value and the way out. */
export function settingProblems(given: PostgresSettings): string[] {
  const problems: string[] = [];
  const { maxConnections } = given;
  if (maxConnections !== undefined && !(Number.isInteger(maxConnections) && maxConnections >= 5)) {
    problems.push(`maxConnections is ${maxConnections}; write a whole number from 5 up, three are kept for superusers`);
  }
  for (const [name, rule] of Object.entries(SIZE_RULES)) {
    const size = given[name as keyof typeof SIZE_RULES];
    const kibibytes = size?.toKibibytes({ rounding: SizeRoundingBehavior.NONE });
    if (size !== undefined && kibibytes !== undefined && (kibibytes < rule.smallest || kibibytes % rule.step !== 0)) {
      problems.push(
        `${name} is ${size.asString()}; write at least ${rule.smallest} KiB, in whole steps of ${rule.step} KiB`,
      );
    }
  }
  for (const [name, value] of Object.entries(given.others ?? {})) {
    const why = TAKEN[name];
    if (why !== undefined) {
      problems.push(`others names ${name} (${JSON.stringify(value)}), which is not free: ${why}`);
    } else if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(name)) {
      problems.push(
        `others names "${name}", which is not a setting; write PostgreSQL's name in small letters, e.g. work_mem`,
      );
    }
  }
  return problems;
}
