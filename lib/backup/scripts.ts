import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, 'scripts');

/** What all bash scripts read. */
const COMMON = [
  'common.sh',
  'words.sh',
  'stages.sh',
  'workers.sh',
  'ask-store.sh',
  'metadata.sh',
  'archive.sh',
] as const;

/** What `backup.sh` reads, and so does a restore, which makes a backup first. */
const BACKUP = [
  ...COMMON,
  'contents.sh',
  'preflight.sh',
  'snapshot.sh',
  'dump.sh',
  'publish.sh',
  'folder.sh',
  'retention.sh',
] as const;

/** What loads a backup into a database of its own. */
const NEW_DATABASE = [
  'server.sh',
  'new-database.sh',
  'create-database.sql',
  'copy-settings.sql',
  'free-space.sql',
  'migrate.sh',
] as const;

/** What all scripts in the rclone image read. */
const STORE = ['run.sh', 'rclone.sh', 'retention.sh', 'metadata.sh'] as const;

/** What works on uploaded files. */
const FILES = [...STORE, 'files-mirror.sh', 'files-state.sh', 'files-restore.sh'] as const;

/** What a container may run: its shell (Alpine has no bash), and the files that it reads beside itself. */
export const PROGRAMS = {
  'backup.sh': { shell: 'bash', reads: BACKUP },
  'catalogue.sh': {
    shell: 'bash',
    reads: [...COMMON, 'retention.sh', 'listing.sh', 'verification.sh', 'adoption.sh', 'dump-rows.sh'],
  },
  'restore.sh': {
    shell: 'bash',
    reads: [
      ...BACKUP,
      'backup.sh',
      'safety-backup.sh',
      'restore-checks.sh',
      ...NEW_DATABASE,
      'swap.sh',
      'swap.sql',
      'open-closed.sql',
      'kept-databases.sh',
    ],
  },
  'safety-backup.sh': { shell: 'bash', reads: ['backup.sh', ...BACKUP] },
  'migrate-restored.sh': { shell: 'sh', reads: [] },
  'drill.sh': {
    shell: 'bash',
    reads: [...COMMON, 'contents.sh', ...NEW_DATABASE],
  },
  'upload.sh': { shell: 'sh', reads: STORE },
  'provide.sh': { shell: 'sh', reads: [] },
  'store.sh': { shell: 'sh', reads: [...STORE, 'bring.sh'] },
  'files.sh': { shell: 'sh', reads: FILES },
  'uploaded-files.sh': { shell: 'sh', reads: ['files.sh', ...FILES] },
  'report.sh': { shell: 'sh', reads: ['message.sh'] },
  'watchdog.sh': { shell: 'sh', reads: ['message.sh', 'metadata.sh', 'retention.sh'] },
} as const satisfies Record<string, { readonly shell: 'bash' | 'sh'; readonly reads: readonly string[] }>;

/** A script that a container runs. */
export type Program = keyof typeof PROGRAMS;

const texts = new Map<string, string>();

/**
 * The command that runs a script from the folder where it is mounted; arguments follow.
 *
 * @param mayFail whether it counts as done when the script fails. @default false
 */
export function commandOf(program: Program, folder: string, mayFail = false): readonly string[] {
  const { shell } = PROGRAMS[program];
  const path = `${folder}/${program}`;
  return mayFail ? [shell, '-c', `${shell} "$0" "$@" || true`, path] : [shell, path];
}

/** The scripts, and what they read beside themselves: file name → text. */
export function scriptFiles(programs: readonly Program[]): Readonly<Record<string, string>> {
  const names = new Set(programs.flatMap((each) => [each, ...PROGRAMS[each].reads]));
  return Object.fromEntries([...names].map((name) => [name, textOf(name)]));
}

function textOf(name: string): string {
  const text = texts.get(name) ?? readFileSync(join(FOLDER, name), 'utf8');
  texts.set(name, text);
  return text;
}
