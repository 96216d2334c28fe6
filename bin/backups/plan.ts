import type { Backup } from './catalogue';
import type { DatabaseName } from './database-of';
import { ageText, countText, sizeText, timeText } from './quantity-text';
import type { Request } from './request';

/** What is about to be changed. */
export interface Target extends DatabaseName {
  readonly platform: string;
  readonly environment: string;
  readonly namespace: string;
  /** What the user knows the cluster by. */
  readonly context: string;
}

/** What `restore` will do, for the person who has to say yes. */
export function restorePlan(backup: Backup, target: Target, request: Request, now: Date): string {
  return plan(`restore ${backup.name}`, target, backupText(backup, now), [
    request.withoutSafetyBackup
      ? 'NO safety backup is made; when the database can be connected to, the restore refuses'
      : 'a safety backup of the database as it is now is made first',
    'the backup is loaded beside it and compared with its record; until then nothing changes',
    ...(backup.compatibility === 'needs-migration' ? ["it has an older schema: the app's migrations run on it"] : []),
    'the two change places; what was written since the backup is gone from the app',
    `the old one stays as ${target.database}_old_<time>: "rollback" brings it back, "drop-old" drops it`,
    ...(backup.compatibility === 'newer'
      ? [
          `WARNING: the backup has a NEWER schema than the running app; ${
            request.acceptNewer
              ? '--accept-newer restores it all the same'
              : 'without --accept-newer the restore refuses'
          }`,
        ]
      : []),
  ]);
}

/** What `rollback` will do. */
export function rollbackPlan(target: Target): string {
  return plan(
    'roll back the last restore',
    target,
    [],
    [
      `the database from before the restore, ${target.database}_old_<time>, takes its place again`,
      'what was written since the restore is gone from the app',
      `the present one stays as ${target.database}_undone_<time>`,
    ],
  );
}

/** What `drop-old` will do. */
export function dropOldPlan(target: Target): string {
  return plan(
    'drop what restores have left',
    target,
    [],
    [
      `every ${target.database}_old_<time> and ${target.database}_undone_<time> is dropped`,
      'after that "rollback" is no longer possible',
    ],
  );
}

/** What `delete` will do. */
export function deletePlan(backup: Backup, target: Target, now: Date): string {
  return plan(`delete ${backup.name}`, target, backupText(backup, now), [
    'its archive, its roles and its record are removed for good; the database stays as it is',
  ]);
}

function plan(title: string, target: Target, backup: readonly string[], then: readonly string[]): string {
  const { database, server, platform, environment, namespace, context } = target;
  return [
    title,
    ...backup,
    `  database  ${database} on ${server}: ${platform} ${environment}`,
    `  cluster   ${context}, namespace ${namespace}`,
    ...then.map((line, index) => `  ${index === 0 ? 'then' : '    '}      ${line}`),
    '',
  ].join('\n');
}

function backupText({ time, bytes, rows, tables, verification }: Backup, now: Date): string[] {
  const made = new Date(time);
  const facts = [
    `${timeText(made)} UTC (${ageText(made, now)} ago)`,
    ...(bytes === null ? [] : [sizeText(bytes)]),
    rows === null ? 'rows unknown' : `${countText(rows)} rows in ${tables} tables`,
    verification,
  ];
  return [`  backup    ${facts.join(', ')}`];
}
