/** States of a Job, in the order in which they are seen, and what its containers printed. */
export interface RecordedRun {
  /** Arguments of the container that does the work, or `template`. */
  readonly args: string;
  /** Status of the Job; null: it is not there; away: the server does not answer. */
  readonly job: readonly (object | null | 'away')[];
  /** Status of its pod; null: there is none. */
  readonly pod: readonly (object | null)[];
  /** Log of each container. */
  readonly logs: Readonly<Record<string, string>>;
}

/** What the fake kubectl answers from. */
export interface Recording {
  readonly context?: string;
  /** Whether the server refuses connections. @default false */
  readonly down?: boolean;
  /** @default false */
  readonly logsCannotBeFollowed?: boolean;
  /** Whether a log that is followed never ends, as over a connection that nobody told to be broken. @default false */
  readonly followingNeverEnds?: boolean;
  /** After how many characters the connection breaks that follows a log. @default - it does not */
  readonly followedCharacters?: number;
  /** How many characters at the beginning of a log are gone when it is read at the end. @default 0 */
  readonly rotatedCharacters?: number;
  /** Whether a log that is not followed cannot be read. @default false */
  readonly logsCannotBeRead?: boolean;
  /** Whether the server is away when a log is read for the first time. @default false */
  readonly logAwayOnce?: boolean;
  /** What kubectl says on standard error in place of the Job that was made, and fails. */
  readonly creationAnswer?: string;
  /** First two words of calls in which kubectl is killed. */
  readonly killedAt?: readonly string[];
  readonly cronJobs: readonly object[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly runs: readonly RecordedRun[];
}

export const COMPLETE = { conditions: [{ type: 'Complete', status: 'True' }] };

const RUNNING = { running: { startedAt: '2026-11-21T14:00:00Z' } };

const containers = (name: string, state: object) => ({ containerStatuses: [{ name, state }] });

/** A run that is scheduled, runs and completes. */
export function completeRun(args: string, container: string, log: string): RecordedRun {
  return {
    args,
    job: [{}, {}, COMPLETE],
    pod: [null, containers(container, RUNNING), containers(container, { terminated: { exitCode: 0 } })],
    logs: { [container]: log },
  };
}

/** A run whose container says why it failed. */
export function failedRun(args: string, container: string, log: string, message: string): RecordedRun {
  const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'has reached the limit' };
  return {
    args,
    job: [{}, { conditions: [failed] }],
    pod: [
      containers(container, RUNNING),
      containers(container, { terminated: { exitCode: 4, reason: 'Error', message } }),
    ],
    logs: { [container]: log },
  };
}

/** A run that never ends. */
export function endlessRun(args: string, container: string): RecordedRun {
  return { args, job: [{}], pod: [containers(container, RUNNING)], logs: { [container]: 'dumping\n' } };
}

/** A CronJob as `dist` has it. */
function cronJob(name: string, container: string, script: string) {
  const secretKeyRef = { name: 'school-db-secret', key: 'POSTGRES_DB' };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: 'school', labels: { 'app.kubernetes.io/part-of': 'school-platform' } },
    spec: {
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          template: {
            metadata: { labels: { 'app.kubernetes.io/name': name } },
            spec: {
              containers: [
                {
                  name: container,
                  command: ['bash', `/scripts/${script}`],
                  env: [
                    { name: 'PGHOST', value: 'school-db' },
                    { name: 'PGDATABASE', valueFrom: { secretKeyRef } },
                  ],
                },
                { name: 'report', command: ['sh', '/scripts/report.sh'] },
              ],
            },
          },
        },
      },
    },
  };
}

/** What `dist` has for the environment `prod` of `school-platform`, in its layer `backup`. */
export const RENDERED = [
  cronJob('school-db-backup', 'dump', 'backup.sh'),
  cronJob('school-db-backups', 'catalogue', 'catalogue.sh'),
  cronJob('school-db-restore', 'restore', 'restore.sh'),
];

/** The same where uploaded files are backed up, too. */
export const RENDERED_WITH_FILES = [...RENDERED, cronJob('school-files', 'uploaded-files', 'uploaded-files.sh')];

/** The same on the cluster, applied by Flux from that layer. */
export function applied(kustomization: string, rendered = RENDERED): object[] {
  return rendered.map((each, index) => ({
    ...each,
    metadata: {
      ...each.metadata,
      uid: `00000000-0000-4000-8000-00000000000${index}`,
      labels: { ...each.metadata.labels, 'kustomize.toolkit.fluxcd.io/name': kustomization },
    },
  }));
}

/** What the catalogue says of a verified backup. */
export const NEWEST = {
  name: 'school_20261120_190000',
  time: '2026-11-20T19:00:00Z',
  bytes: 1_234_567,
  rows: 4567,
  tables: 12,
  verification: 'verified',
  compatibility: 'needs-migration',
};
/** The same of an older one that nobody has verified. */
export const OLDER = {
  ...NEWEST,
  name: 'school_20261119_190000',
  time: '2026-11-19T19:00:00Z',
  verification: 'unverified',
  rows: null,
  tables: null,
};
/** Log of the catalogue with both. */
export const LOG = `2 backups in /backups\n${JSON.stringify(OLDER)}\n${JSON.stringify(NEWEST)}\n{"pruningFrozen":null}\n`;
/** The run that prints it. */
export const LISTED = completeRun('list', 'catalogue', LOG);
