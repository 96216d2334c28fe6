import { refuse } from '../platform/problems';
import { POSTGRES_UID } from '../pod/postgres-user';

/** Where a volume's root is seen when the data directory is a sub-directory of it. */
const VOLUME_ROOT = '/volume';

/** What decides where a cluster lies. */
export interface PostgresLayoutProps {
  /** Major version of the image, e.g. 17. */
  readonly major: number;

  /** Directory of the volume that is the data directory, e.g. `postgres`. @default - a directory of PostgreSQL's own choice below the volume's root */
  readonly subPath?: string;

  /** Path of the volume's root on the machine that serves it, e.g. `/school/db`; for messages and the commands in them. @default - the path in the pod */
  readonly exportPath?: string;

  /** Directories of other databases on the same volume, relative to its root (`.` is the root itself). @default - none: another cluster stops the start */
  readonly otherClusters?: readonly string[];
}

/** A mount of the data volume. */
export interface PostgresMount {
  /** Absolute path in the container. */
  readonly path: string;
  /** Directory of the volume. @default - its root */
  readonly subPath?: string;
}

/** A directory or file of the data volume, for the page that the administrator of the file server reads. */
export interface PostgresFolder {
  /** Relative to the volume's root; `.` is the root itself. */
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Octal, e.g. `0700`. */
  readonly mode: string;
  /** `administrator`: must be there before the first start; `pod`: is made when it is missing. */
  readonly madeBy: 'administrator' | 'pod';
  readonly purpose: string;
}

/** Where everything of one cluster lies; see `postgresLayout`. */
export interface PostgresLayout {
  readonly major: number;
  /** Where the server has its data volume. */
  readonly mountPath: string;
  /** The data directory as the server sees it. */
  readonly pgdata: string;
  /** The volume's root as every container of the pod sees it. */
  readonly volumeRoot: string;
  /** Mounts of the data volume in the server's container. */
  readonly serverMounts: readonly PostgresMount[];
  /** Mounts of the data volume in every init container: the root only, for the kubelet makes a missing sub-directory as root. */
  readonly initMounts: readonly PostgresMount[];
  /** Environment of `start-server.sh` that comes from the layout. */
  readonly serverEnvironment: Readonly<Record<string, string>>;
  /** Environment of every other script that comes from the layout. */
  readonly initEnvironment: Readonly<Record<string, string>>;
  /** What lies in the volume, with owner and mode. */
  readonly folders: readonly PostgresFolder[];
}

/**
 * Where the data, the lock and a cluster in the making lie.
 *
 * With `subPath`, that directory of the volume is mounted as the data directory and the volume's root is mounted
 * beside it. Without, the root is mounted where the image wants it and the data directory is below, because a file
 * system's root is seldom empty and never private.
 * Mount paths are the image's own: `/var/lib/postgresql/data`, from 18 on `/var/lib/postgresql` (docker-library/postgres#1259).
 *
 * @throws when `major`, `subPath`, `exportPath` or `otherClusters` cannot be used, with all problems at once
 */
export function postgresLayout(props: PostgresLayoutProps): PostgresLayout {
  refuse(problemsIn(props));
  const { major, subPath } = props;
  const mountPath = major >= 18 ? '/var/lib/postgresql' : '/var/lib/postgresql/data';
  const below = placeOf(props);
  const volumeRoot = subPath === undefined ? mountPath : VOLUME_ROOT;
  const pgdata = subPath === undefined ? `${mountPath}/${below}` : mountPath;
  // "+" cannot be in a sub-path, so two sub-paths never share a name.
  const name = (subPath ?? 'postgres+').replaceAll('/', '+');
  const root: PostgresMount = { path: volumeRoot };
  const environment = {
    VOLUME_ROOT: volumeRoot,
    PGDATA: pgdata,
    LOCK_FILE: `${volumeRoot}/.${name}.lock`,
    ...(props.exportPath !== undefined && { EXPORT_PATH: props.exportPath }),
  };
  return {
    major,
    mountPath,
    pgdata,
    volumeRoot,
    serverMounts: subPath === undefined ? [root] : [{ path: mountPath, subPath }, root],
    initMounts: [root],
    serverEnvironment: environment,
    initEnvironment: {
      ...environment,
      PGDATA: `${volumeRoot}/${below}`,
      NEW_PGDATA: `${volumeRoot}/.${name}.new`,
      SUB_PATH: subPath ?? '',
      POSTGRES_MAJOR: String(major),
      OTHER_CLUSTERS: (props.otherClusters ?? []).join(':'),
    },
    folders: [
      folder('.', 'administrator', 'root of the volume; the pod makes everything in it'),
      folder(below, 'pod', 'data directory; nothing else may lie in it'),
      { ...folder(`.${name}.lock`, 'pod', 'lock of the one server that writes; never remove it'), mode: '0644' },
      folder(`.${name}.new`, 'pod', 'cluster in the making, at the first start only'),
    ],
  };
}

/** The data directory, relative to the volume's root. */
function placeOf({ major, subPath }: PostgresLayoutProps): string {
  return subPath ?? (major >= 18 ? `${major}/docker` : 'pgdata');
}

function folder(path: string, madeBy: PostgresFolder['madeBy'], purpose: string): PostgresFolder {
  return { path, uid: POSTGRES_UID, gid: POSTGRES_UID, mode: '0700', madeBy, purpose };
}

function problemsIn(props: PostgresLayoutProps): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(props.major) || props.major < 10) {
    problems.push(`postgres layout: major is ${props.major}; write the image's major version, e.g. 17`);
  }
  if (props.subPath !== undefined && !isRelative(props.subPath)) {
    problems.push(`postgres layout: subPath is "${props.subPath}"; ${RELATIVE}`);
  }
  if (props.exportPath !== undefined && !/^\/[^\n]*[^/\n]$/.test(props.exportPath)) {
    problems.push(
      `postgres layout: exportPath is "${props.exportPath}"; write an absolute path without a slash at its end`,
    );
  }
  for (const place of props.otherClusters ?? []) {
    if (place !== '.' && !isRelative(place)) {
      problems.push(`postgres layout: otherClusters names "${place}"; ${RELATIVE}, or . for the root itself`);
    } else if (place === placeOf(props)) {
      problems.push(`postgres layout: otherClusters names "${place}", where this database lies; remove it there`);
    }
  }
  return problems;
}

const RELATIVE =
  'write directories below the volume\'s root, of letters, digits, ".", "_" and "-", separated by "/", e.g. postgres';

function isRelative(path: string): boolean {
  return path.split('/').every((part) => /^[\w.-]+$/.test(part) && part !== '.' && part !== '..');
}
