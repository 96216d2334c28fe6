import { refuse } from '../platform/problems';
import type { BackupCronJobProps } from './backup-cron-job';

/** @throws when targets, files and images do not go together, with all problems at once */
export function checkBackups(props: BackupCronJobProps): void {
  refuse([...targetProblems(props), ...fileProblems(props), ...imageProblems(props)]);
}

function targetProblems({ name, targets }: BackupCronJobProps): string[] {
  const volumes = targets.filter(({ volume }) => volume !== undefined).length;
  const stores = targets.length - volumes;
  if (targets.length > 0 && volumes <= 1 && stores <= 1) {
    return [];
  }
  return [`backup "${name}" has ${volumes} volumes and ${stores} stores as targets; give one, or one of each`];
}

function fileProblems({ name, files = [] }: BackupCronJobProps): string[] {
  const names = files.map((each) => each.name);
  return [
    ...names
      .filter((each) => !/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/.test(each))
      .map((each) => `files "${each}" of backup "${name}" are not a name; write lower-case letters, digits and dashes`),
    ...names
      .filter((each, i) => names.indexOf(each) !== i)
      .map((each) => `files "${each}" of backup "${name}" are named twice; give each claim a name of its own`),
  ];
}

function imageProblems({ name, targets, files = [], slack, pingUrl, images = {} }: BackupCronJobProps): string[] {
  const needs = (what: string, image: string, example: string) =>
    `${what} of backup "${name}" needs an image; give images.${image}, e.g. ${example}`;
  const problems: string[] = [];
  if (images.curl === undefined && (slack !== undefined || pingUrl !== undefined)) {
    problems.push(needs(slack === undefined ? 'pingUrl' : 'slack', 'curl', 'curlimages/curl:8.16.0'));
  }
  if (images.rclone === undefined && (files.length > 0 || targets.some(({ store }) => store !== undefined))) {
    problems.push(needs(files.length > 0 ? 'files' : 'the store', 'rclone', 'rclone/rclone:1.71.2'));
  }
  return problems;
}
