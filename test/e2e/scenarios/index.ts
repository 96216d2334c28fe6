import type { Scenario } from '../context';
import { backupFailed } from './backup-failed';
import { backupKilled } from './backup-killed';
import { backupMissing } from './backup-missing';
import { backupPublished } from './backup-published';
import { backupRestored } from './backup-restored';
import { backupsManaged } from './backups-managed';
import { brokenRelease } from './broken-release';
import { databasePodLost } from './database-pod-lost';
import { distIsAccepted } from './dist-is-accepted';
import { firstDeployment } from './first-deployment';
import { honeydueAutoscaler } from './honeydue-autoscaler';
import { honeydueDeployment } from './honeydue-deployment';
import { honeydueDrain } from './honeydue-drain';
import { honeydueFailedMigration } from './honeydue-failed-migration';
import { honeydueInterruptedJob } from './honeydue-interrupted-job';
import { honeydueRelease } from './honeydue-release';
import { honeydueRequeue } from './honeydue-requeue';
import { honeydueRunbook } from './honeydue-runbook';
import { lostClaim, lostNamespace } from './lost-claim';
import { networkFlows } from './network-flows';
import { podsStartTogether } from './pods-start-together';
import { restoreDrill } from './restore-drill';
import { rootOwnedDirectory } from './root-owned-directory';
import { rotatedPassword } from './rotated-password';
import { secondWriter } from './second-writer';
import { sharedDirectories } from './shared-directories';
import { volaticloudBadVersion } from './volaticloud-bad-version';
import { volaticloudDeployment } from './volaticloud-deployment';

/** Every scenario, in the order in which they run: those that need no platform come first, then platform by platform. */
export const SCENARIOS: readonly Scenario[] = [
  distIsAccepted,
  rootOwnedDirectory,
  firstDeployment,
  networkFlows,
  sharedDirectories,
  databasePodLost,
  secondWriter,
  rotatedPassword,
  backupPublished,
  backupKilled,
  backupFailed,
  backupMissing,
  backupsManaged,
  restoreDrill,
  backupRestored,
  podsStartTogether,
  brokenRelease,
  lostClaim,
  lostNamespace,
  honeydueDeployment,
  honeydueRelease,
  honeydueDrain,
  honeydueFailedMigration,
  honeydueInterruptedJob,
  honeydueRunbook,
  honeydueAutoscaler,
  honeydueRequeue,
  volaticloudDeployment,
  volaticloudBadVersion,
];

/** The scenarios that a command line asks for; nothing when it is wrong or asks for none that exists. */
export function chosenScenarios(args: readonly string[]): readonly Scenario[] | undefined {
  const [option, text = ''] = args;
  if (option === undefined) {
    return SCENARIOS;
  }
  const chosen = SCENARIOS.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return option === '--only' && args.length === 2 && chosen.length > 0 ? chosen : undefined;
}
