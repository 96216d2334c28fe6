import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { Schedule } from '../platform/schedule';
import { scratchMount } from '../pod/mount';
import { backupFolder, podNamespace, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { REPORT_RESOURCES } from './report-container';
import { ScriptCronJob } from './script-cron-job';
import { storeContainers } from './store-containers';

/** Gets the newest sidecar of the store. */
const STORE_FOLDER = scratchMount('/store');

/** Often enough that somebody hears of it the same day. */
const LONGEST_PAUSE = Duration.hours(6);

/** Properties of `BackupWatchdog`. */
export interface BackupWatchdogProps {
  /** Backups that it looks at; they have `slack`. */
  readonly backups: Backups;

  /**
   * Name of the CronJob.
   *
   * @default - the name of the backups' CronJob, and `-watchdog`
   */
  readonly name?: string;
}

/**
 * A CronJob that says so when the newest verified backup is older than twice the longest time between two runs, also
 * when the CronJob that makes them is suspended or gone. It looks every six hours, or as often as backups are made.
 */
export class BackupWatchdog extends Construct {
  /** @throws when the backups have nowhere to send a message to */
  public constructor(scope: Construct, id: string, props: BackupWatchdogProps) {
    super(scope, id);
    const { backups } = props;
    const { slack, store, volume, images } = backups;
    const { name = `${backups.name}-watchdog` } = props;
    if (slack === undefined || images.curl === undefined) {
      throw new Error(
        `watchdog "${name}" has nowhere to send its message; give slack and images.curl to "${backups.name}"`,
      );
    }
    const period = backups.schedule.longestGap();
    const folders = [
      ...(volume === undefined ? [] : [backupFolder(backups, { readOnly: true })]),
      ...(store === undefined ? [] : [STORE_FOLDER]),
    ];
    new ScriptCronJob(this, 'CronJob', {
      name,
      schedule: lookingEvery(period),
      deadline: Duration.minutes(10),
      endpoints: [slack.endpoint, store?.network],
      containers: [
        ...storeContainers(backups, { args: ['sidecars', '10'], folder: STORE_FOLDER }),
        {
          name: 'watchdog',
          image: images.curl,
          program: 'watchdog.sh',
          env: [
            { name: 'BACKUP_DIRS', value: folders.map(({ path }) => path).join(':') },
            { name: 'FILE_PREFIX', value: backups.filePrefix },
            { name: 'MAX_AGE_SECONDS', value: String(2 * period.toSeconds()) },
            { name: 'TITLE', value: backups.title },
            { name: 'CRON_JOB', value: backups.name },
            podNamespace,
            ...(store === undefined ? [] : [...runEnv, { name: 'STORE_DIR', value: STORE_FOLDER.path }]),
            ...slack.env('WEBHOOK'),
          ],
          mounts: [...folders, ...(store === undefined ? [] : [runFolder])],
          resources: REPORT_RESOURCES,
        },
      ],
    });
  }
}

/** Runs at least that often, and at least every six hours; at times of UTC, which leaves out no hour. */
function lookingEvery(period: Duration): Schedule {
  const minutes = Math.min(period.toMinutes(), LONGEST_PAUSE.toMinutes());
  return minutes < 60
    ? Schedule.cron(`${steps(60, minutes)} * * * *`, 'Etc/UTC')
    : Schedule.cron(`45 ${steps(24, minutes / 60)} * * *`, 'Etc/UTC');
}

/** A cron field with equal steps, also from its last value to the first of the next round, and none longer than given. */
function steps(values: number, longest: number): string {
  let step = Math.floor(longest);
  while (values % step !== 0) {
    step -= 1;
  }
  return step === 1 ? '*' : `*/${step}`;
}
