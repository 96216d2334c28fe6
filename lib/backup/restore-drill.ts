import { Duration, Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Schedule } from '../platform/schedule';
import type { SecretKey } from '../platform/secret-key';
import { ConfigFiles } from '../pod/config-files';
import type { Resources } from '../pod/container';
import { type Mount, scratchMount } from '../pod/mount';
import { ageContainers, ageEnv, ageMounts, identityEnv } from './age-container';
import { archivesInStore, backupFolder, backupsEnv, jobName, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import { rehearsalContainer } from './migrate-container';
import { reportContainers } from './report-container';
import type { ImageMigration } from './restore-migration';
import { ScriptCronJob } from './script-cron-job';
import { storeContainers } from './store-containers';

/** Where the throwaway server keeps its data. */
const SERVER_DIR = '/drill';

/** Where the platform's own checks are mounted. */
const CHECKS_DIR = '/checks';
const CHECKS_FILE = 'checks.sql';

/** Properties of `RestoreDrill`. */
export interface RestoreDrillProps {
  /** Name of the CronJob. */
  readonly name: string;

  /** Backups of which the newest is restored. */
  readonly backups: Backups;

  readonly schedule: Schedule;

  /** Space on the node for the restored database: twice its size is enough. */
  readonly space: Size;

  /**
   * SQL whose rows are each the name of a check and whether it holds:
   * `SELECT 'every order has a customer', count(*) = 0 FROM orders WHERE customer IS NULL`.
   *
   * @default - row counts and the schema are compared, nothing else
   */
  readonly checks?: string;

  /**
   * Migrations of the next release, which are rehearsed on the restored copy.
   *
   * @default - none
   */
  readonly rehearsal?: ImageMigration;

  /**
   * Secret key with a private key of age; required when the backups are encrypted.
   *
   * @default - none
   */
  readonly identity?: SecretKey;

  /**
   * A run that takes longer is stopped and counts as failed.
   *
   * @default Duration.hours(6)
   */
  readonly deadline?: Duration;

  /**
   * What the throwaway server and its clients may use.
   *
   * @default - 250 millicores, 512 MiB, limit 1 GiB
   */
  readonly resources?: Resources;
}

/**
 * A CronJob that restores the newest backup into a throwaway server inside its own pod, compares it with what was
 * backed up, and reports. It cannot reach the live database.
 */
export class RestoreDrill extends Construct {
  /** @throws when the backups are encrypted and there is nothing to read them with */
  public constructor(scope: Construct, id: string, props: RestoreDrillProps) {
    super(scope, id);
    const { name, backups, identity, rehearsal } = props;
    if (backups.encryption !== undefined && identity === undefined) {
      throw new Error(
        `drill "${name}" cannot read the encrypted backups of "${backups.name}"; ` +
          'give identity, or hold the drill where the private key is',
      );
    }
    const isInStoreAlone = backups.volume === undefined;
    new ScriptCronJob(this, 'CronJob', {
      name,
      schedule: props.schedule,
      deadline: props.deadline ?? Duration.hours(6),
      endpoints: [isInStoreAlone ? backups.store?.network : undefined, backups.slack?.endpoint],
      pullSecrets: [rehearsal?.pullSecret],
      containers: [
        ...ageContainers(backups),
        ...(isInStoreAlone ? storeContainers(backups, { args: ['newest'] }) : []),
        {
          name: 'drill',
          image: backups.database.clientImage,
          program: 'drill.sh',
          env: [
            ...backupsEnv(backups),
            ...runEnv,
            jobName,
            ...(isInStoreAlone ? [archivesInStore] : []),
            { name: 'DRILL_DIR', value: SERVER_DIR },
            ...checksEnv(props),
            ...(rehearsal ? [{ name: 'MIGRATE', value: 'container' }] : []),
            ...ageEnv(backups),
            ...identityEnv(backups, identity),
          ],
          mounts: [
            backupFolder(backups, { readOnly: true }),
            runFolder,
            scratchMount(SERVER_DIR, { size: props.space }),
            ...this.#checks(props),
            ...ageMounts(backups, identity),
          ],
          resources: props.resources ?? {
            cpu: Cpu.millis(250),
            memory: Size.mebibytes(512),
            memoryLimit: Size.gibibytes(1),
          },
        },
        ...(rehearsal ? [rehearsalContainer(rehearsal)] : []),
        ...reportContainers(backups, { subject: 'Drill', workers: ['drill'] }),
      ],
    });
  }

  #checks({ name, checks }: RestoreDrillProps): Mount[] {
    if (checks === undefined) {
      return [];
    }
    const files = { [CHECKS_FILE]: checks };
    const config = new ConfigFiles(this, 'Checks', { name: `${name}-checks`, workload: name, files });
    return [config.mount(CHECKS_DIR, 'checks')];
  }
}

function checksEnv({ checks }: RestoreDrillProps): k8s.EnvVar[] {
  return checks === undefined ? [] : [{ name: 'CHECKS', value: `${CHECKS_DIR}/${CHECKS_FILE}` }];
}
