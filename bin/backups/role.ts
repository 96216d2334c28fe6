import type { Container, JobTemplate } from './kubernetes-objects';

/** The script that tells what a CronJob is for. */
const SCRIPTS = {
  backup: 'backup.sh',
  catalogue: 'catalogue.sh',
  restore: 'restore.sh',
  files: 'uploaded-files.sh',
} as const;

/** What a CronJob is for: make a backup, manage what there is, restore, or bring uploaded files back. */
export type Role = keyof typeof SCRIPTS;

export const ROLES = Object.keys(SCRIPTS) as readonly Role[];

/** The container of a Job that does the work of a role, if there is one. */
export function containerOf(template: JobTemplate, role: Role): Container | undefined {
  return template.spec.template.spec.containers.find(({ command = [] }) =>
    command.some((word) => word.endsWith(`/${SCRIPTS[role]}`)),
  );
}
