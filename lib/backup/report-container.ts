import { Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import type { Resources } from '../pod/container';
import { jobName, podNamespace, RUN_SPACE, runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';

/** What curl takes for a message. */
export const REPORT_RESOURCES: Resources = {
  cpu: Cpu.millis(10),
  memory: Size.mebibytes(16),
  memoryLimit: Size.mebibytes(64),
};

/** What `reportContainers` needs beside the backups. */
export interface ReportOptions {
  /** What messages call the run. */
  readonly subject: 'Backup' | 'Restore' | 'Drill' | 'Verify';

  /** Names of the containers that it waits for. */
  readonly workers: readonly string[];
}

/** The container that waits for the others and sends one message about all of them; none when nobody is to be told. */
export function reportContainers(backups: Backups, { subject, workers }: ReportOptions): ScriptContainer[] {
  const { slack, images } = backups;
  const pingUrl = subject === 'Backup' ? backups.pingUrl : undefined;
  if (images.curl === undefined || (slack === undefined && pingUrl === undefined)) {
    return [];
  }
  return [
    {
      name: 'report',
      image: images.curl,
      program: 'report.sh',
      env: [
        ...runEnv,
        jobName,
        podNamespace,
        { name: 'CRON_JOB', value: backups.name },
        { name: 'TITLE', value: backups.title },
        { name: 'SUBJECT', value: subject },
        { name: 'WORKERS', value: workers.join(' ') },
        { name: 'EVICT_BYTES', value: String(RUN_SPACE.toKibibytes() * 1024) },
        ...(slack?.env('WEBHOOK') ?? []),
        ...(pingUrl?.env('PING') ?? []),
      ],
      mounts: [runFolder],
      resources: REPORT_RESOURCES,
    },
  ];
}
